import { dirname } from "node:path";
import { TemporaryFolder } from "./temporary_folder.ts";

/** What /proc/meminfo says of a machine, in kB. */
export function meminfo(totalKb: number, availableKb: number): string {
  const line = (name: string, kb: number) => `${name}:${String(kb).padStart(16)} kB\n`;
  return line("MemTotal", totalKb) + line("MemFree", 1) + line("MemAvailable", availableKb);
}

/** The line of /proc/self/mountinfo for a unified hierarchy of which `root` is at `point`. */
export function mountOfV2(root = "/", point = "/sys/fs/cgroup"): string {
  return `31 23 0:28 ${root} ${point} rw,nosuid,nodev shared:9 - cgroup2 cgroup rw,nsdelegate\n`;
}

/** The same for a controller of version 1. */
export function mountOfV1(controllers: string, root = "/"): string {
  const point = `/sys/fs/cgroup/${controllers}`;
  return `35 31 0:32 ${root} ${point} rw,nosuid shared:12 - cgroup cgroup rw,${controllers}\n`;
}

/** A folder that looks like the root of a machine, with the kernel's files that are given. */
export async function machineFolder(files: Record<string, string>): Promise<TemporaryFolder> {
  const folder = await TemporaryFolder.make();
  for (const [path, text] of Object.entries(files)) {
    const file = folder.join(path);
    await Deno.mkdir(dirname(file), { recursive: true });
    await Deno.writeTextFile(file, text);
  }
  return folder;
}
