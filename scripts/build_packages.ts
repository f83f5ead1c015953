import { join } from "node:path";
import { mustRun } from "./build_command.ts";
import { PROJECT } from "./build_project.ts";

/** GPUs that llama.cpp can be built in for. */
export const GPUS = ["cuda", "vulkan"] as const;

/** One of {@linkcode GPUS}. */
export type Gpu = typeof GPUS[number];

const GPU_PACKAGES: Record<Gpu, readonly string[]> = {
  cuda: ["@node-llama-cpp/linux-x64-cuda", "@node-llama-cpp/linux-x64-cuda-ext"],
  vulkan: ["@node-llama-cpp/linux-x64-vulkan"],
};

// It must stay as it is, in files of its own: it asks for that, since it starts one of them by itself.
const PACKAGE = "node-llama-cpp";

// The rest of this folder compiles llama.cpp, which is never done.
const KEPT_OF_LLAMA = "binariesGithubRelease.json";

/**
 * Makes `folder/node_modules`: node-llama-cpp and what it needs, with llama.cpp built for the CPU and
 * for `gpu`, in the versions of this project. Without what only people and compilers read.
 */
export async function installPackages(folder: string, gpu?: Gpu): Promise<void> {
  const { imports } = await PROJECT.json<{ imports: Record<string, string> }>("deno.json");
  const { overrides } = await PROJECT.json<{ overrides: unknown }>("package.json");
  const version = imports[PACKAGE]!.split("@").at(-1)!;
  // Beside it, not below: there the overrides keep GPUs out, and the lock file remembers them.
  const wanted = [PACKAGE, ...gpu === undefined ? [] : GPU_PACKAGES[gpu]];
  const manifest = {
    private: true,
    dependencies: Object.fromEntries(wanted.map((name) => [name, version])),
    overrides,
  };
  const made = [join(folder, "package.json"), join(folder, "deno.lock")] as const;
  await Deno.writeTextFile(made[0], JSON.stringify(manifest));
  await Deno.copyFile(PROJECT.path("deno.lock"), made[1]);
  // Hoisted: one folder a package and no links, which compile and tar would have to keep.
  await mustRun([
    Deno.execPath(),
    "install",
    "--node-modules-dir=manual",
    "--node-modules-linker=hoisted",
    "--frozen=false",
  ], { cwd: folder });
  for (const path of made) await Deno.remove(path);
  const modules = join(folder, "node_modules");
  await prune(modules);
  await unlinkFromCache(modules);
}

async function prune(modules: string): Promise<void> {
  const llama = join(modules, PACKAGE, "llama");
  for await (const { name } of Deno.readDir(llama)) {
    if (name !== KEPT_OF_LLAMA) await Deno.remove(join(llama, name), { recursive: true });
  }
  await pruneFolder(modules);
}

/** Removes hidden files, types, source maps and texts, all but the licenses. */
async function pruneFolder(folder: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (
      /^\.|\.(d\.[cm]?ts|[cm]?ts|map)$|^(?!.*(licen[cs]e|notice)).*\.(md|markdown)$/i.test(name)
    ) {
      await Deno.remove(path, { recursive: true });
    } else if (isDirectory) await pruneFolder(path);
  }
}

/**
 * Gives each file an inode of its own. Deno links them to its cache, where another install changes
 * their link count, and with it their times: tar then ends with "file changed as we read it".
 */
async function unlinkFromCache(folder: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) await unlinkFromCache(path);
    else if (((await Deno.lstat(path)).nlink ?? 1) > 1) {
      await Deno.copyFile(path, `${path}.copy`);
      await Deno.rename(`${path}.copy`, path);
    }
  }
}
