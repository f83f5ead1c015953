import type { Context, MiddlewareHandler } from "hono";
import { RbeeError } from "../base/rbee_error.ts";
import { callerOf } from "./caller.ts";
import { unauthorized } from "./unauthorized.ts";

/** The largest body that is taken, in bytes. */
export const MAX_BODY_BYTES = 8 * 1024 * 1024;

/** How long a body may take, in milliseconds, where no limits say otherwise. */
const BODY_TIME_MS = 30_000;
/** How much must come in a second for a body to have more time: less than any line that is in use brings. */
const LEAST_BYTES_PER_SECOND = 16 * 1024;

/**
 * Refuses bodies of more than {@linkcode MAX_BODY_BYTES} before they are read. Those that do not say
 * their length are read here, as {@linkcode readRequestBody} does, so that who passes them on need not
 * look.
 */
export function limitBody(): MiddlewareHandler {
  return async (c, next) => {
    const { raw } = c.req;
    if (raw.body !== null) {
      const length = raw.headers.get("content-length");
      // Where both are sent, the length is not the one that counts.
      if (length !== null && !raw.headers.has("transfer-encoding")) {
        if (Number(length) > MAX_BODY_BYTES) throw bodyTooLarge();
      } else {
        const bytes = await readCounted(c, raw.body);
        c.req.raw = new Request(raw, { body: bytes });
      }
    }
    await next();
  };
}

/**
 * Reads the whole body of a request. One that is refused is cancelled, which lets go of what its
 * connection holds.
 *
 * @throws {RbeeError} `body_too_slow` If it takes longer than it may.
 * @throws {RbeeError} `body_too_large` If it has more than {@linkcode MAX_BODY_BYTES}.
 * @throws {RbeeError} `too_many_bodies` If as many of its token's are on their way as may be.
 * @throws {RbeeError} `unauthorized` If its token was revoked while it came.
 */
export async function readRequestBody(c: Context): Promise<Uint8Array<ArrayBuffer>> {
  const { body } = c.req.raw;
  return body === null ? new Uint8Array() : await readCounted(c, body);
}

async function readCounted(
  c: Context,
  body: ReadableStream<Uint8Array>,
): Promise<Uint8Array<ArrayBuffer>> {
  const caller = callerOf(c);
  const limits = c.get("limits");
  let close: (() => void) | undefined;
  try {
    close = limits?.openBody(caller);
  } catch (error) {
    await body.cancel();
    throw error;
  }
  try {
    const bytes = await readLimited(body, limits?.bodyTimeMs ?? BODY_TIME_MS);
    // A body may take minutes.
    if (caller.isKnown?.() === false) throw unauthorized(true);
    return bytes;
  } finally {
    close?.();
  }
}

async function readLimited(
  body: ReadableStream<Uint8Array>,
  timeMs: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  // Copied, since a chunk of a byte keeps kilobytes of its connection.
  let bytes = new Uint8Array();
  let size = 0;
  let refusal: RbeeError | undefined;
  const refuse = (error: RbeeError) => {
    refusal = error;
    // What is being read ends by it. A body that is broken cannot be cancelled, and need not be.
    return reader.cancel(error).catch((broken: unknown) => broken);
  };
  const startedMs = performance.now();
  const check = () => {
    const spentMs = performance.now() - startedMs;
    const leftMs = timeMs + size / LEAST_BYTES_PER_SECOND * 1000 - spentMs;
    if (leftMs > 0) timer = setTimeout(check, Math.ceil(leftMs));
    else refuse(bodyTooSlow(spentMs));
  };
  let timer = timeMs === 0 ? undefined : setTimeout(check, timeMs);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (refusal !== undefined) throw refusal;
      if (done) break;
      if (size + value.length > MAX_BODY_BYTES) {
        await refuse(bodyTooLarge());
        throw refusal;
      }
      bytes = withRoomFor(bytes, size + value.length);
      bytes.set(value, size);
      size += value.length;
    }
  } finally {
    clearTimeout(timer);
  }
  return bytes.subarray(0, size);
}

/** The same bytes, with twice the room where they lack it. */
function withRoomFor(bytes: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> {
  if (bytes.length >= size) return bytes;
  const larger = new Uint8Array(Math.max(size, bytes.length * 2));
  larger.set(bytes);
  return larger;
}

function bodyTooLarge(): RbeeError {
  return new RbeeError(
    "body_too_large",
    `The body is larger than ${MAX_BODY_BYTES / 1024 / 1024} MiB; send less`,
  );
}

function bodyTooSlow(spentMs: number): RbeeError {
  return new RbeeError(
    "body_too_slow",
    `The body had not come whole after ${
      Math.round(spentMs / 100) / 10
    } s; send it faster, or in smaller parts`,
  );
}
