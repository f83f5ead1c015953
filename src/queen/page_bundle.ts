import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { messageOf, RbeeError } from "../base/rbee_error.ts";
import { runProgram } from "../process/run_program.ts";
import { inheritedEnvironment } from "../process/self_command.ts";
import { nameParts } from "./page_parts.ts";

/** The files that every page has, and what each is sent as; parts of its script stand beside them. */
export const PAGE_FILES = {
  "index.html": "text/html; charset=utf-8",
  "app.js": "text/javascript; charset=utf-8",
  "app.css": "text/css; charset=utf-8",
  "icon.svg": "image/svg+xml",
} as const;

/** What a part of the script is called: by what is in it, so that those of two pages are never mixed. */
const PART = /^[\w-]+\.js$/;

/** What a file of the page is sent as, by its name; undefined: it is none. */
export function pageFileType(name: string): string | undefined {
  if (Object.hasOwn(PAGE_FILES, name)) return PAGE_FILES[name as keyof typeof PAGE_FILES];
  return PART.test(name) ? PAGE_FILES["app.js"] : undefined;
}

/** What {@linkcode bundlePage} may be told. */
export interface BundleOptions {
  /** Ends it early. */
  signal?: AbortSignal | undefined;
  /** Added to the environment of the bundler. */
  env?: Record<string, string> | undefined;
}

/** Past this Deno counts as stuck: it takes less than a second, and a download of its bundler a few. */
const LIMIT_MS = 120_000;

/** A path or a file's address, which no word and no host stands before. */
const ABSOLUTE_PATH = /(?<![\w.~/@<-]|:(?=\/\/))(?:file:\/\/)?\/[^\s"'`:;,()]*/g;

/** What is copied as it is, relative to `src/page`. */
const COPIED = { "assets/index.html": "index.html", "assets/icon.svg": "icon.svg" } as const;

/**
 * Makes the page of a source checkout: bundles `src/page/main.tsx` and `app.css` with `deno bundle`,
 * the views that are loaded late as parts of their own, and copies what is beside them. The same sources make the same files, wherever they lie. Deno
 * downloads its bundler, esbuild, and the page's packages when it has not got them.
 *
 * @param root The folder of the project.
 * @param folder Where the files of {@linkcode PAGE_FILES} are put; it must be there. After a failure it
 * holds a part of them.
 * @throws {RbeeError} `page_not_built` If it cannot be made; its `cause` has all that Deno said.
 * @throws {unknown} If `signal` aborts: its reason; Deno is killed, with what it has started.
 */
export async function bundlePage(
  root: string,
  folder: string,
  options: BundleOptions = {},
): Promise<void> {
  const page = join(root, "src", "page");
  const entries = ["main.tsx", "app.css"];
  // Deno does not say which of them is not there.
  for (const name of entries) await put(`src/page/${name}`, () => Deno.stat(join(page, name)));
  const { exit, out, err } = await runProgram({
    program: Deno.execPath(),
    args: [
      "bundle",
      "--quiet",
      "--no-remote",
      "--platform=browser",
      "--code-splitting",
      "--minify",
      "--config",
      join(root, "deno.json"),
      `--outdir=${folder}`,
      ...entries.map((name) => join(page, name)),
    ],
    // A child of a queen who is traced would be in the trace of who asked first.
    env: inheritedEnvironment({ NO_COLOR: "1", OTEL_DENO: "false", ...options.env }),
  }, { limitMs: LIMIT_MS, signal: options.signal }).catch((error: unknown) => {
    if (options.signal?.aborted) throw error;
    throw notBuilt(withoutFolders(messageOf(error), root, options), error);
  });
  if (exit.code !== 0) {
    const cause = new Error([...out, ...err].join("\n"));
    throw notBuilt(withoutFolders(reasonIn(err), root, options), cause);
  }
  await put("the script", async () => {
    await Deno.rename(join(folder, "main.js"), join(folder, "app.js"));
    await nameParts(folder, "app.js");
  });
  for (const [from, to] of Object.entries(COPIED)) {
    await put(`src/page/${from}`, () => Deno.copyFile(join(page, from), join(folder, to)));
  }
}

/** @throws {RbeeError} `page_not_built` With the name of what cannot become a part of the page. */
async function put(what: string, move: () => Promise<unknown>): Promise<void> {
  try {
    await move();
  } catch (error) {
    throw notBuilt(`${what} cannot be made a part of it (${nameOf(error)})`, error);
  }
}

/** What went wrong, without where, which is told to those who may know it. */
export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : String(error);
}

/**
 * The error for a page that there is not. It is shown to who needs no token.
 *
 * @param why Begins in the middle of a sentence, and tells no folder of this machine.
 * @param cause All that is known of it, for the log.
 * @param next What to do. Default: to mend it, or to have Deno say more.
 */
export function notBuilt(
  why: string,
  cause?: unknown,
  next = "mend that and load the page again, or type deno task page in rbee's folder to see more",
): RbeeError {
  return new RbeeError("page_not_built", `Cannot make the page: ${why}; ${next}`, { cause });
}

/** The first error that Deno tells, where it is, and of its causes the deepest. */
function reasonIn(lines: readonly string[]): string {
  const end = lines.findIndex((line) => line.startsWith("Stack backtrace"));
  const told = end < 0 ? lines : lines.slice(0, end);
  const error = told.find((line) => line.startsWith("error: "))?.slice("error: ".length);
  if (error === undefined) return told.at(-1) ?? "deno bundle said nothing";
  const place = told.map((line) => /^ *at (file:\/\/\S+)$/.exec(line)?.[1]).find(Boolean);
  const causes = told.indexOf("Caused by:");
  const cause = causes < 0
    ? undefined
    : told.slice(causes + 1).findLast((line) => line.trim() !== "");
  const parts = [
    error.replace(/\.$/, ""),
    place && ` at ${place}`,
    cause && `: ${cause.trim().replace(/^\d+: /, "")}`,
  ];
  return parts.filter(Boolean).join("");
}

/**
 * What Deno says, without where things lie: who reads it may be on another machine, and knows the
 * project, not where it is, and what is elsewhere by its last name.
 */
function withoutFolders(text: string, root: string, { env }: BundleOptions): string {
  let told = text;
  // Those that are known may have spaces in their names.
  for (const known of [root, env?.["DENO_DIR"] ?? Deno.env.get("DENO_DIR"), Deno.env.get("HOME")]) {
    // Not the folder of all, whose name is in each path.
    if (!known || known === "/") continue;
    const folder = join(known, "/");
    told = told.replaceAll(pathToFileURL(folder).href, "").replaceAll(folder, "");
  }
  return told.replace(ABSOLUTE_PATH, (path) => path.replace(/^.*\//, ""));
}
