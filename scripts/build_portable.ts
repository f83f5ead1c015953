import { join } from "node:path";
import { DENO_RUN } from "../src/process/self_command.ts";
import { VERSION } from "../src/version.ts";
import { mustRun } from "./build_command.ts";
import { PROJECT } from "./build_project.ts";

/** What the system loads Deno with, which is there where glibc is. See ld.so(8). */
const LOADER = "/lib64/ld-linux-x86-64.so.2";

const HASH_DIGITS = 16;

/**
 * Makes the portable file of the staged program: a head in shell, then the program and a Deno as a
 * gzip'd tar. The same program makes the same file, byte for byte.
 *
 * @param options.deno The Deno. Default: the one that runs this.
 */
export async function packProgram(
  folder: string,
  output: string,
  options: { deno?: string } = {},
): Promise<void> {
  const deno = join(folder, "deno");
  await Deno.copyFile(await Deno.realPath(options.deno ?? Deno.execPath()), deno);
  await Deno.chmod(deno, 0o755);
  const archive = `${output}.tar.gz`;
  await mustRun([
    "tar",
    "--create",
    `--file=${archive}`,
    `--directory=${folder}`,
    // Level 9 takes a third longer, for 0.3 % less.
    "--use-compress-program=gzip -6n",
    "--sort=name",
    "--mtime=@0",
    "--owner=0",
    "--group=0",
    "--numeric-owner",
    "--mode=u=rwX,go=rX",
    ".",
  ]);
  const payload = await Deno.readFile(archive);
  await Deno.remove(archive);
  const head = await headFor(folder, payload);
  await Deno.writeFile(output, new Blob([head, payload]).stream(), { mode: 0o755 });
}

async function headFor(folder: string, payload: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", payload));
  const files = await filesBelow(folder);
  const values: Record<string, string> = {
    VERSION,
    LOADER,
    HASH: digest.toHex().slice(0, HASH_DIGITS),
    RUN: DENO_RUN.join(" "),
    FILES: files.filter(isLookedAt).map(({ path }) => path).join(" "),
    MIB: String(Math.ceil(files.reduce((sum, { bytes }) => sum + bytes, 0) / 2 ** 20)),
  };
  return fillHead(await Deno.readTextFile(PROJECT.path("scripts/build_head.sh")), values);
}

/** Puts `values` into the head in place of their names, and where the archive begins behind it. */
function fillHead(template: string, values: Record<string, string>): string {
  let head = template;
  // The digits of its length are part of it.
  for (let length = 0; length !== head.length;) {
    length = head.length;
    const all: Record<string, string> = { ...values, ARCHIVE: `${length + 1}` };
    head = template.replace(/\{([A-Z]+)\}/g, (_, name: string) => {
      const value = all[name];
      if (value === undefined) throw new Error(`The head names {${name}}, which is not known`);
      return value;
    });
  }
  return head;
}

interface StagedFile {
  /** Relative to the program's folder. */
  path: string;
  bytes: number;
}

/**
 * Whether a start looks after a file: our own, and llama.cpp's libraries. The scripts of packages are
 * a thousand, which would take a shell as long as all the rest of the start.
 */
function isLookedAt({ path, bytes }: StagedFile): boolean {
  return bytes > 0 && (!path.startsWith("node_modules/") || /\.(node|so)$/.test(path));
}

async function filesBelow(folder: string, prefix = ""): Promise<StagedFile[]> {
  const files: StagedFile[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) files.push(...await filesBelow(path, `${prefix}${name}/`));
    else files.push({ path: prefix + name, bytes: (await Deno.stat(path)).size });
  }
  return files.sort((a, b) => a.path < b.path ? -1 : 1);
}
