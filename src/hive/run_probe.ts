import { RbeeError } from "../base/rbee_error.ts";
import { type ProbeAnswer, probeAnswerSchema } from "../contracts/probe.ts";
import { runProgram } from "../process/run_program.ts";
import { roleEnvironment, type SelfCommand, selfCommand } from "../process/self_command.ts";

/** How llama.cpp is asked. */
export interface ProbeOptions {
  /** What is started, before the arguments of `rbee`. Default: this program. */
  command?: SelfCommand | undefined;
  /** Past this, in milliseconds, it is given up. Default 30,000; it usually takes one second. */
  limitMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Asks llama.cpp something in a worker process of its own that ends with the answer: this process
 * never loads it.
 *
 * @param args What is asked: `--probe=devices`, or `--probe=memory` and the options of a worker.
 * @throws {RbeeError} What the worker gives as its reason; `probe_failed` If it gives none;
 * `timeout` If it does not end in time.
 * @throws {unknown} If `signal` aborts: its reason.
 */
export async function runProbe(
  args: readonly string[],
  options: ProbeOptions = {},
): Promise<ProbeAnswer> {
  const { program, args: first } = options.command ?? selfCommand();
  const { exit, out, err, narrated } = await runProgram(
    {
      program,
      args: [...first, "serve", "--role", "worker", ...args],
      // As nvidia-smi counts: CUDA itself would put the fastest card first.
      // It asks llama.cpp and nobody else: there is nothing to trace.
      env: roleEnvironment({ CUDA_DEVICE_ORDER: "PCI_BUS_ID", OTEL_DENO: "false" }),
    },
    { limitMs: options.limitMs ?? 30_000, signal: options.signal, narration: true },
  );
  const answer = out.map(parseAnswer).find((parsed) => parsed !== undefined);
  if (exit.code === 0 && answer !== undefined) return answer;
  const said = narrated.findLast(({ level }) => level === "error");
  if (said !== undefined) {
    throw new RbeeError(String(said.fields?.["code"] ?? "probe_failed"), said.human);
  }
  throw new RbeeError(
    "probe_failed",
    `Cannot ask llama.cpp: its process ended with ${exit.code}: ${err.at(-1) ?? "it said nothing"}`,
  );
}

function parseAnswer(line: string): ProbeAnswer | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return probeAnswerSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
