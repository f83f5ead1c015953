import { RbeeError } from "../../base/rbee_error.ts";
import type { CommandContext } from "../command_context.ts";
import { EXIT } from "../exit_status.ts";
import { connectQueen, startThere } from "../remote_daemon.ts";
import { rbeeOf, type RemoteFlags, runThere } from "../remote_hive.ts";
import type { LogFlags } from "../show_log.ts";
import { stopThere } from "../stop_there.ts";
import type { HiveStartFlags } from "./hive_daemon.ts";

/** Starts or restarts the hive of another machine, and has the queen connect to it. */
export async function startRemoteHive(
  name: string,
  context: CommandContext,
  flags: HiveStartFlags & RemoteFlags,
  verb: "start" | "restart",
): Promise<number> {
  const unfit = flags.host !== undefined
    ? "--host"
    : flags.foreground
    ? "--foreground"
    : flags.tlsCert !== undefined || flags.tlsKey !== undefined
    ? "--tls-cert"
    : flags.tokenStdin
    ? "--token-stdin"
    : undefined;
  if (unfit !== undefined) {
    throw new RbeeError(
      "usage",
      `${unfit} is for this machine's own hive; one behind ssh listens on its own loopback address, in the background, with the token of rbee hive add`,
    );
  }
  const { settings, renderer, signal } = context;
  const running = await startThere(name, context, { ...flags, verb });
  const connected = await connectQueen(name, settings, { signal });
  const next = connected === undefined ? "; rbee up starts a queen that connects to it" : "";
  renderer.summary(
    { ...running, connected: connected ?? false },
    `Hive ${name} ${
      running.started ? "runs" : "is already running"
    } at ${running.url} of its machine (process ${running.pid})${next}`,
  );
  return EXIT.ok;
}

/** Stops the hive of another machine with its workers; what does not run is as good. */
export async function stopRemoteHive(
  name: string,
  { settings, renderer, signal }: CommandContext,
  flags: RemoteFlags = {},
): Promise<number> {
  const rbee = await rbeeOf(settings.paths, name, flags);
  const stopped = await stopThere(rbee, { signal });
  renderer.summary(
    { name, stopped },
    stopped ? `Hive ${name} has stopped` : `Hive ${name} was not running`,
  );
  return EXIT.ok;
}

/** Shows the log of the hive of another machine. */
export async function remoteHiveLogs(
  name: string,
  { settings, renderer, signal }: CommandContext,
  flags: LogFlags & RemoteFlags,
): Promise<number> {
  const rbee = await rbeeOf(settings.paths, name, flags);
  const args = [
    "hive",
    "logs",
    `--lines=${flags.lines}`,
    ...(flags.follow ? ["--follow"] : []),
    ...(flags.json ? ["--json"] : []),
  ];
  try {
    await runThere(rbee, args, { signal, onResult: (line) => renderer.lines([line]) });
  } catch (error) {
    // Ctrl-C is how a log that is followed is left.
    if (!flags.follow || !signal.aborted) throw error;
  }
  return EXIT.ok;
}
