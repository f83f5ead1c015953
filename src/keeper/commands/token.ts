import { type Command, Option } from "commander";
import {
  createAccessToken,
  readKeptTokens,
  revokeAccessToken,
} from "../../config/access_token_file.ts";
import { accessTokensFile } from "../../config/paths.ts";
import { lastUses } from "../../config/token_use_file.ts";
import {
  type AccessRole,
  accessRoleSchema,
  type AccessToken,
  accessTokenSchema,
} from "../../contracts/access_token.ts";
import { narrate } from "../../narration/narrate.ts";
import {
  type CommandContext,
  type CommonFlags,
  flag,
  type RunCommand,
  withOutputFlags,
} from "../command_context.ts";
import { EXIT } from "../exit_status.ts";
import { makeSecretFile, othersReadStandardOutput } from "../secret_file.ts";
import { formatTable } from "../table.ts";

interface CreateFlags {
  name?: string;
  role: AccessRole;
  out?: string;
}

type ListedToken = AccessToken & { last_used_at: string | null };

/** Adds `rbee token create|list|revoke`. All work with the files of this home alone. */
export function addTokenCommand(program: Command, run: RunCommand): void {
  const token = program.command("token")
    .description("make, list and revoke the tokens by which others may use this machine")
    .addHelpText("after", "\nExample:\n  rbee token create --name website --role infer");
  addCreate(token, run);
  addList(token, run);
  addRevoke(token, run);
}

function addCreate(token: Command, run: RunCommand): void {
  const command = token.command("create")
    .description("make a token and print it, this once; queen and hive know it at once")
    .addOption(flag("--name <name>", "what to call it (default: its role)"))
    .addOption(
      flag("--out <file>", "write it into a new file that you alone can read, and do not print it"),
    )
    .addOption(
      new Option("--role <role>", "admin: everything; infer: inference and its own jobs")
        .choices(accessRoleSchema.options).default("infer").env("RBEE_ROLE"),
    )
    .addHelpText(
      "after",
      "\nExample:\n  rbee token create --name website" +
        "\n  rbee token create --role admin --out laptop.token",
    );
  withOutputFlags(command);
  command.action((flags: CreateFlags) =>
    run({ ...flags, ignoreConfig: true }, [], async (context) => {
      if (flags.out === undefined) await createAndPrint(context, flags);
      else await createInFile(context, { ...flags, out: flags.out });
      return EXIT.ok;
    })
  );
}

async function createAndPrint(
  { settings, renderer }: CommandContext,
  flags: CreateFlags & CommonFlags,
): Promise<void> {
  const { token, kept } = await createAccessToken(settings.paths, flags);
  if (!flags.json) renderer.lines([token]);
  renderer.summary(
    { ...kept, token },
    `${madeSentence(kept)}. It is shown this once: keep it now`,
  );
  if (!othersReadStandardOutput()) return;
  narrate(
    "token_create",
    "Others can read the file that the token was written to; take that from them with chmod 600, and give the next one to --out FILE",
    { level: "warn" },
  );
}

/** The file is made first: a token that was never kept is of use to nobody. */
async function createInFile(
  { settings, renderer }: CommandContext,
  flags: CreateFlags & { out: string },
): Promise<void> {
  using file = makeSecretFile(flags.out);
  const { token, kept } = await createAccessToken(settings.paths, flags);
  file.write(token);
  renderer.summary(
    { ...kept, file: flags.out },
    `${madeSentence(kept)}. It is in ${flags.out} alone, which you alone can read`,
  );
}

function madeSentence({ name, id, role }: AccessToken): string {
  return `Made the token ${name} (${id}) of the role ${role}`;
}

function addList(token: Command, run: RunCommand): void {
  const command = token.command("list")
    .description("list the tokens, without themselves; when one was used last is known to the hour")
    .addHelpText("after", "\nExample:\n  rbee token list --json");
  withOutputFlags(command);
  command.action((flags: Record<string, never>) =>
    run({ ...flags, ignoreConfig: true }, [], ({ settings, renderer }, _args, { json }) => {
      const uses = lastUses(settings.paths);
      const tokens = readKeptTokens(accessTokensFile(settings.paths)).map((kept) => ({
        ...accessTokenSchema.parse(kept),
        last_used_at: uses[kept.id] ?? null,
      }));
      if (json) renderer.result({ tokens });
      else renderer.lines(tokens.length === 0 ? ["No tokens"] : tokenTable(tokens));
      return Promise.resolve(EXIT.ok);
    })
  );
}

function addRevoke(token: Command, run: RunCommand): void {
  const command = token.command("revoke")
    .argument("<token>", "its name or its id")
    .description("forget a token; it is refused from the next request on")
    .addHelpText("after", "\nExample:\n  rbee token revoke website");
  withOutputFlags(command);
  command.action((nameOrId: string, flags: Record<string, never>) =>
    run({ ...flags, ignoreConfig: true }, [nameOrId], async ({ settings, renderer }) => {
      const gone = await revokeAccessToken(settings.paths, nameOrId);
      renderer.summary({ revoked: gone }, `Revoked the token ${gone.name} (${gone.id})`);
      return EXIT.ok;
    })
  );
}

function tokenTable(tokens: readonly ListedToken[]): string[] {
  return formatTable(
    ["NAME", "ROLE", "ID", "CREATED", "LAST USED"],
    tokens.map((token) => [
      token.name,
      token.role,
      token.id,
      token.created_at,
      token.last_used_at ?? "never",
    ]),
  );
}
