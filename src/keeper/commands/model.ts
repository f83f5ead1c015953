import type { Command } from "commander";
import type { JsonValue } from "../../contracts/json_value.ts";
import {
  modelDetailsSchema,
  storedModelListSchema,
  storedModelSchema,
} from "../../contracts/model.ts";
import { isTerminal } from "../../contracts/job_event.ts";
import { JobClient, type OperationBody } from "../../jobs/job_client.ts";
import { narrate } from "../../narration/narrate.ts";
import { showEnd } from "../ask.ts";
import {
  type CommandContext,
  flag,
  type RunCommand,
  withOutputFlags,
  withQueenFlag,
} from "../command_context.ts";
import { modelFactLines, modelLines } from "../model_lines.ts";
import { requireQueen } from "../queen_address.ts";

interface HiveFlag {
  hive?: string;
}

const NAMES = "hf:org/repo, hf:org/repo:Q4_K_M, hf:org/repo:file.gguf or https://….gguf";

/** Adds `rbee model list|download|show|remove|copy`. */
export function addModelCommand(program: Command, run: RunCommand): void {
  const model = program.command("model")
    .description("list, download, show, remove and copy models")
    .addHelpText("after", "\nExample:\n  rbee model download hf:org/repo:Q4_K_M");
  addList(model, run);
  addDownload(model, run);
  addShow(model, run);
  addRemove(model, run);
  addCopy(model, run);
}

function addList(model: Command, run: RunCommand): void {
  const command = model.command("list")
    .description("list the models that the hives have on their disks")
    .addOption(flag("--hive <name>", "of this hive alone"))
    .addHelpText("after", "\nExample:\n  rbee model list --json");
  withQueenFlag(withOutputFlags(command));
  command.action((flags: HiveFlag) =>
    run(
      flags,
      [],
      (context, _args, { json }) =>
        runOperation(context, { operation: "model_list", hive: flags.hive }, {
          json,
          show: (result) => modelLines(storedModelListSchema.parse(result).models),
        }),
    )
  );
}

function addDownload(model: Command, run: RunCommand): void {
  const command = model.command("download").argument("<model>", NAMES)
    .description("fetch a model onto a hive's disk; one that broke off goes on")
    .addOption(flag("--hive <name>", "onto this hive (default: this machine's, or the only one)"))
    .addHelpText("after", "\nExample:\n  rbee model download hf:org/repo:Q4_K_M --hive gpu-box");
  withQueenFlag(withOutputFlags(command));
  command.action((name: string, flags: HiveFlag) =>
    run(flags, [name], (context, _args, { json }) =>
      runOperation(
        context,
        { operation: "model_download", model: name, hive: flags.hive },
        // What the next command needs: rbee run "$(rbee model download …)"
        { json, show: (result) => [storedModelSchema.parse(result).name] },
      ))
  );
}

function addShow(model: Command, run: RunCommand): void {
  const command = model.command("show").argument("<model>", "a model of rbee model list")
    .description("show what the header of a model's file says")
    .addOption(flag("--hive <name>", "on this hive (default: one that has it)"))
    .addOption(flag("--checksum", "compute the SHA-256 of each file, too"))
    .addHelpText("after", "\nExample:\n  rbee model show bee-tiny");
  withQueenFlag(withOutputFlags(command));
  command.action((name: string, flags: HiveFlag & { checksum?: boolean }) =>
    run(flags, [name], (context, _args, { json }) =>
      runOperation(
        context,
        {
          operation: "model_get",
          model: name,
          hive: flags.hive,
          checksum: flags.checksum ?? false,
        },
        { json, show: (result) => modelFactLines(modelDetailsSchema.parse(result)) },
      ))
  );
}

function addRemove(model: Command, run: RunCommand): void {
  const command = model.command("remove").argument("<model>", "a model of rbee model list")
    .description("remove a model, or what has come of one, from a hive's disk")
    .addOption(flag("--hive <name>", "from this hive (default: the one that has it)"))
    .addOption(flag("--force", "stop the workers that use it, and a download of it"))
    .addHelpText("after", "\nExample:\n  rbee model remove hf:org/repo:Q4_K_M");
  withQueenFlag(withOutputFlags(command));
  command.action((name: string, flags: HiveFlag & { force?: boolean }) =>
    run(flags, [name], (context, _args, { json }) =>
      runOperation(
        context,
        { operation: "model_delete", model: name, hive: flags.hive, force: flags.force ?? false },
        { json, show: () => [] },
      ))
  );
}

function addCopy(model: Command, run: RunCommand): void {
  const command = model.command("copy").argument("<model>", "a model of rbee model list")
    .description("bring a model from one hive to another, through the queen")
    .addOption(flag("--from <hive>", "the hive that has it").makeOptionMandatory())
    .addOption(flag("--to <hive>", "the hive that is to have it").makeOptionMandatory())
    .addHelpText(
      "after",
      "\nExample:\n  rbee model copy hf:org/repo:Q4_K_M --from local --to gpu-box",
    );
  withQueenFlag(withOutputFlags(command));
  command.action((name: string, flags: { from: string; to: string }) =>
    run(flags, [name], (context, _args, { json }) =>
      runOperation(
        context,
        { operation: "model_copy", model: name, from: flags.from, to: flags.to },
        { json, show: (result) => [storedModelSchema.parse(result).name] },
      ))
  );
}

async function runOperation(
  { settings, renderer, signal }: CommandContext,
  body: OperationBody,
  { json, show }: { json: boolean | undefined; show(result: JsonValue): string[] },
): Promise<number> {
  const { url } = await requireQueen(settings);
  const client = new JobClient(url, {
    onReconnect: ({ error }) => narrate("reconnect", error.message, { level: "warn" }),
  });
  const end = await client.submitAndStream(body, (event) => {
    if (!json && !isTerminal(event)) renderer.event(event);
  }, { signal });
  if (end.type === "done") {
    if (json) renderer.result(end.result);
    else renderer.lines(show(end.result));
  } else if (json && end.type === "error") {
    renderer.result({ error: { code: end.code, message: end.message } });
  }
  return showEnd(end, renderer, signal);
}
