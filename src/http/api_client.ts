import type { z } from "zod";
import { messageOf, RbeeError } from "../base/rbee_error.ts";
import { authorizationFor } from "./bearer_tokens.ts";
import { tlsFailure } from "./tls_failure.ts";
import { trustFor } from "./trusted_authorities.ts";
import { errorFromResponse } from "./errors.ts";
import { readText } from "./read_text.ts";

/** One request to a role. */
export interface ApiRequest<S extends z.ZodType> {
  method?: "GET" | "POST" | "DELETE";
  /** Sent as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
  /** What the answer must fit. */
  schema: S;
  /** The statuses of answers that must fit; any other is an error. Default: 200 to 299. */
  statuses?: readonly number[];
  /** The limit for the whole answer in milliseconds. Default 30,000. */
  timeoutMs?: number;
  /** The longest answer that is read, in bytes. Default 64 MiB, for lists of all that a role keeps. */
  maxBytes?: number | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Sends one request and reads its JSON answer.
 *
 * @throws {RbeeError} The error that the role answered with, rebuilt.
 * @throws {RbeeError} `unreachable` If nobody answers at the address; `tls_untrusted` or `tls_mismatch` If
 * its encryption is why.
 * @throws {RbeeError} `bad_answer` If the answer is not what this version expects, is longer than
 * `maxBytes`, or leads to another address.
 */
export async function requestJson<S extends z.ZodType>(
  url: string,
  request: ApiRequest<S>,
): Promise<z.infer<S>> {
  const limit = AbortSignal.timeout(request.timeoutMs ?? 30_000);
  const signal = request.signal === undefined ? limit : AbortSignal.any([limit, request.signal]);
  const response = await send(url, request, signal);
  const text = await readText(response, { url, signal, maxBytes: request.maxBytes }).catch(
    (error: unknown) => {
      if (request.signal?.aborted) throw request.signal.reason;
      throw error instanceof RbeeError ? error : unreachable(url, error);
    },
  );
  const expected = request.statuses?.includes(response.status) ?? response.ok;
  if (!expected) throw errorFromResponse(response.status, text, url);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new RbeeError("bad_answer", `${url} did not answer with JSON; check that it is rbee's`);
  }
  const parsed = request.schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new RbeeError(
    "bad_answer",
    `${url} answered with something unexpected (${
      issue.path.join(".")
    }: ${issue.message}); check that it is an rbee of this version`,
  );
}

async function send<S extends z.ZodType>(
  url: string,
  request: ApiRequest<S>,
  signal: AbortSignal,
): Promise<Response> {
  const init: RequestInit = {
    method: request.method ?? "GET",
    headers: {
      ...(request.body === undefined ? {} : { "Content-Type": "application/json" }),
      ...authorizationFor(url),
      ...request.headers,
    },
    // No role sends anybody elsewhere; what is asked, and the token, are for this address alone.
    redirect: "manual",
    signal,
  };
  if (request.body !== undefined) init.body = JSON.stringify(request.body);
  try {
    return await fetch(url, { ...init, ...trustFor(url) });
  } catch (error) {
    if (request.signal?.aborted) throw request.signal.reason;
    throw unreachable(url, error);
  }
}

/** The error for an address where nobody answers, or that cannot be trusted. */
export function unreachable(url: string, cause: unknown): RbeeError {
  const { origin } = new URL(url);
  const text = messagesOf(cause).join(": ");
  const failure = tlsFailure(url, text, cause);
  if (failure !== undefined) return failure;
  const why = /refused/i.test(text)
    ? "connection refused"
    : /timed? ?out/i.test(text)
    ? "no answer in time"
    : /reset|closed|incomplete/i.test(text)
    ? "the connection was cut"
    : text.slice(0, 200);
  return new RbeeError("unreachable", `Cannot reach ${origin}: ${why}`, { cause });
}

/** The sentences of an error and of what caused it: a fetch tells its reason in its cause alone. */
function messagesOf(error: unknown): string[] {
  const inner = error instanceof Error && error.cause !== undefined ? messagesOf(error.cause) : [];
  return [messageOf(error), ...inner];
}
