import { messageOf } from "../../base/rbee_error.ts";
import { daemonFiles } from "../../config/paths.ts";
import { isSameProcess, readPidFile } from "../../process/pid_file.ts";
import { describePortHolder, findPortHolder } from "../../process/port_holder.ts";
import type { DaemonRole } from "../daemon.ts";
import type { Check, CheckContext, Finding } from "./finding.ts";

/** Whether the port of queen or hive is free, or whose it is. */
export function portCheck(role: DaemonRole): Check {
  const name = `${role} port`;
  return {
    name,
    async look(context) {
      return [{ name, ...await lookAtPort(role, context) }];
    },
  };
}

async function lookAtPort(
  role: DaemonRole,
  { settings }: CheckContext,
): Promise<Omit<Finding, "name">> {
  const { host, port } = settings[role];
  const file = await readPidFile(daemonFiles(settings.paths, role).pid);
  const own = file !== undefined && isSameProcess(file) ? file : undefined;
  if (own !== undefined && Number(new URL(own.url).port) === port) {
    return { status: "ok", message: `Port ${port} is the ${role}'s (process ${own.pid})` };
  }
  if (port === 0) return { status: "ok", message: `The ${role} takes any free port` };
  const next = `rbee ${role} start --port 0`;
  try {
    Deno.listen({ hostname: host, port }).close();
    return { status: "ok", message: `Port ${port} on ${host} is free` };
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) {
      const message = `The ${role} cannot listen on ${host}:${port}: ${messageOf(error)}`;
      return { status: "failed", message, next: `${next} --host 127.0.0.1` };
    }
  }
  const holder = findPortHolder(host, port);
  const who = holder === undefined ? "another program" : describePortHolder(holder);
  const message = `Port ${port} on ${host} is taken by ${who}`;
  // One that runs has found another port for itself, and needs this one no more.
  if (own !== undefined) {
    return { status: "ok", message: `${message}; the ${role} is at ${own.url}` };
  }
  return { status: "failed", message, next };
}
