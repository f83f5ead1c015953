import { RbeeError } from "../base/rbee_error.ts";
import { isLoopback } from "./model_ref.ts";

/** A file that can be fetched. */
export interface RemoteFile {
  /** What people call it. Default: its path. */
  name?: string | undefined;
  /** Its path in the store. */
  path: string;
  url: string;
  /** Where its server, or a hub, tells. */
  bytes?: number | undefined;
  /** In hexadecimal, where a hub tells. */
  sha256?: string | undefined;
}

/** How servers are asked. */
export interface Credentials {
  /** Shown as a bearer token to this origin, and to no other. */
  token?: { origin: string; value: string } | undefined;
  /** Whether a redirect may leave https for a machine that is not this one. Default false. */
  allowHttp?: boolean | undefined;
}

/** What people call a file. */
export function nameOfFile({ name, path }: RemoteFile): string {
  return name ?? path;
}

const MAX_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * Asks a server by GET, through redirects, which leave the token behind where they lead to another
 * origin. The body is the caller's to read or to cancel.
 *
 * @returns The answer, and the address that gave it.
 * @throws {RbeeError} `download_failed` If it redirects in circles, or to where nobody should go.
 * @throws {unknown} If nobody answers, or `signal` aborts.
 */
export async function requestFile(
  url: string,
  headers: Record<string, string>,
  options: Credentials & { signal: AbortSignal },
): Promise<{ answer: Response; url: URL }> {
  let at = new URL(url);
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const answer = await fetch(at, {
      redirect: "manual",
      // With any other value the bytes would not be those of the file.
      headers: { ...headers, "Accept-Encoding": "identity", ...authorization(at, options) },
      signal: options.signal,
    });
    const location = answer.headers.get("location");
    if (!REDIRECTS.has(answer.status) || location === null) return { answer, url: at };
    await answer.body?.cancel();
    at = nextHop(at, location, options);
  }
  throw new RbeeError("download_failed", `${new URL(url).origin} redirects in circles`);
}

function authorization(url: URL, { token }: Credentials): { Authorization?: string } {
  const isSafe = url.protocol === "https:" || isLoopback(url);
  if (token === undefined || url.origin !== token.origin || !isSafe) return {};
  return { Authorization: `Bearer ${token.value}` };
}

function nextHop(from: URL, location: string, { allowHttp }: Credentials): URL {
  let to: URL;
  try {
    to = new URL(location, from);
  } catch {
    throw new RbeeError("download_failed", `${from.origin} redirects to "${location}", no address`);
  }
  const isPlain = to.protocol === "http:" && (from.protocol === "http:" || isLoopback(to));
  if (to.protocol === "https:" || isPlain || to.protocol === "http:" && allowHttp) return to;
  throw new RbeeError(
    "download_failed",
    `${from.origin} redirects to ${to.origin}, which is not encrypted; choose another address`,
  );
}
