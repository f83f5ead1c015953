import { type Command, Option } from "commander";
import type { RoleFlags } from "../../config/role_options.ts";
import { narrationLevelSchema } from "../../contracts/narration_record.ts";
import { flag, numberFlag } from "../command_context.ts";

/** Adds `rbee serve`: run a role in the foreground. What a role is, `serve` knows. */
export function addServeCommand(
  program: Command,
  serve: (flags: RoleFlags) => Promise<void>,
): void {
  program.command("serve")
    .description("run a role in the foreground; narration on standard output")
    .addOption(
      new Option("--role <role>", "what to be").choices(["queen", "hive", "worker"])
        .env("RBEE_ROLE").makeOptionMandatory(),
    )
    .addOption(flag("--host <host>", "the address to listen on (default: 127.0.0.1)"))
    .addOption(numberFlag("--port <n>", "the port (default: 7833 queen, 7835 hive, 0 worker)"))
    .addOption(flag("--tls-cert <file>", "queen, hive: the certificate to speak TLS with, PEM"))
    .addOption(flag("--tls-key <file>", "queen, hive: its private key, PEM"))
    .addOption(
      flag("--ca <file>", "queen: certificate authorities to trust beside the system's, PEM"),
    )
    .addOption(flag("--model <model>", "worker: bee-tiny, or the path of a GGUF file"))
    .addOption(
      flag("--device <device>", "worker: auto, cpu, gpu, cuda:N, vulkan:N or metal")
        .default("auto"),
    )
    .addOption(
      numberFlag("--context <n>", "worker: tokens a slot (default: the model's, 4096 at most)"),
    )
    .addOption(numberFlag("--parallel <n>", "worker: slots, requests at once (default: 4)"))
    .addOption(
      numberFlag("--threads <n>", "worker: threads (default: by the model's size and idle cores)"),
    )
    .addOption(
      numberFlag("--gpu-layers <n>", "worker: layers on the GPU (default: as many as fit)"),
    )
    .addOption(flag("--kv-type <type>", "worker: f16, q8_0 or q4_0 (default: f16)"))
    .addOption(
      numberFlag("--max-queue <n>", "worker: requests that may wait for a slot (default: 512)"),
    )
    .addOption(flag("--parent-pipe", "worker: end when standard input closes"))
    .addOption(flag("--no-memory-check", "worker: load even what does not fit into memory"))
    .addOption(
      flag(
        "--log-file <path>",
        "write to this file, rotated at 10 MB, not to the standard outputs",
      ),
    )
    .addOption(
      flag(
        "--log-format <format>",
        "text or json: the operator's log on standard error (default: text)",
      )
        .choices(["text", "json"]),
    )
    .addOption(
      flag(
        "--log-level <level>",
        "debug, info, warn or error: the least in the operator's log (default: info)",
      )
        .choices(narrationLevelSchema.options),
    )
    // Between a hive and its own workers.
    .addOption(flag("--model-file <path>", "worker: where the model's file is").hideHelp())
    .addOption(numberFlag("--memory-limit <bytes>", "worker: memory to take at most").hideHelp())
    .addOption(new Option("--probe <what>", "worker: answer devices or memory, and end").hideHelp())
    .addHelpText("after", "\nExample:\n  rbee serve --role worker --model bee-tiny --port 8080")
    .action(serve);
}
