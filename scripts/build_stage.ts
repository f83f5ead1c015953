import { join } from "node:path";
import { bundlePage } from "../src/queen/page_bundle.ts";
import { mustRun, runCommand } from "./build_command.ts";
import { type Gpu, installPackages } from "./build_packages.ts";
import { PROJECT } from "./build_project.ts";

/** Folders that modules find beside themselves: from the project, to the program's one folder. */
const ASSETS = { "src/models/demo_model": "demo_model" } as const;

/**
 * Lays the built program out in an empty folder: main.js with its parts, which are loaded when they
 * are needed, the packages that cannot be bundled, assets, the queen's page, and notes for Deno and
 * `--version`. Both forms are made of it.
 */
export async function stageProgram(folder: string, gpu?: Gpu): Promise<void> {
  // Not minified: it would start no faster, and stacks and class names would say nothing.
  await mustRun([
    Deno.execPath(),
    "bundle",
    "--quiet",
    "--platform=deno",
    "--format=esm",
    "--code-splitting",
    "--external=node-llama-cpp",
    `--outdir=${folder}`,
    "scripts/build_entry.ts",
  ], { cwd: PROJECT.root });
  await Deno.rename(join(folder, "build_entry.js"), join(folder, "main.js"));
  await installPackages(folder, gpu);
  for (const [from, to] of Object.entries(ASSETS)) {
    await Deno.mkdir(join(folder, to));
    for await (const { name } of Deno.readDir(PROJECT.path(from))) {
      await Deno.copyFile(PROJECT.path(`${from}/${name}`), join(folder, to, name));
    }
  }
  await Deno.mkdir(join(folder, "page"));
  await bundlePage(PROJECT.root, join(folder, "page"));
  await Deno.copyFile(PROJECT.path("LICENSE"), join(folder, "LICENSE"));
  const { unstable } = await PROJECT.json<{ unstable: string[] }>("deno.json");
  await writeJson(join(folder, "deno.json"), {
    unstable,
    nodeModulesDir: "manual",
    lock: false,
    // A root, or Deno would look for one in the folders above, which are the person's.
    workspace: [],
  });
  await writeJson(join(folder, "build.json"), { commit: await currentCommit() });
}

/** The commit that is checked out, marked when there are changes to it; undefined outside of git. */
async function currentCommit(): Promise<string | undefined> {
  const { success, stdout } = await runCommand(
    ["git", "describe", "--always", "--dirty", "--exclude=*", "--abbrev=7"],
    { cwd: PROJECT.root },
  ).catch(() => ({ success: false, stdout: "" }));
  return success ? stdout.trim() : undefined;
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await Deno.writeTextFile(path, JSON.stringify(value) + "\n");
}
