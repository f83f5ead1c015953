import { z } from "zod";
import { RbeeError } from "../base/rbee_error.ts";
import { parseJson } from "../base/parse_json.ts";
import { connectionFailure, httpFailure } from "./http_failure.ts";
import { type Credentials, type RemoteFile, requestFile } from "./remote_file.ts";
import { Retry, type RetryOptions } from "./retry.ts";

/** The hub that is asked unless `HF_ENDPOINT` names another. */
export const DEFAULT_HUB = "https://huggingface.co";

/** A hub of models, and how it is asked. */
export interface HubOptions {
  /** Its address, without a slash at its end. */
  endpoint: string;
  credentials: Credentials;
  retry?: RetryOptions | undefined;
}

const ANSWER_MS = 30_000;
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

const repositorySchema = z.object({
  /** The commit that the list is of; a mirror may have none to tell. */
  sha: z.string().regex(/^[0-9a-f]{7,64}$/).optional().catch(undefined),
  siblings: z.array(z.object({
    rfilename: z.string(),
    size: z.number().int().nonnegative().nullish(),
    lfs: z.object({
      sha256: z.string().optional(),
      oid: z.string().optional(),
      size: z.number().int().nonnegative().optional(),
    }).nullish(),
  })),
});

/**
 * The hub of this process's environment: `HF_ENDPOINT`, with `HF_TOKEN` for its origin alone.
 *
 * @throws {RbeeError} `bad_config` If `HF_ENDPOINT` is no address.
 */
export function hubOfEnvironment(
  env: (name: string) => string | undefined = (name) => Deno.env.get(name),
): { endpoint: string; token: Credentials["token"] } {
  const endpoint = (env("HF_ENDPOINT") || DEFAULT_HUB).replace(/(?<!\/)\/+$/, "");
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint)) {
    throw new RbeeError(
      "bad_config",
      `HF_ENDPOINT is "${endpoint}", no address such as ${DEFAULT_HUB}; set it anew`,
    );
  }
  const value = env("HF_TOKEN")?.trim();
  return { endpoint, token: value ? { origin: new URL(endpoint).origin, value } : undefined };
}

/**
 * The files of a repository at its newest commit, with sizes and sums where the hub tells them.
 *
 * @throws {RbeeError} `download_unauthorized`, `model_not_found` or `download_failed`.
 * @throws {unknown} If `signal` aborts: its reason.
 */
export async function listHubFiles(
  repo: string,
  options: HubOptions,
  signal: AbortSignal,
): Promise<RemoteFile[]> {
  const { endpoint, credentials } = options;
  const url = `${endpoint}/api/models/${repo}?blobs=true`;
  const text = await new Retry(`the list of files of ${repo}`, options.retry).until(
    () => readText(url, `hf:${repo}`, credentials, signal),
    signal,
  );
  const parsed = repositorySchema.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new RbeeError(
      "download_failed",
      `${endpoint} did not answer as a hub does; check HF_ENDPOINT`,
    );
  }
  const { sha: revision = "main", siblings } = parsed.data;
  return siblings.map(({ rfilename, size, lfs }) => {
    const sha256 = lfs?.sha256 ?? lfs?.oid?.replace(/^sha256:/, "");
    const path = rfilename.split("/").map(encodeURIComponent).join("/");
    return {
      path: rfilename,
      url: `${endpoint}/${repo}/resolve/${revision}/${path}`,
      bytes: lfs?.size ?? size ?? undefined,
      sha256: sha256 !== undefined && /^[0-9a-f]{64}$/.test(sha256) ? sha256 : undefined,
    };
  });
}

async function readText(
  address: string,
  what: string,
  credentials: Credentials,
  outer: AbortSignal,
): Promise<string> {
  const signal = AbortSignal.any([outer, AbortSignal.timeout(ANSWER_MS)]);
  try {
    const { answer, url } = await requestFile(address, {}, { ...credentials, signal });
    if (!answer.ok) {
      await answer.body?.cancel();
      throw httpFailure(what, answer, url);
    }
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of answer.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > MAX_ANSWER_BYTES) {
        throw new RbeeError("download_failed", `${url.host} answers without an end`);
      }
    }
    return text + decoder.decode();
  } catch (error) {
    outer.throwIfAborted();
    throw connectionFailure(error, new URL(address));
  }
}
