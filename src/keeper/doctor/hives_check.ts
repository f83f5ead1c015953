import { type HiveInfo, hiveListSchema, LOCAL_HIVE } from "../../contracts/hive.ts";
import { requestJson } from "../../http/api_client.ts";
import { findDaemon } from "../daemon.ts";
import type { Check, Finding } from "./finding.ts";

const NAME = "hives";

/** Whether the queen is connected to each hive that she knows. */
export const hivesCheck: Check = {
  name: NAME,
  async look({ settings, signal }) {
    // Why she does not answer is another check's.
    const queen = await findDaemon("queen", settings.paths).catch(() => undefined);
    if (queen === undefined) return [];
    const { hives } = await requestJson(`${queen.localUrl}/v1/hives`, {
      schema: hiveListSchema,
      signal,
    });
    return hives.map(hiveFinding);
  },
};

/** What is to be said of a hive that the queen knows. */
export function hiveFinding({ name: hive, state, version, error }: HiveInfo): Finding {
  const name = `hive ${hive}`;
  if (state === "connected") {
    return { name, status: "ok", message: `The queen is connected, version ${version}` };
  }
  const why = error === undefined ? state : `${state}: ${error}`;
  return {
    name,
    status: state === "connecting" ? "warning" : "failed",
    message: `The queen is not connected: ${why}`,
    ...(hive === LOCAL_HIVE
      ? { next: "rbee hive start" }
      // The reason mostly says itself what to do about it.
      : /\brbee |\btype: |\bcheck /.test(why)
      ? {}
      : { next: `rbee hive status ${hive}` }),
  };
}
