import { type Command, Option } from "commander";
import { RbeeError } from "../../base/rbee_error.ts";
import { addHive, keepHiveToken, removeHive } from "../../config/hive_entries.ts";
import {
  addedHiveNameSchema,
  type HiveAddress,
  hiveAddressSchema,
  hiveAnswerSchema,
} from "../../contracts/hive_address.ts";
import type { HiveInfo } from "../../contracts/hive.ts";
import { JobClient, type OperationBody } from "../../jobs/job_client.ts";
import { narrate } from "../../narration/narrate.ts";
import { runRemoteScript } from "../../ssh/remote_command.ts";
import { remoteRbee } from "../../ssh/remote_rbee.ts";
import {
  type CommandContext,
  flag,
  type RunCommand,
  withOutputFlags,
  withQueenFlag,
} from "../command_context.ts";
import { readGivenToken, type Settings } from "../settings.ts";
import { EXIT } from "../exit_status.ts";
import { findQueen } from "../queen_address.ts";
import { foregroundHost, type RemoteFlags } from "../remote_hive.ts";

interface AddFlags extends RemoteFlags {
  json?: boolean;
  ssh?: string;
  url?: string;
  path?: string;
  tokenFile?: string;
}

/** Adds `rbee hive add|remove`. */
export function addHiveAddCommands(hive: Command, run: RunCommand): void {
  addAdd(hive, run);
  addRemove(hive, run);
}

/** The flag that has a host key accepted which was never seen. */
export function hostKeyFlag(): Option {
  return flag("--accept-new-host-key", "accept the key of a host that was never seen, and keep it");
}

function addAdd(hive: Command, run: RunCommand): void {
  const command = hive.command("add")
    .argument("<name>", "what the hive is to be called")
    .description("add a hive of another machine; rbee.yaml remembers it")
    .addOption(flag("--ssh <destination>", "USER@HOST[:PORT], or a name of ~/.ssh/config"))
    .addOption(flag("--url <url>", "the hive's own address, such as http://10.0.0.5:7835"))
    .addOption(flag("--path <path>", "where rbee is there (default: ~/.local/bin/rbee)"))
    .addOption(
      // Without a twin in the environment, which holds what is shown to a queen.
      new Option("--token-file <path>", "with --url: a file with the token that the hive asks for"),
    )
    .addOption(hostKeyFlag())
    .addHelpText(
      "after",
      "\nExample:\n  rbee hive add gpu --ssh anna@gpu-box" +
        "\n  rbee hive add gpu --url http://10.0.0.5:7835 --token-file gpu.token",
    );
  withQueenFlag(withOutputFlags(command), { token: false });
  command.action((name: string, flags: AddFlags) => {
    const tokenFile = Deno.env.get("RBEE_TOKEN_FILE");
    return run({ ...flags, tokenFile }, [name], async (context) => {
      const address = readAddress(name, flags);
      if (flags.tokenFile !== undefined) {
        await keepToken(name, address, flags.tokenFile, context.settings);
      }
      const { ssh } = address;
      // A queen that runs tries it herself; but to accept a key is the person's.
      const isTried = flags.acceptNewHostKey !== true && await findQueen(context.settings);
      if (ssh !== undefined && !isTried) await tryOut(name, ssh, flags, context);
      const hive = await addAddress(name, address, context);
      const { renderer } = context;
      const seen = hive && { state: hive.state, ...(hive.error && { error: hive.error }) };
      // In words the queen has said it.
      if (hive === undefined || flags.json) {
        const sentence = `Added hive ${name}; rbee up connects to it`;
        renderer.summary({ name, ...address, ...seen }, sentence);
      }
      return EXIT.ok;
    });
  });
}

/**
 * Keeps what a hive asks for where the queen of this home reads it, before she connects.
 *
 * @throws {RbeeError} `usage` If the hive is not added by its address, the queen is another machine's, or
 * there is no such file; `hive_exists` If the name is another hive's; `bad_token`.
 */
