import type { Context } from "hono";
import { accepts } from "hono/accepts";
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

/** How a body may be sent, the best first. */
const CODINGS = ["br", "gzip", "identity"] as const;

/** One of them, in the words of `Content-Encoding`. */
export type Coding = typeof CODINGS[number];

const HASH_DIGITS = 32;
const gzipped = promisify(gzip);
const brotlied = promisify(brotliCompress);

/** A file of a page, held in memory, with each of its encodings made when it is first asked for. */
export class StaticFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Its `Content-Type`. */
  readonly type: string;
  readonly #hash: string;
  readonly #coded = new Map<Coding, Promise<Uint8Array<ArrayBuffer>>>();

  constructor(bytes: Uint8Array<ArrayBuffer>, options: { type: string }) {
    this.bytes = bytes;
    this.type = options.type;
    this.#hash = createHash("sha256").update(bytes).digest("hex").slice(0, HASH_DIGITS);
  }

  /** Its bytes as they are sent. Made once, off the event loop, by the strongest compression. */
  in(coding: Coding): Promise<Uint8Array<ArrayBuffer>> {
    let coded = this.#coded.get(coding);
    if (coded === undefined) this.#coded.set(coding, coded = this.#encode(coding));
    return coded;
  }

  /** A strong one: another for each encoding, since their bytes differ. See RFC 9110, section 8.8.3. */
  etagIn(coding: Coding): string {
    return `"${this.#hash}${coding === "identity" ? "" : `-${coding}`}"`;
  }

  async #encode(coding: Coding): Promise<Uint8Array<ArrayBuffer>> {
    switch (coding) {
      case "br":
        return new Uint8Array(
          await brotlied(this.bytes, {
            params: {
              [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
              [constants.BROTLI_PARAM_SIZE_HINT]: this.bytes.length,
            },
          }),
        );
      case "gzip":
        return new Uint8Array(await gzipped(this.bytes, { level: 9 }));
      case "identity":
        return this.bytes;
    }
  }
}

/**
 * Answers with a file, in the best encoding that who asks takes; a browser asks again each time
 * whether it has changed (`no-cache`). Hono's `etag()` before it makes 304 of what has not, and Hono
 * itself leaves the body out for HEAD.
 */
export async function staticAnswer(c: Context, file: StaticFile): Promise<Response> {
  const coding = codingFor(c);
  const body = await file.in(coding);
  return c.body(body, 200, {
    "Content-Type": file.type,
    "Content-Length": String(body.length),
    "Cache-Control": "no-cache",
    "ETag": file.etagIn(coding),
    "Vary": "Accept-Encoding",
    ...(coding !== "identity" && { "Content-Encoding": coding }),
  });
}

/**
 * Of those that are liked most, ours first: browsers name gzip before br, and like both as much. What
 * takes nothing that there is gets the file as it is. See RFC 9110, section 12.5.3.
 */
function codingFor(c: Context): Coding {
  const chosen = accepts(c, {
    header: "Accept-Encoding",
    supports: [...CODINGS],
    default: "identity",
    match(accepted) {
      const weightOf = (coding: Coding) =>
        accepted.find(({ type }) => type.toLowerCase() === coding)?.q ??
          // What nobody names may be sent as it is, but is worth less than any that is named.
          (coding === "identity"
            ? Number.MIN_VALUE
            : accepted.find(({ type }) => type === "*")?.q ??
              0);
      const best = CODINGS.reduce((a, b) => weightOf(b) > weightOf(a) ? b : a);
      return weightOf(best) > 0 ? best : "identity";
    },
  });
  return CODINGS.find((coding) => coding === chosen) ?? "identity";
}
