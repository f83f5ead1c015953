import { deviceListSchema } from "../../contracts/device.ts";
import { JobClient } from "../../jobs/job_client.ts";
import { findDaemon } from "../daemon.ts";
import type { Check, CheckContext, Finding } from "./finding.ts";

const NAME = "gpu";

/** Which GPUs the hive of this machine sees. */
export const gpuCheck: Check = {
  name: NAME,
  async look(context) {
    return [{ name: NAME, ...await lookAtGpus(context) }];
  },
};

async function lookAtGpus(
  { settings, signal }: CheckContext,
): Promise<Omit<Finding, "name">> {
  // Why one does not answer is another check's.
  const hive = await findDaemon("hive", settings.paths).catch(() => undefined);
  if (hive === undefined) {
    return { status: "ok", message: "GPUs are seen by a hive, and none answers here" };
  }
  const end = await new JobClient(hive.localUrl)
    .submitAndStream({ operation: "device_list" }, () => {}, { signal });
  if (end.type !== "done") {
    const why = end.type === "error" ? end.message : end.reason;
    const message = `The hive could not list its devices: ${why}`;
    return { status: "failed", message, next: "rbee hive logs" };
  }
  const { devices } = deviceListSchema.parse(end.result);
  const gpus = devices.filter(({ kind }) => kind !== "cpu");
  if (gpus.length === 0) {
    return { status: "ok", message: "No GPU is seen; models run on the processor" };
  }
  return { status: "ok", message: gpus.map(({ device, name }) => `${device}: ${name}`).join(", ") };
}
