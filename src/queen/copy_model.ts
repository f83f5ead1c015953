import { RbeeError, toRbeeError } from "../base/rbee_error.ts";
import {
  MISSING,
  type ModelCopyRequest,
  modelDetailsSchema,
  type ModelReceipt,
  modelReceiptSchema,
  type StoredModel,
} from "../contracts/model.ts";
import { authorizationFor } from "../http/bearer_tokens.ts";
import { errorFromResponse } from "../http/errors.ts";
import { readBody } from "../http/read_body.ts";
import { trustFor } from "../http/trusted_authorities.ts";
import type { Job, JobResult } from "../jobs/job.ts";
import { connectionFailure, PassingFailure } from "../models/http_failure.ts";
import { DEMO_MODEL } from "../models/model_file.ts";
import { Retry } from "../models/retry.ts";
import { narrate } from "../narration/narrate.ts";
import type { Hives } from "./hives.ts";
import { connected, type ConnectedHive, onHive, onOwnModel } from "./models.ts";

// Below what a role takes as one body; a lost block costs no more than itself.
const BLOCK_BYTES = 4 * 1024 * 1024;
const BLOCK_MS = 60_000;

/** A model on its way, and where it goes. */
interface Transfer {
  from: ConnectedHive;
  to: ConnectedHive;
  model: StoredModel;
  files: { path: string; bytes: number; sha256: string }[];
  signal: AbortSignal;
}

/**
 * Brings a model from one hive to another: the queen reads it block by block at the one and writes it at
 * the other, so that neither needs to reach the other, or a hub. What has come stays when it breaks off,
 * and is taken up by the next copy. The sum of each file is computed on both sides.
 *
 * @throws {RbeeError} `hive_unreachable`, `model_not_found`, `disk_full`, `checksum_mismatch` or
 * `download_failed`.
 * @throws {unknown} If the job is cancelled: its reason.
 */
export async function copyModel(
  hives: Pick<Hives, "ask" | "known" | "hasMoved" | "whyLost">,
  request: ModelCopyRequest,
  job: Job,
): Promise<JobResult> {
  const { model: asked } = request;
  if (asked === DEMO_MODEL) {
    throw new RbeeError("model_not_stored", `${asked} comes with rbee, and is on every hive`);
  }
  if (request.from === request.to) {
    throw new RbeeError("invalid_request", "Name two hives, one with --from and another with --to");
  }
  const to = connected(await hives.ask(request.to), request.to);
  const from = connected(await hives.ask(request.from), request.from);
  const get = { operation: "model_get", model: asked, checksum: true };
  const { result } = await onOwnModel(hives, from, get, job);
  const { sha256 = [], ...model } = modelDetailsSchema.parse(result);
  const files = model.files.map((file, index) => ({ ...file, sha256: sha256[index] ?? "" }));
  const transfer = { from, to, model, files };
  narrate("model_copy", `Copying ${model.name} from ${from.name} to ${to.name}`);
  // The job there lives as long as the copy: it ends with what is sent, or ends that.
  const receiving = new AbortController();
  const signal = AbortSignal.any([job.signal, receiving.signal]);
  let sending: Promise<void> | undefined;
  let failure: unknown;
  const onData = (name: string, value: unknown) => {
    if (name !== MISSING) return;
    const { missing } = modelReceiptSchema.parse({ missing: value });
    sending = sendMissing({ ...transfer, signal }, { missing }).catch((error: unknown) => {
      failure = error;
      receiving.abort(error);
    });
  };
  try {
    const request = { operation: "model_receive", model: model.name, files };
    return await onHive(hives, to, request, job, { signal: receiving.signal, onData });
  } catch (error) {
    job.signal.throwIfAborted();
    // Cancelled there, it was from here, and for this reason.
    throw toRbeeError(error).code === "cancelled_elsewhere" ? failure ?? error : error;
  } finally {
    receiving.abort();
    await sending;
  }
}

async function sendMissing(transfer: Transfer, { missing }: ModelReceipt): Promise<void> {
  const { model, files, signal } = transfer;
  const retry = new Retry(model.name);
  for (const [index, { path }] of files.entries()) {
    for (const [start, end] of missing[index] ?? []) {
      for (let at = start; at < end; at += BLOCK_BYTES) {
        const until = Math.min(at + BLOCK_BYTES, end);
        await retry.until(() => sendBlock(transfer, path, [at, until]), signal);
        retry.succeeded();
      }
    }
  }
}

/** @throws {PassingFailure} If it may go well another time. */
async function sendBlock(
  { from, to, signal: outer }: Transfer,
  path: string,
  [start, end]: [number, number],
): Promise<void> {
  const signal = AbortSignal.any([outer, AbortSignal.timeout(BLOCK_MS)]);
  const place = `/v1/models/files/${path.split("/").map(encodeURIComponent).join("/")}`;
  const block = await request(from.url + place, {
    headers: { Range: `bytes=${start}-${end - 1}` },
    signal,
  }, outer);
  if (block.length !== end - start) {
    throw new RbeeError(
      "download_failed",
      `"${path}" on hive "${from.name}" changes; copy it again`,
    );
  }
  await request(`${to.url}${place}?offset=${start}`, { method: "PUT", body: block, signal }, outer);
}

async function request(
  url: string,
  init: {
    method?: string;
    headers?: Record<string, string>;
    body?: Uint8Array<ArrayBuffer>;
    signal: AbortSignal;
  },
  outer: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const headers = { ...init.headers, ...authorizationFor(url) };
    const answer = await fetch(url, {
      ...init,
      ...trustFor(url),
      headers,
      redirect: "manual",
    });
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    let length = 0;
    for await (const chunk of readBody(answer.body ?? new Blob([]).stream(), init.signal)) {
      length += chunk.length;
      if (length > BLOCK_BYTES) {
        throw new RbeeError("bad_answer", `${url} answers with more than it was asked for`);
      }
      chunks.push(chunk as Uint8Array<ArrayBuffer>);
    }
    const bytes = new Uint8Array(await new Blob(chunks).arrayBuffer());
    if (answer.ok) return bytes;
    const error = errorFromResponse(answer.status, new TextDecoder().decode(bytes), url);
    // The block before, whose answer was lost, may still be on its way to the disk.
    if (error.code === "model_in_use") throw new PassingFailure(error.message);
    throw error;
  } catch (error) {
    outer.throwIfAborted();
    throw connectionFailure(error, new URL(url));
  }
}
