import { z } from "zod";
import { parseJson } from "../base/parse_json.ts";
import { RbeeError } from "../base/rbee_error.ts";
import { hiveAnswerSchema } from "../contracts/hive_address.ts";
import { JobClient } from "../jobs/job_client.ts";
import { narrate } from "../narration/narrate.ts";
import { VERSION } from "../version.ts";
import type { CommandContext } from "./command_context.ts";
import { findQueen } from "./queen_address.ts";
import { rbeeOf, type RemoteFlags, runThere, tokenFor } from "./remote_hive.ts";
import type { Settings } from "./settings.ts";

/** What `rbee hive start --json` prints on the hive's machine. */
const runningSchema = z.object({
  url: z.url(),
  pid: z.number().int(),
  version: z.string(),
  /** False where it ran already. */
  started: z.boolean(),
});

const VERBS = { start: "Starting", restart: "Restarting" } as const;

/** A hive that runs on another machine. */
export type RemoteDaemon = z.infer<typeof runningSchema> & { name: string };

/**
 * Starts a hive on its own machine, bound to that machine's loopback address on any free port, and
 * says here what it says there until it is ready. It asks for the token that `rbee hive add` made,
 * which travels over ssh's standard input. One that runs already goes on.
 *
 * @param options.verb `restart` stops one that runs first.
 * @throws {RbeeError} As {@linkcode runThere}.
 */
export async function startThere(
  name: string,
  { settings: { paths }, signal }: Pick<CommandContext, "settings" | "signal">,
  options: RemoteFlags & { verb: "start" | "restart"; port?: number | undefined },
): Promise<RemoteDaemon> {
  const rbee = await rbeeOf(paths, name, options);
  narrate(
    `hive_${options.verb}`,
    `${VERBS[options.verb]} hive ${name} on ${rbee.host.destination.host}`,
    {
      fields: { hive: name },
    },
  );
  const { stdout } = await runThere(rbee, [
    ...["hive", options.verb, "--json", "--token-stdin"],
    // A free one, unless it is told, or it has one that it keeps.
    options.port === undefined ? "--hive-port=0" : `--port=${options.port}`,
  ], { signal, stdin: `${await tokenFor(paths, name)}\n` });
  const running = runningSchema.safeParse(parseJson(stdout));
  if (!running.success) {
    throw new RbeeError("bad_answer", `Hive "${name}" was started, and did not say where it is`);
  }
  const { version } = running.data;
  if (version !== VERSION) {
    narrate(
      "version",
      `Hive ${name} has version ${version}, this is ${VERSION}; change that with rbee hive upgrade ${name}`,
      { level: "warn", fields: { hive: name, version } },
    );
  }
  return { name, ...running.data };
}

/**
 * Has the queen of this home connect to a hive, if she runs, and waits until she has.
 *
 * @returns Whether she is connected; undefined where no queen runs.
 */
export async function connectQueen(
  name: string,
  settings: Settings,
  options: { signal: AbortSignal },
): Promise<boolean | undefined> {
  const queen = await findQueen(settings);
  if (queen === undefined) return undefined;
  const client = new JobClient(queen.url);
  const end = await client.submitAndStream(
    { operation: "hive_get", name, wait: true },
    () => {},
    options,
  );
  const hive = end.type === "done" ? hiveAnswerSchema.safeParse(end.result).data?.hive : undefined;
  if (hive?.state === "connected") {
    narrate("hive_connected", `The queen is connected to hive ${name}`, { fields: { hive: name } });
    return true;
  }
  const why = hive?.error ?? (end.type === "error" ? end.message : "it is not connected yet");
  narrate("hive_connected", `The queen is not connected to hive ${name}: ${why}`, {
    level: "warn",
    fields: { hive: name },
  });
  return false;
}
