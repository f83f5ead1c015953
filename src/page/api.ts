import type { ErrorBody } from "../contracts/error_body.ts";
import type { JobView, SubmitAnswer } from "../contracts/job.ts";
import { newJobId } from "./job_id.ts";
import { tokenHeaders } from "./session_token.ts";

/** Why the queen refused, in her words; or why she was not reached. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** HTTP's; 0 where no answer came. */
  readonly status: number;
  /** The error's own name, for example `model_not_found`; `unreachable` where no answer came. */
  readonly code: string;

  constructor(message: string, options: { status: number; code: string; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.status = options.status;
    this.code = options.code;
  }
}

/** How long the queen may take until she begins to answer. */
const LIMIT_MS = 20_000;

/** A request, and how long its answer may take to begin. */
interface AskOptions extends RequestInit {
  /** In milliseconds. Default 20,000. */
  limitMs?: number;
}

let origin = "";

/** Sends all requests to another queen than the one that served this page: `http://127.0.0.1:7833`. */
export function setOrigin(url: string): void {
  origin = url;
}

/**
 * Sends a request to the queen that served this page.
 *
 * @throws {ApiError} If she refuses it; `unreachable` if she is not reached, or does not answer in time.
 */
export async function ask(path: string, options: AskOptions = {}): Promise<Response> {
  const { limitMs = LIMIT_MS, ...init } = options;
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), limitMs);
  const { signal } = patience;
  let response: Response;
  try {
    response = await fetch(`${origin}${path}`, {
      ...init,
      signal: init.signal ? AbortSignal.any([init.signal, signal]) : signal,
      cache: "no-store",
      credentials: "omit",
      headers: { ...tokenHeaders(), ...init.headers as Record<string, string> },
    });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(
      signal.aborted
        ? `The queen did not answer in ${limitMs / 1000} s; other tabs of this page may hold all ` +
          "connections that the browser allows, so close some"
        : "The queen is not reached; look whether she runs with rbee status",
      { status: 0, code: "unreachable", cause: error },
    );
  } finally {
    clearTimeout(timer);
  }
  if (response.ok) return response;
  throw await refusalOf(response);
}

/**
 * Sends a request whose answer is JSON, as {@linkcode ask}.
 *
 * @throws {ApiError} As {@linkcode ask}; `unreachable` also where the answer breaks off, or is no JSON.
 */
export async function askJson<T>(path: string, init: AskOptions = {}): Promise<T> {
  const response = await ask(path, init);
  try {
    return await response.json() as T;
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError("The queen's answer broke off; try again", {
      status: 0,
      code: "unreachable",
      cause: error,
    });
  }
}

/** Reads why a request was refused. */
export async function refusalOf(response: Response): Promise<ApiError> {
  const { status } = response;
  const body = await response.json().catch(() => undefined) as ErrorBody | undefined;
  const { code = "refused", message = `The queen answered ${status}` } = body?.error ?? {};
  return new ApiError(message, { status, code });
}

/**
 * Has the queen do an operation, which goes on whether or not anybody watches. Where no answer comes it is
 * sent once more, with the same id: whether or not she had taken the first, there is one job.
 *
 * @param body `operation`, and its fields.
 * @param job_id Of who wants to know it before the answer. Default: a new one.
 * @returns The id of its job.
 * @throws {ApiError} If she does not take it; `unreachable` where that is not known.
 */
export async function submitJob(
  body: { operation: string } & Record<string, unknown>,
  job_id: string = newJobId(),
): Promise<string> {
  const submit = () =>
    askJson<SubmitAnswer>("/v1/jobs", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ ...body, job_id }),
    });
  await submit().catch((error: unknown) => {
    if (error instanceof ApiError && error.code === "unreachable") return submit();
    throw error;
  });
  return job_id;
}

/**
 * Has a job end. Its end comes by its stream.
 *
 * @param headers Of who shows another token than the page does now.
 * @throws {ApiError} `job_already_ended` If there is nothing to cancel; others if she does not take it.
 */
export async function cancelJob(
  jobId: string,
  headers: Record<string, string> = {},
): Promise<void> {
  const response = await ask(`/v1/jobs/${jobId}`, { method: "DELETE", headers });
  await response.body?.cancel();
}

/**
 * Looks at a job as it is now.
 *
 * @throws {ApiError} If the queen does not show it.
 */
export async function lookAtJob(jobId: string): Promise<JobView> {
  return await askJson<JobView>(`/v1/jobs/${jobId}`);
}

/**
 * The names of the models that can be asked, as OpenAI's clients read them.
 *
 * @throws {ApiError} If the queen does not tell them.
 */
export async function modelNames(): Promise<string[]> {
  const { data } = await askJson<{ data: { id: string }[] }>("/v1/models");
  return data.map(({ id }) => id);
}
