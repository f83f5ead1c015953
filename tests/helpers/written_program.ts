import assert from "node:assert/strict";

/**
 * Writes an executable that the tests start, with mode 0755, by a process of its own.
 *
 * Linux starts no file that is open for writing (ETXTBSY, see execve(2)). Test files that run at once
 * are threads of one process: a child that another thread starts while this one writes holds the open
 * file until it runs its own program, which may be after the writing has ended.
 */
export async function writeProgram(path: string, content: string | Uint8Array): Promise<void> {
  const writer = new Deno.Command("sh", {
    args: ["-c", 'cat > "$1" && chmod 755 "$1"', "sh", path],
    stdin: "piped",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  await new Blob([bytes.slice()]).stream().pipeTo(writer.stdin);
  const { success } = await writer.status;
  assert.ok(success, `${path} cannot be written`);
}

/** Copies an executable that the tests start, as `writeProgram` writes one. */
export async function copyProgram(from: string, to: string): Promise<void> {
  const { success } = await new Deno.Command("cp", {
    args: ["--", from, to],
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).output();
  assert.ok(success, `${from} cannot be copied to ${to}`);
}
