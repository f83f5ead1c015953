import type { Command } from "commander";
import { z } from "zod";
import { RbeeError } from "../../base/rbee_error.ts";
import { parseJson } from "../../base/parse_json.ts";
import { readHiveEntries } from "../../config/hive_entries.ts";
import { deviceListSchema } from "../../contracts/device.ts";
import { hiveListSchema, LOCAL_HIVE } from "../../contracts/hive.ts";
import { workerListSchema } from "../../contracts/worker.ts";
import { requestJson } from "../../http/api_client.ts";
import { JobClient } from "../../jobs/job_client.ts";
import {
  type CommandContext,
  type RunCommand,
  withOutputFlags,
  withQueenFlag,
} from "../command_context.ts";
import { findDaemon } from "../daemon.ts";
import { deviceLines } from "../device_lines.ts";
import { EXIT } from "../exit_status.ts";
import { findQueen } from "../queen_address.ts";
import { rbeeOf, type RemoteFlags, runThere } from "../remote_hive.ts";
import { hostKeyFlag } from "./hive_add.ts";
import { workerLines } from "./worker.ts";

/** A hive that answers, and what it has. */
const hiveStatusSchema = z.object({
  name: z.string(),
  url: z.string().nullable(),
  /** How its own machine reaches it, where that is not `url`. */
  local_url: z.string().optional(),
  version: z.string().nullable(),
  ...deviceListSchema.shape,
  ...workerListSchema.shape,
});
type HiveStatus = z.infer<typeof hiveStatusSchema>;

/** Adds `rbee hive status`: the devices of a hive and its workers; exits 3 when it does not answer. */
export function addHiveStatusCommand(hive: Command, run: RunCommand): void {
  const command = hive.command("status")
    .argument("[name]", "which hive (default: this machine's)", LOCAL_HIVE)
    .description("show the devices and workers of a hive; exits 3 when it does not answer")
    .addHelpText("after", "\nExample:\n  rbee hive status --json");
  withQueenFlag(withOutputFlags(command));
  command.addOption(hostKeyFlag());
  command.action((name: string, flags: RemoteFlags) =>
    run(flags, [name], async (context, _args, { json }) => {
      const { settings, renderer } = context;
      const isHere = name === LOCAL_HIVE && settings.queenUrl === undefined;
      const status = isHere
        ? await statusHere(context)
        : await statusFromQueen(context, name) ?? await statusThere(context, name, flags);
      if (json) {
        renderer.result(status);
        return EXIT.ok;
      }
      renderer.lines([
        `Hive ${status.name} runs at ${status.url}, version ${status.version}`,
        "",
        ...deviceLines(status.devices),
        "",
        ...workerLines(status.workers),
      ]);
      return EXIT.ok;
    })
  );
}

/** @throws {RbeeError} `not_running` If this home has no hive that runs. */
async function statusHere({ settings, signal }: CommandContext): Promise<HiveStatus> {
  const daemon = await findDaemon("hive", settings.paths);
  if (daemon === undefined) {
    throw new RbeeError("not_running", "No hive runs on this machine; start it with rbee up");
  }
  const { url, localUrl, health } = daemon;
  const [end, { workers }] = await Promise.all([
    new JobClient(localUrl).submitAndStream({ operation: "device_list" }, () => {}, { signal }),
    requestJson(`${localUrl}/v1/workers`, { schema: workerListSchema, signal }),
  ]);
  if (end.type !== "done") {
    const why = end.type === "error" ? end.message : end.reason;
    throw new RbeeError("failed", `The hive could not list its devices: ${why}`);
  }
  const { devices } = deviceListSchema.parse(end.result);
  return {
    name: LOCAL_HIVE,
    url,
    ...(localUrl !== url && { local_url: localUrl }),
    version: health.version,
    devices,
    workers,
  };
}

/**
 * What the queen knows of a hive; undefined where its own machine is to be asked, by ssh.
 *
 * @throws {RbeeError} `hive_not_found`; `hive_unreachable` If the queen is not connected to it.
 */
async function statusFromQueen(
  { settings, signal }: CommandContext,
  name: string,
): Promise<HiveStatus | undefined> {
  const entries = settings.queenUrl === undefined
    ? await readHiveEntries(settings.paths.config)
    : {};
  const isBehindSsh = Object.hasOwn(entries, name) && entries[name]?.ssh !== undefined;
  const queen = await findQueen(settings);
  if (queen === undefined) {
    if (isBehindSsh) return undefined;
    throw new RbeeError("not_running", "No queen is running; start one with rbee up");
  }
  const [{ hives }, { workers }] = await Promise.all([
    requestJson(`${queen.url}/v1/hives`, { schema: hiveListSchema, signal }),
    requestJson(`${queen.url}/v1/workers`, { schema: workerListSchema, signal }),
  ]);
  const hive = hives.find((each) => each.name === name);
  if (hive === undefined) {
    const known = hives.map((each) => each.name).join(", ") || "none";
    throw new RbeeError(
      "hive_not_found",
      `There is no hive "${name}" (known: ${known}); see rbee hive list`,
    );
  }
  if (hive.state !== "connected") {
    if (isBehindSsh) return undefined;
    throw new RbeeError(
      "hive_unreachable",
      `The queen is not connected to hive "${name}": ${hive.error ?? hive.state}`,
    );
  }
  const { url, version, devices } = hive;
  return { name, url, version, devices, workers: workers.filter((each) => each.hive === name) };
}

/** Asks the hive's own machine. @throws {RbeeError} As {@linkcode runThere}. */
async function statusThere(
  { settings, signal }: CommandContext,
  name: string,
  flags: RemoteFlags,
): Promise<HiveStatus> {
  const rbee = await rbeeOf(settings.paths, name, flags);
  const { stdout } = await runThere(rbee, ["hive", "status", "--json"], { signal });
  const status = hiveStatusSchema.safeParse(parseJson(stdout));
  if (!status.success) {
    throw new RbeeError("bad_answer", `Hive "${name}" did not tell how it is; see rbee doctor`);
  }
  const workers = status.data.workers.map((worker) => ({ ...worker, hive: name }));
  return { ...status.data, name, workers };
}
