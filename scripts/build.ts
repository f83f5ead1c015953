/**
 * `deno task build`: makes one file of rbee that runs on a Linux x64 machine with glibc and nothing
 * else. `deno compile` makes it where Deno's base binary can be had; otherwise it is a portable file,
 * which carries the Deno that runs this.
 */
import { Command, Option } from "commander";
import { dirname, join } from "node:path";
import type { Form } from "../src/version.ts";
import { mustRun } from "./build_command.ts";
import { compileProgram } from "./build_compiled.ts";
import { type Gpu, GPUS } from "./build_packages.ts";
import { packProgram } from "./build_portable.ts";
import { PROJECT } from "./build_project.ts";
import { stageProgram } from "./build_stage.ts";

type BuiltForm = Exclude<Form, "source">;

interface BuildOptions {
  gpu?: Gpu;
  form?: BuiltForm;
  output: string;
}

const TARGET = "x86_64-unknown-linux-gnu";
const FORMS: readonly BuiltForm[] = ["compiled", "portable"];

const program = new Command("build")
  .description("Make one file of rbee that runs on a Linux x64 machine with glibc alone.")
  .addOption(new Option("--gpu <kind>", "add llama.cpp's build for GPUs").choices(GPUS))
  .addOption(
    new Option("--form <form>", "make this form; by default compiled where that is possible")
      .choices(FORMS),
  )
  .option("--output <file>", "the file to make", PROJECT.path("dist/rbee"))
  .action(async (options: BuildOptions) => {
    try {
      await build(options);
    } catch (error) {
      say(`Error: ${error instanceof Error ? error.message : error}`);
      Deno.exitCode = 1;
    }
  });
await program.parseAsync(Deno.args, { from: "user" });

async function build({ gpu, form, output }: BuildOptions): Promise<void> {
  if (Deno.build.target !== TARGET) {
    throw new Error(`Cannot build for ${TARGET} on ${Deno.build.target}; build on Linux x64`);
  }
  const workplace = await Deno.makeTempDir({ prefix: "rbee-build-" });
  try {
    const [folder, made] = [join(workplace, "program"), join(workplace, "rbee")];
    await Deno.mkdir(folder);
    say(`Bundling the program${gpu === undefined ? "" : ` with llama.cpp for ${gpu}`}`);
    await stageProgram(folder, gpu);
    await makeFile(folder, made, form);
    const line = await startIt(made, join(workplace, "home"));
    await Deno.mkdir(dirname(output), { recursive: true });
    // Replaced, not overwritten: it may be running.
    await Deno.copyFile(made, `${output}.new`);
    await Deno.rename(`${output}.new`, output);
    const mib = (await Deno.stat(output)).size / 2 ** 20;
    say(`Made ${output}: ${mib.toFixed(1)} MiB, ${line}`);
  } finally {
    await Deno.remove(workplace, { recursive: true });
  }
}

async function makeFile(folder: string, made: string, form?: BuiltForm): Promise<void> {
  if (form !== "portable") {
    const missing = await compileProgram(folder, made);
    if (missing === undefined) return;
    const why = `Cannot compile without Deno's base binary, denort: ${missing}`;
    if (form === "compiled") {
      throw new Error(`${why}; let Deno download it once, or name one in DENORT_BIN`);
    }
    say(`${why}; making the portable form, with the Deno that runs this`);
  }
  await packProgram(folder, made);
}

/** Starts what was made, in a home of its own: it must load llama.cpp, and say what it is. */
async function startIt(made: string, home: string): Promise<string> {
  const env = { RBEE_HOME: home, HOME: home };
  const probe = await mustRun([made, "serve", "--role=worker", "--probe=devices"], { env });
  if (!probe.startsWith("{")) throw new Error(`${made} is not rbee: it says ${probe}`);
  return (await mustRun([made, "--version"], { env })).trim();
}

function say(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(line + "\n"));
}
