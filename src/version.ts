/**
 * The version of this program, in semantic versioning. Roles of the same major and minor version
 * work together. Equal to `version` in deno.json, which a test holds.
 */
export const VERSION = "0.1.0";

/**
 * How this program is there: `source` run by Deno, `portable` as the file that carries a Deno and
 * unpacks itself, `compiled` as one made by `deno compile`.
 */
export type Form = "source" | "portable" | "compiled";

/** The form of the program that runs. */
export const FORM: Form = Deno.build.standalone
  ? "compiled"
  // What is built has no TypeScript in it.
  : import.meta.url.endsWith(".ts")
  ? "source"
  : "portable";

/**
 * What `rbee --version` prints: `0.1.0 (commit 1a2b3c4, portable, x86_64-unknown-linux-gnu)`. Run
 * from source it names no commit, since git would have to be asked.
 */
export function versionLine(): string {
  const commit = FORM === "source" ? undefined : builtCommit();
  const about = [commit && `commit ${commit}`, FORM, Deno.build.target];
  return `${VERSION} (${about.filter(Boolean).join(", ")})`;
}

/** The commit that `deno task build` noted beside the program; undefined outside of git. */
function builtCommit(): string | undefined {
  const note: unknown = JSON.parse(
    Deno.readTextFileSync(new URL("./build.json", import.meta.url)),
  );
  if (typeof note !== "object" || note === null || !("commit" in note)) return undefined;
  return typeof note.commit === "string" ? note.commit : undefined;
}
