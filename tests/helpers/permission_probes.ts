import type { PermissionKind } from "../../src/process/permissions.ts";

/** Code that does something; whether Deno permits it, whatever else becomes of it. */
function attempt(code: string): string {
  return `(async () => {
    try { ${code} } catch (error) { return !(error instanceof Deno.errors.NotCapable); }
    return true;
  })()`;
}

/**
 * Code that tells, by really trying, whether the process that it runs in may do what a kind of permission
 * allows. Code from elsewhere is the exception: where `--no-remote` keeps it out, trying tells nothing.
 */
export const PERMISSION_PROBES: Readonly<Record<PermissionKind, string>> = {
  read: attempt(`Deno.readTextFileSync("/etc/passwd")`),
  write: attempt(`Deno.writeTextFileSync("/no-such-folder/file", "")`),
  net: attempt(`Deno.listen({ hostname: "127.0.0.1", port: 0 }).close()`),
  env: attempt(`Deno.env.get("PATH")`),
  sys: attempt(`Deno.loadavg()`),
  run: attempt(`await new Deno.Command("true").output()`),
  ffi: attempt(`Deno.dlopen("/no-such-library.so", {})`),
  import: `Promise.resolve(Deno.permissions.querySync({ name: "import" }).state === "granted")`,
};
