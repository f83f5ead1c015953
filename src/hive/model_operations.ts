import { dirname, join } from "node:path";
import { RbeeError } from "../base/rbee_error.ts";
import {
  MISSING,
  type ModelDeleteRequest,
  modelDeleteSchema,
  modelDownloadSchema,
  modelGetSchema,
  modelListOperationSchema,
  type ModelReceipt,
  modelReceiveSchema,
  type StoredModel,
} from "../contracts/model.ts";
import { currentJobLog } from "../jobs/job_logs.ts";
import { operation, type OperationHandlers } from "../jobs/operation_handler.ts";
import { sumOfFile } from "../models/file_sum.ts";
import { inWords } from "../models/memory_fit.ts";
import { DEMO_MODEL } from "../models/model_file.ts";
import { PartFile } from "../models/part_file.ts";
import { ProgressMeter } from "../models/progress_meter.ts";
import { ProgressStory } from "../models/progress_story.ts";
import { narrate } from "../narration/narrate.ts";
import type { ModelReceipts } from "./model_receipts.ts";
import type { ModelStore } from "./model_store.ts";
import type { StoredModels } from "./stored_models.ts";
import type { WorkerLifecycle } from "./worker_lifecycle.ts";

// Headers of many models may have to be read.
const LIST = { kind: "total", ms: 60_000 } as const;
// Above the longest that a server may ask to wait.
const DOWNLOAD = { kind: "stall", ms: 690_000 } as const;
// A sum is told to be under way twice a second.
const READ = { kind: "stall", ms: 60_000 } as const;
const DELETE = { kind: "total", ms: 90_000 } as const;

/** What the operations on models work with. */
export interface ModelOperationParts {
  store: ModelStore;
  stored: StoredModels;
  receipts: ModelReceipts;
  workers: Pick<WorkerLifecycle, "stop">;
}

/** The operations of a hive on its models. */
export function modelOperations(parts: ModelOperationParts): OperationHandlers {
  const { store, stored, receipts } = parts;
  return {
    model_list: operation(modelListOperationSchema, LIST, async () => ({
      result: { models: await stored.list() },
    })),
    model_get: operation(modelGetSchema, READ, async ({ model, checksum }, { signal }) => {
      const details = await stored.details(model);
      if (!checksum) return { result: details };
      const sha256 = await sums(await stored.paths(model), details, signal);
      return { result: { ...details, sha256 } };
    }),
    model_download: operation(modelDownloadSchema, DOWNLOAD, async ({ model }, { signal }) => {
      if (model !== DEMO_MODEL) {
        const known = await store.find(model);
        if (known?.isWhole) narrate("model_download", `${known.name} is already here`);
        await store.download(model, signal);
      }
      return { result: await stored.get(model) };
    }),
    model_delete: operation(modelDeleteSchema, DELETE, async (request) => ({
      result: await remove(parts, request),
    })),
    model_receive: operation(modelReceiveSchema, DOWNLOAD, async (request, { signal }) => {
      const log = currentJobLog();
      // What runs on behalf of several has a log of its own; who sends reads this one.
      const onMissing = (missing: ModelReceipt["missing"]) => {
        log.append({ type: "data", name: MISSING, value: missing });
      };
      await receipts.receive(request, { signal, onMissing });
      return { result: await stored.get(request.model) };
    }),
  };
}

async function sums(
  paths: readonly string[],
  { name, bytes: total }: StoredModel,
  signal: AbortSignal,
): Promise<string[]> {
  const story = new ProgressStory(`Reading ${name} for its sum`, "model_sum");
  const meter = new ProgressMeter({ total: () => total });
  const found: string[] = [];
  let before = 0;
  for (const path of paths) {
    const onBytes = (bytes: number) =>
      story.tell(() => meter.at(before + bytes), { isLast: before + bytes === total });
    found.push(await sumOfFile(path, { signal, onBytes }));
    before += (await Deno.stat(path)).size;
  }
  return found;
}

async function remove(
  { store, stored, workers }: ModelOperationParts,
  { model, force }: ModelDeleteRequest,
): Promise<StoredModel> {
  if (model === DEMO_MODEL) {
    throw new RbeeError("model_not_stored", `${model} comes with rbee, and cannot be removed`);
  }
  const { name } = await stored.files(model);
  const told = await stored.get(name);
  const { used_by: users } = told;
  if (!force && users.length > 0) {
    const who = users.length === 1 ? `worker ${users[0]}` : `${users.length} workers`;
    throw new RbeeError(
      "model_in_use",
      `Cannot remove ${name}: ${who} has it loaded; stop it with rbee worker stop, or add --force`,
      { details: { used_by: users } },
    );
  }
  if (!force && told.state === "downloading") {
    throw new RbeeError(
      "model_in_use",
      `Cannot remove ${name}: it is just coming, by a download or a copy; cancel that (rbee job list), or add --force`,
    );
  }
  await Promise.all(users.map((id) => workers.stop(id, "its model is being removed")));
  await store.cancel(name);
  for (const { path } of told.files) await removeFile(store.folder, path);
  store.changed();
  narrate("model_delete", `Removed ${name} (${inWords(told.bytes)})`, {
    fields: { bytes: told.bytes },
  });
  return { ...told, used_by: [] };
}

/** Removes a file, what has come of it, and the folders that are empty then. */
async function removeFile(folder: string, path: string): Promise<void> {
  const file = join(folder, path);
  await PartFile.remove(file);
  try {
    await Deno.remove(file);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  for (let at = dirname(file); at.length > folder.length; at = dirname(at)) {
    const isEmpty = await isEmptyFolder(at);
    if (!isEmpty) return;
    await Deno.remove(at);
  }
}

async function isEmptyFolder(path: string): Promise<boolean> {
  for await (const _entry of Deno.readDir(path)) return false;
  return true;
}
