import { messageOf } from "../../base/rbee_error.ts";
import { VERSION } from "../../version.ts";
import { type DaemonRole, findDaemon } from "../daemon.ts";
import type { Check, CheckContext, Finding } from "./finding.ts";

/** Whether the queen or the hive of this home runs, answers, and is of this keeper's version. */
export function daemonCheck(role: DaemonRole): Check {
  return {
    name: role,
    async look(context) {
      return [{ name: role, ...await lookAtDaemon(role, context) }];
    },
  };
}

async function lookAtDaemon(
  role: DaemonRole,
  { settings }: CheckContext,
): Promise<Omit<Finding, "name">> {
  const daemon = await findDaemon(role, settings.paths).catch(messageOf);
  if (daemon === undefined) {
    return { status: "warning", message: `No ${role} runs here`, next: `rbee ${role} start` };
  }
  if (typeof daemon === "string") {
    return { status: "failed", message: daemon, next: `rbee ${role} restart` };
  }
  const { url, pid, health: { version } } = daemon;
  const message = `The ${role} answers at ${url} (process ${pid}), version ${version}`;
  if (version === VERSION) return { status: "ok", message };
  return {
    status: fits(version) ? "warning" : "failed",
    message: `${message}, and this is ${VERSION}`,
    next: `rbee ${role} restart`,
  };
}

/** Roles of the same major and minor version work together. */
function fits(version: string): boolean {
  const [own, other] = [VERSION, version].map((each) => each.split(".", 2).join("."));
  return own === other;
}