async function keepToken(
  name: string,
  address: HiveAddress,
  path: string,
  settings: Settings,
): Promise<void> {
  if (address.url === undefined) {
    throw new RbeeError("usage", "--token-file goes with --url; for --ssh the token is made here");
  }
  const queen = await findQueen(settings);
  if (queen !== undefined && !queen.own) {
    throw new RbeeError(
      "usage",
      `--token-file is kept on the queen's machine, and the one at ${queen.url} is not this home's; type this there`,
    );
  }
  await keepHiveToken(settings.paths, name, address, await readGivenToken(path));
}

/**
 * Writes the address of a hive down: by the queen where one runs, who connects at once, else here.
 *
 * @param options.replace Whether another address of a hive of that name gives way.
 * @returns How the queen sees the hive; undefined where none runs.
 * @throws {RbeeError} `hive_exists` If there is another hive of that name.
 */
export async function addAddress(
  name: string,
  address: HiveAddress,
  context: CommandContext,
  options: { replace?: boolean } = {},
): Promise<HiveInfo | undefined> {
  const { settings } = context;
  const queen = await findQueen(settings);
  if (queen !== undefined) {
    const body = { operation: "hive_add", name, ...address, ...options };
    return await tellQueen(queen.url, body, context);
  }
  await addHive(settings.paths, name, address, options);
  return undefined;
}

function addRemove(hive: Command, run: RunCommand): void {
  const command = hive.command("remove")
    .argument("<name>", "which hive")
    .description("forget a hive of another machine; what runs there goes on")
    .addHelpText("after", "\nExample:\n  rbee hive remove gpu");
  withQueenFlag(withOutputFlags(command));
  command.action((name: string, flags: Record<string, never>) =>
    run(flags, [name], async (context, _args, { json }) => {
      const { settings, renderer } = context;
      const queen = await findQueen(settings);
      if (queen === undefined) {
        await removeHive(settings.paths, name);
        renderer.summary(
          { removed: name },
          `Removed hive ${name}; what runs there goes on`,
        );
        return EXIT.ok;
      }
      await tellQueen(queen.url, { operation: "hive_remove", name }, context);
      if (json) renderer.result({ removed: name });
      return EXIT.ok;
    })
  );
}

/** Has the queen do something with a hive, and says what she says. */
async function tellQueen(
  url: string,
  body: OperationBody,
  { renderer, signal }: CommandContext,
): Promise<HiveInfo> {
  const end = await new JobClient(url).submitAndStream(
    body,
    (event) => event.type === "narration" ? renderer.write(event) : undefined,
    { signal },
  );
  if (end.type === "done") return hiveAnswerSchema.parse(end.result).hive;
  if (end.type === "error") throw new RbeeError(end.code, end.message);
  throw new RbeeError("cancelled_elsewhere", `The queen cancelled it: ${end.reason}`);
}

/** @throws {RbeeError} `usage` If the name or the address does not fit. */
function readAddress(name: string, { ssh, url, path }: AddFlags): HiveAddress {
  const named = addedHiveNameSchema.safeParse(name);
  if (!named.success) {
    throw new RbeeError("usage", `The name "${name}" ${named.error.issues[0]!.message}`);
  }
  const address = hiveAddressSchema.safeParse({
    ...(ssh !== undefined && { ssh }),
    ...(url !== undefined && { url }),
    ...(path !== undefined && { path }),
  });
  if (address.success) return address.data;
  const { path: field, message } = address.error.issues[0]!;
  throw new RbeeError(
    "usage",
    field.length === 0
      ? "Give either --ssh USER@HOST or --url http://HOST:PORT"
      : `--${field.join(".")} ${message}`,
  );
}

/** A machine that is switched off now may be added all the same; what is wrong with it is said. */
async function tryOut(
  name: string,
  ssh: string,
  flags: RemoteFlags,
  { signal }: CommandContext,
): Promise<void> {
  const { host } = remoteRbee(name, { ssh }, foregroundHost(flags));
  try {
    await runRemoteScript(host, "exit 0", { signal });
  } catch (error) {
    if (!(error instanceof RbeeError)) throw error;
    narrate("hive_add", error.message, { level: "warn", fields: { hive: name } });
  }
}
