import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { messageOf, RbeeError } from "../base/rbee_error.ts";
import { ownExecutable } from "../process/own_executable.ts";
import { FORM } from "../version.ts";

/** A file of rbee that can be copied to another machine. */
export interface ProgramToInstall {
  path: string;
  bytes: number;
  /** Hexadecimal. */
  sha256: string;
  /** The machine that it is for, as `uname -m` says it. */
  arch: string;
}

const ELF_MAGIC = "7f454c46";
/** `e_machine` at byte 18 of a file. See elf(5). */
const ELF_MACHINES: Record<number, string> = { 62: "x86_64", 183: "aarch64" };

/**
 * The one file of rbee that is to run on other machines: the one that is named, else the one that runs
 * now, else, from a checkout, the one that was built there.
 *
 * @throws {RbeeError} `no_executable` If there is none, or it cannot be read.
 */
export async function programToInstall(named?: string): Promise<ProgramToInstall> {
  const path = named ?? ownExecutable() ??
    (FORM === "source" ? fileURLToPath(new URL("../../dist/rbee", import.meta.url)) : undefined);
  if (path === undefined) {
    throw new RbeeError(
      "no_executable",
      "The file of this rbee has been moved or deleted since its start; name one with --program",
    );
  }
  try {
    return { path, ...await lookAt(path) };
  } catch (error) {
    const next = named === undefined && error instanceof Deno.errors.NotFound
      ? "build it with deno task build, or name one with --program"
      : "name another with --program";
    throw new RbeeError(
      "no_executable",
      `Cannot read the executable ${path}: ${messageOf(error)}; ${next}`,
      { cause: error },
    );
  }
}

async function lookAt(path: string): Promise<Omit<ProgramToInstall, "path">> {
  using file = await Deno.open(path);
  const head = new Uint8Array(20);
  await file.read(head);
  await file.seek(0, Deno.SeekMode.Start);
  const hash = createHash("sha256");
  let bytes = 0;
  const buffer = new Uint8Array(1 << 20);
  for (let count = await file.read(buffer); count !== null; count = await file.read(buffer)) {
    hash.update(buffer.subarray(0, count));
    bytes += count;
  }
  const isElf = head.subarray(0, 4).toHex() === ELF_MAGIC;
  const machine = new DataView(head.buffer).getUint16(18, true);
  return {
    bytes,
    sha256: hash.digest("hex"),
    // The portable form begins with a shell script, and is made for this one alone.
    arch: isElf ? ELF_MACHINES[machine] ?? `machine ${machine}` : "x86_64",
  };
}
