import { RbeeError } from "../base/rbee_error.ts";
import { readHiveEntries } from "../config/hive_entries.ts";
import { hiveTokenFile, type Paths } from "../config/paths.ts";
import { newToken, readTokenFile, writeTokenFile } from "../config/token_file.ts";
import { LOCAL_HIVE } from "../contracts/hive.ts";
import type { HiveAddress } from "../contracts/hive_address.ts";
import { actorOf } from "../narration/remote_actor.ts";
import { deliver } from "../narration/narration_sink.ts";
import { parseNarrationLine } from "../process/narration_line.ts";
import type { RemoteArgument } from "../ssh/remote_path.ts";
import { type RemoteRbee, remoteRbee, runRemoteRbee } from "../ssh/remote_rbee.ts";

/** How the machine of a hive is reached from a command in the foreground. */
export interface RemoteFlags {
  acceptNewHostKey?: boolean;
}

/** What a command of another machine's rbee has printed as its result. */
export interface RemoteAnswer {
  stdout: string;
  code: number;
}

/**
 * The address of a hive that was added.
 *
 * @throws {RbeeError} `hive_not_found` If rbee.yaml names none of that name.
 */
export async function addressOf(paths: Paths, name: string): Promise<HiveAddress> {
  const entries = await readHiveEntries(paths.config);
  if (Object.hasOwn(entries, name)) return entries[name]!;
  const known = [LOCAL_HIVE, ...Object.keys(entries)].join(", ");
  throw new RbeeError(
    "hive_not_found",
    `There is no hive "${name}" (known: ${known}); add it with rbee hive add ${name} --ssh USER@HOST`,
  );
}

/**
 * The rbee on the machine of a hive that was added.
 *
 * @throws {RbeeError} `hive_not_found`; `not_behind_ssh` If its machine cannot be reached by ssh.
 */
export async function rbeeOf(
  paths: Paths,
  name: string,
  flags: RemoteFlags = {},
): Promise<RemoteRbee> {
  const { ssh, url, path } = await addressOf(paths, name);
  if (ssh !== undefined) return remoteRbee(name, { ssh, path }, foregroundHost(flags));
  throw new RbeeError(
    "not_behind_ssh",
    `Hive "${name}" was added by its address ${url}, not by ssh; type this on its own machine`,
  );
}

/** How ssh is used while a person looks: it may ask them on the terminal. */
export function foregroundHost({ acceptNewHostKey = false }: RemoteFlags) {
  return { acceptNewHostKey, interactive: Deno.stdin.isTerminal() };
}

/**
 * Runs a command of the rbee on a hive's machine, and says here what it says there, as it comes, under
 * the hive's name.
 *
 * @param options.onResult Gets each line of its result as it comes.
 * @throws {RbeeError} `remote_failed` With its own sentence, if it fails; `not_running` If it exits as
 * one that reaches no hive; `ssh_…`, `rbee_not_installed`.
 */
export async function runThere(
  rbee: RemoteRbee,
  args: readonly RemoteArgument[],
  options: {
    signal: AbortSignal;
    stdin?: string;
    onResult?: (line: string) => void;
  },
): Promise<RemoteAnswer> {
  let sentence: string | undefined;
  const { code, stdout } = await runRemoteRbee(rbee, args, {
    signal: options.signal,
    stdin: options.stdin,
    onLine(stream, line) {
      if (stream === "stdout") return options.onResult?.(line);
      const record = parseNarrationLine(line);
      if (record !== undefined) deliver({ ...record, actor: actorOf(record.actor, rbee.name) });
      else if (line.startsWith("Error: ")) sentence = line.slice("Error: ".length);
    },
  });
  if (code === 0) return { code, stdout };
  throw new RbeeError(
    code === 3 ? "not_running" : "remote_failed",
    `On the machine of hive "${rbee.name}": ${
      sentence === undefined ? `rbee ended with exit status ${code}` : fromHere(sentence, rbee.name)
    }`,
  );
}

/** What is to be typed there is another command here. */
function fromHere(sentence: string, name: string): string {
  return sentence
    .replace(/; in rbee up and run it is --hive-port/, "")
    .replace(/rbee hive (start|stop|restart)( --token-stdin)?(?= |$|;)/g, `rbee hive $1 ${name}`)
    .replace(
      /rbee (up|down)(?= |$|;)/g,
      (_, verb) => `rbee hive ${verb === "up" ? "start" : "stop"} ${name}`,
    );
}

/** What a hive behind ssh asks for: made when it is needed first. */
export async function tokenFor(paths: Paths, name: string): Promise<string> {
  const path = hiveTokenFile(paths, name);
  const there = await readTokenFile(path);
  if (there !== undefined) return there;
  const token = newToken();
  await writeTokenFile(path, token);
  return token;
}
