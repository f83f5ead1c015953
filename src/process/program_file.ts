import { join } from "node:path";

/** What a program file's first bytes may be. See elf(5), `e_machine`. */
const MACHINES: Record<number, string> = {
  0x03: "x86",
  0x28: "arm",
  0x3e: "x86_64",
  0xb7: "aarch64",
  0xf3: "riscv",
};
const MACHINE_OFFSET = 18;
const ELF_HEADER_BYTES = 20;
// As much as the kernel itself looks at for an interpreter, and some.
const HEAD_BYTES = 512;

/**
 * Why a program cannot run on this machine though it is executable; undefined when nothing speaks
 * against it, or when it is not there. The system itself would hand a program of another processor to
 * the shell, which then complains about its bytes.
 *
 * @param program A path, or a name that is looked up in `path` (default: this process's PATH).
 */
export function whyNotRunnable(
  program: string,
  options: { cwd?: string | undefined; path?: string | undefined } = {},
): string | undefined {
  if (program.includes("/") && isFolder(program, options.cwd)) {
    return "it is a folder; name the program in it";
  }
  const file = findProgram(program, options);
  if (file === undefined) return undefined;
  const head = readHead(file);
  if (head === undefined) return undefined;
  const text = new TextDecoder("latin1").decode(head);
  if (text.startsWith("#!")) return whyNoInterpreter(text);
  if (!text.startsWith("\x7fELF") || Deno.build.os !== "linux") return undefined;
  if (head.length < ELF_HEADER_BYTES) return "its file is cut short; install it again";
  const machine = head[MACHINE_OFFSET]! | head[MACHINE_OFFSET + 1]! << 8;
  const name = MACHINES[machine];
  if (name === Deno.build.arch || name === "x86" && Deno.build.arch === "x86_64") return undefined;
  return `it is a program for another processor (${
    name ?? `ELF machine ${machine}`
  }), and this machine is ${Deno.build.arch}; install the one for this machine`;
}

/** @param head What a script begins with, `#!` first. */
function whyNoInterpreter(head: string): string | undefined {
  const [first = ""] = head.split("\n", 1);
  const [interpreter = ""] = first.slice(2).replace(/^[ \t]+/, "").split(/[ \t]/, 1);
  if (interpreter.endsWith("\r")) {
    return `its first line names ${
      interpreter.slice(0, -1)
    } and ends as on another system (CRLF); convert the file to LF`;
  }
  if (interpreter === "" || isFile(interpreter)) return undefined;
  return `its first line names ${interpreter}, which is not there; install that, or mend the line`;
}

function findProgram(
  program: string,
  options: { cwd?: string | undefined; path?: string | undefined },
): string | undefined {
  if (program.includes("/")) {
    const file = program.startsWith("/") ? program : join(options.cwd ?? Deno.cwd(), program);
    return isFile(file) ? file : undefined;
  }
  const folders = (options.path ?? Deno.env.get("PATH") ?? "").split(":");
  return folders.map((folder) => join(folder, program)).find(isFile);
}

function isFolder(program: string, cwd = Deno.cwd()): boolean {
  try {
    return Deno.statSync(program.startsWith("/") ? program : join(cwd, program)).isDirectory;
  } catch {
    return false;
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function readHead(path: string): Uint8Array | undefined {
  try {
    using file = Deno.openSync(path, { read: true });
    const head = new Uint8Array(HEAD_BYTES);
    return head.subarray(0, file.readSync(head) ?? 0);
  } catch {
    // The attempt to start it says why.
    return undefined;
  }
}
