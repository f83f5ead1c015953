import { RbeeError, toRbeeError } from "../base/rbee_error.ts";
import { LOCAL_HIVE } from "../contracts/hive.ts";
import {
  type ModelDeleteRequest,
  type ModelDownloadRequest,
  type ModelGetRequest,
  type StoredModel,
  storedModelListSchema,
} from "../contracts/model.ts";
import { requestJson } from "../http/api_client.ts";
import type { Job, JobResult } from "../jobs/job.ts";
import { narrate } from "../narration/narrate.ts";
import type { Hives } from "./hives.ts";
import type { KnownHive } from "./known_hive.ts";
import { meansModel } from "../models/means_model.ts";
import { relay, type RelayOptions } from "./relay.ts";

const ANSWER_MS = 30_000;

/** A hive that can be asked now. */
export type ConnectedHive = KnownHive & { url: string };

/**
 * The models that the hives have on their disks, or the one hive that is named, by hive. A hive that
 * does not answer is narrated and left out.
 *
 * @throws {RbeeError} `hive_not_found` or `hive_unreachable` If the one that is named is not connected.
 */
export async function storedModels(
  hives: Pick<Hives, "ask">,
  hive?: string,
): Promise<StoredModel[]> {
  const known = await hives.ask(hive);
  const asked = hive === undefined ? known.filter(isConnected) : [connected(known, hive)];
  const lists = await Promise.all(asked.map(async ({ name, url }) => {
    try {
      const { models } = await requestJson(`${url}/v1/models`, {
        schema: storedModelListSchema,
        timeoutMs: ANSWER_MS,
      });
      return models.map((model) => ({ ...model, hive: name }));
    } catch (error) {
      if (hive !== undefined) throw error;
      narrate(
        "model_list",
        `Hive ${name} does not list its models: ${toRbeeError(error).message}`,
        {
          level: "warn",
        },
      );
      return [];
    }
  }));
  return lists.flat();
}

/** Has a hive fetch a model: the one that is named, else this machine's, else the only one. */
export async function downloadModel(
  hives: Pick<Hives, "ask" | "known" | "hasMoved" | "whyLost">,
  request: ModelDownloadRequest,
  job: Job,
): Promise<JobResult> {
  const known = await hives.ask(request.hive);
  const hive = request.hive !== undefined ? connected(known, request.hive) : usualHive(known);
  return await onHive(hives, hive, request, job);
}

/** Shows, or removes, a model on the hive that is named, or the only one that has it. */
export async function onHiveOfModel(
  hives: Pick<Hives, "ask" | "known" | "hasMoved" | "whyLost">,
  request: ModelGetRequest | ModelDeleteRequest,
  job: Job,
): Promise<JobResult> {
  const name = request.hive ?? await hiveOfModel(hives, request);
  return await onOwnModel(hives, connected(await hives.ask(name), name), request, job);
}

/**
 * Runs an operation on a model that a hive must have.
 *
 * @throws {RbeeError} `model_not_found` If it has not; or as {@linkcode onHive}.
 */
export async function onOwnModel(
  hives: Pick<Hives, "hasMoved" | "whyLost">,
  hive: ConnectedHive,
  request: { operation: string; model: string } & Record<string, unknown>,
  job: Job,
): Promise<JobResult> {
  try {
    return await onHive(hives, hive, request, job);
  } catch (error) {
    // What a hive calls itself need not be what it is called here.
    if (!(error instanceof RbeeError) || error.details?.lacks === undefined) throw error;
    const { model } = request;
    throw new RbeeError(
      "model_not_found",
      `Hive "${hive.name}" does not have ${model}; see rbee model list, or fetch it with rbee model download ${model} --hive ${hive.name}`,
    );
  }
}

/** Runs an operation on a hive and names that in its result. */
export async function onHive(
  hives: Pick<Hives, "hasMoved" | "whyLost">,
  hive: ConnectedHive,
  request: { operation: string; hive?: string | undefined } & Record<string, unknown>,
  job: Job,
  options: Pick<RelayOptions, "signal" | "onData"> = {},
): Promise<JobResult> {
  const { hive: _hive, ...body } = request;
  const { name, url } = hive;
  // A hive that was killed and started again has another address, and nothing of the job.
  const hasMoved = () => hives.hasMoved(name, url);
  const { result } = await relay(url, body, job, {
    ...options,
    hive: name,
    name: `hive "${name}"`,
    hasMoved,
    whyLost: () => hives.whyLost(name),
  });
  if (result === null || typeof result !== "object" || Array.isArray(result)) return { result };
  return { result: { ...result, hive: name } };
}

/**
 * One hive of those that are known, which must be connected.
 *
 * @throws {RbeeError} `hive_not_found` or `hive_unreachable`.
 */
export function connected(known: readonly KnownHive[], name: string): ConnectedHive {
  const hive = known.find((each) => each.name === name);
  if (hive === undefined) {
    const names = known.map((each) => each.name).join(", ") || "none";
    throw new RbeeError(
      "hive_not_found",
      `There is no hive "${name}" (known: ${names}); see rbee hive list`,
    );
  }
  if (isConnected(hive)) return hive;
  throw new RbeeError(
    "hive_unreachable",
    `Hive "${name}" cannot be asked: ${hive.unreachable ?? "it is not connected"}`,
  );
}

async function hiveOfModel(
  hives: Pick<Hives, "ask">,
  { model, operation }: ModelGetRequest | ModelDeleteRequest,
): Promise<string> {
  const having = (await storedModels(hives)).filter((stored) => meansModel(model, stored));
  const names = [...new Set(having.map(({ hive }) => hive))];
  const [first] = names;
  if (first === undefined) {
    throw new RbeeError(
      "model_not_found",
      `No hive that is connected has ${model}; see rbee model list, or fetch it with rbee model download ${model}`,
    );
  }
  // To look at one of several does no harm; to remove one might.
  if (names.length === 1 || operation === "model_get") return first;
  throw new RbeeError(
    "model_ambiguous",
    `${model} is on several hives (${names.join(", ")}); say which one with --hive`,
  );
}

function usualHive(known: readonly KnownHive[]): ConnectedHive {
  const usable = known.filter(isConnected);
  const own = usable.find(({ name }) => name === LOCAL_HIVE);
  if (own !== undefined) return own;
  const [only, ...others] = usable;
  if (only === undefined) {
    throw new RbeeError("hive_unreachable", "No hive is connected; start one with rbee up");
  }
  if (others.length === 0) return only;
  const names = usable.map(({ name }) => name).join(", ");
  throw new RbeeError("model_ambiguous", `Say which hive with --hive (connected: ${names})`);
}

function isConnected(hive: KnownHive): hive is ConnectedHive {
  return hive.unreachable === undefined && hive.url !== null;
}
