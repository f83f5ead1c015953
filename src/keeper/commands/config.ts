import type { Command } from "commander";
import { RbeeError } from "../../base/rbee_error.ts";
import { REDACTED } from "../../base/redact.ts";
import { configSchema } from "../../config/config_schema.ts";
import { rbeeYamlPath, readRbeeYamlText } from "../../config/rbee_yaml.ts";
import { fileSettings, type Setting } from "../../config/setting_sources.ts";
import { YamlDocument } from "../../config/yaml_document.ts";
import { readYamlText } from "../../config/yaml_text.ts";
import {
  type CommandContext,
  type CommonFlags,
  type RunCommand,
  withOutputFlags,
  withPortFlags,
} from "../command_context.ts";
import { EXIT } from "../exit_status.ts";
import { flagTwins } from "../flag_twins.ts";
import { decidedByVariables, decidedSettings, type Decider } from "../decided_settings.ts";
import {
  environmentSettings,
  folderSettings,
  settingLines,
  strangeVariables,
  withoutSecrets,
} from "../shown_settings.ts";
import { yamlMistakes } from "../yaml_mistakes.ts";

/** The keys of rbee.yaml that a flag, or its twin in the environment, decides before the file does. */
const DECIDED_BY_FLAG: readonly (Decider & { option: string; flag: string })[] = [
  { option: "queenPort", flag: "--queen-port", twin: "RBEE_QUEEN_PORT", keys: ["queen.port"] },
  { option: "hivePort", flag: "--hive-port", twin: "RBEE_HIVE_PORT", keys: ["hive.port"] },
];

/** Those whose flags other commands have, so that here the environment alone can decide. */
const DECIDED_BY_VARIABLE: readonly Decider[] = [
  { twin: "RBEE_HOST", keys: ["queen.host", "hive.host"] },
  { twin: "RBEE_TLS_CERT", keys: ["queen.tls_cert", "hive.tls_cert"] },
  { twin: "RBEE_TLS_KEY", keys: ["queen.tls_key", "hive.tls_key"] },
  { twin: "RBEE_CA", keys: ["queen.ca"] },
];

/** Adds `rbee config show|check|schema`: rbee.yaml, what it may hold, and what holds of it. */
export function addConfigCommand(program: Command, run: RunCommand): void {
  const config = program.command("config")
    .description("show the settings, and look for mistakes in rbee.yaml")
    .addHelpText("after", "\nExample:\n  rbee config check");
  addShow(config, run, program);
  addCheck(config, run);
  addSchema(config, run);
}

function addShow(config: Command, run: RunCommand, program: Command): void {
  const command = config.command("show")
    .description("show every setting that holds, and where it comes from; secrets are hidden")
    .addHelpText("after", "\nExample:\n  rbee config show --json");
  withPortFlags(withOutputFlags(command));
  command.action((flags: CommonFlags) =>
    run(flags, [], async ({ settings: { paths, token }, renderer }, _args, flags) => {
      const path = rbeeYamlPath(paths.config);
      const document = new YamlDocument(await readRbeeYamlText(path));
      const env = Deno.env.toObject();
      const twins = flagTwins(program);
      const deciders = [...DECIDED_BY_FLAG, ...DECIDED_BY_VARIABLE];
      const inFile = fileSettings(document, configSchema());
      const ofFlags = DECIDED_BY_FLAG.flatMap((each) => decidedByFlag(each, command));
      const shown = [
        ...folderSettings(paths, env),
        ...decidedSettings(inFile, [...decidedByVariables(env, DECIDED_BY_VARIABLE), ...ofFlags]),
        ...environmentSettings(env, { twins, except: deciders.map(({ twin }) => twin) }),
        ...environmentToken(token),
      ].map(withoutSecrets);
      const strange = strangeVariables(env, twins);
      if (flags.json) renderer.result({ file: path, settings: shown, warnings: strange });
      else {
        renderer.lines(settingLines(shown));
        for (const sentence of strange) renderer.summary(undefined, sentence);
      }
      return EXIT.ok;
    })
  );
}

/** That the environment holds a token; which one is nobody's to see. */
function environmentToken(token: string | undefined): Setting[] {
  if (token === undefined) return [];
  return [{ key: "token", value: REDACTED, source: "environment", name: "RBEE_TOKEN" }];
}

/** What a flag of `command` decides. */
function decidedByFlag(
  { option, flag, twin, keys }: (typeof DECIDED_BY_FLAG)[number],
  command: Command,
): Setting[] {
  const source = command.getOptionValueSource(option);
  if (source === undefined) return [];
  const value: unknown = command.getOptionValue(option);
  return keys.map((key) =>
    source === "env"
      ? { key, value, source: "environment", name: twin }
      : { key, value, source: "flag", name: flag }
  );
}

function addCheck(config: Command, run: RunCommand): void {
  const command = config.command("check")
    .argument("[file]", "the file to look at (default: this home's rbee.yaml)")
    .description(
      "name every mistake in rbee.yaml with its line and column; exits 1 if there is any",
    )
    .addHelpText("after", "\nExample:\n  rbee config check ./rbee.yaml");
  withOutputFlags(command);
  command.action((file: string | undefined, flags: CommonFlags) =>
    // A broken file is what it is for.
    run({ ...flags, ignoreConfig: true }, [], (context) => check(context, file, flags))
  );
}

async function check(
  { settings: { paths }, renderer }: CommandContext,
  file: string | undefined,
  { json }: CommonFlags,
): Promise<number> {
  const path = file ?? rbeeYamlPath(paths.config);
  const text = await readYamlText(path);
  if (text === undefined && file !== undefined) {
    throw new RbeeError(
      "bad_config",
      `There is no ${path}; give another file, or none for this home's`,
    );
  }
  const mistakes = yamlMistakes(text ?? "");
  if (json) renderer.result({ file: path, mistakes });
  else if (mistakes.length > 0) {
    renderer.lines(
      mistakes.map(({ line, column, message }) => `${path}:${line}:${column}: ${message}`),
    );
  } else {
    renderer.lines([
      text === undefined ? `There is no ${path}; the defaults hold` : `${path} has no mistakes`,
    ]);
  }
  return mistakes.length > 0 ? EXIT.failed : EXIT.ok;
}

function addSchema(config: Command, run: RunCommand): void {
  const command = config.command("schema")
    .description("print the JSON Schema of rbee.yaml, by which editors complete and check it")
    .addHelpText("after", "\nExample:\n  rbee config schema > rbee.schema.json");
  command.action(() =>
    run({ ignoreConfig: true }, [], ({ renderer }) => {
      renderer.result(configSchema());
      return Promise.resolve(EXIT.ok);
    })
  );
}
