import assert from "node:assert/strict";

/** Whether Prometheus's own tool is here, of Debian's package `prometheus`. */
export function hasPromtool(): boolean {
  return folders().some((folder) => {
    try {
      return Deno.statSync(`${folder}/promtool`).isFile;
    } catch {
      return false;
    }
  });
}

/** Has Prometheus's own tool look at figures, and fails with what it says of them. */
export async function checkWithPromtool(figures: string): Promise<void> {
  const child = new Deno.Command("promtool", {
    args: ["check", "metrics"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [, { code, stderr }] = await Promise.all([
    new Blob([figures]).stream().pipeTo(child.stdin),
    child.output(),
  ]);
  const said = new TextDecoder().decode(stderr);
  assert.equal(`${code} ${said}`, "0 ", figures);
}

function folders(): string[] {
  return (Deno.env.get("PATH") ?? "").split(":");
}
