import type { Command } from "commander";
import { RbeeError } from "../../base/rbee_error.ts";
import { type DeviceInfo, deviceListSchema } from "../../contracts/device.ts";
import { hiveListSchema, LOCAL_HIVE } from "../../contracts/hive.ts";
import { type WorkerInfo, workerListSchema } from "../../contracts/worker.ts";
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
import { requireQueen } from "../queen_address.ts";
import { workerLines } from "./worker.ts";

/** A hive that answers, and what it has. */
interface HiveStatus {
  name: string;
  url: string | null;
  version: string | null;
  devices: DeviceInfo[];
  workers: WorkerInfo[];
}

/** Adds `rbee hive status`: the devices of a hive and its workers; exits 3 when it does not answer. */
export function addHiveStatusCommand(hive: Command, run: RunCommand): void {
  const command = hive.command("status")
    .argument("[name]", "which hive (default: this machine's)", LOCAL_HIVE)
    .description("show the devices and workers of a hive; exits 3 when it does not answer")
    .addHelpText("after", "\nExample:\n  rbee hive status --json");
  withQueenFlag(withOutputFlags(command));
  command.action((name: string, flags: Record<string, never>) =>
    run(flags, [name], async (context, _args, { json }) => {
      const { settings, renderer } = context;
      const isHere = name === LOCAL_HIVE && settings.queenUrl === undefined;
      const status = isHere ? await statusHere(context) : await statusFromQueen(context, name);
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
  const { url, health } = daemon;
  const [end, { workers }] = await Promise.all([
    new JobClient(url).submitAndStream({ operation: "device_list" }, () => {}, { signal }),
    requestJson(`${url}/v1/workers`, { schema: workerListSchema, signal }),
  ]);
  if (end.type !== "done") {
    const why = end.type === "error" ? end.message : end.reason;
    throw new RbeeError("failed", `The hive could not list its devices: ${why}`);
  }
  const { devices } = deviceListSchema.parse(end.result);
  return { name: LOCAL_HIVE, url, version: health.version, devices, workers };
}

/** @throws {RbeeError} `hive_not_found`; `hive_unreachable` If the queen is not connected to it. */
async function statusFromQueen(
  { settings, signal }: CommandContext,
  name: string,
): Promise<HiveStatus> {
  const queen = await requireQueen(settings);
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
    throw new RbeeError(
      "hive_unreachable",
      `The queen is not connected to hive "${name}": ${hive.error ?? hive.state}`,
    );
  }
  const { url, version, devices } = hive;
  return { name, url, version, devices, workers: workers.filter((each) => each.hive === name) };
}
