/** What is there where a driver of a GPU is: NVIDIA's, the kernel's own, AMD's for computing. */
const SIGNS = ["/dev/nvidiactl", "/dev/dri", "/dev/kfd", "/dev/dxg"];

/** Whether it is worth to ask for GPUs: a cheap sign, that may be wrong when it says yes. */
export function mayHaveGpu(): boolean {
  return Deno.build.os === "darwin" || SIGNS.some((path) => {
    try {
      Deno.statSync(path);
      return true;
    } catch {
      return false;
    }
  });
}
