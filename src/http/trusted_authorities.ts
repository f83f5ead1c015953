import { X509Certificate } from "node:crypto";
import { messageOf, RbeeError } from "../base/rbee_error.ts";

/** Who is trusted now, and by what connections. The client is made when it is needed first. */
let trusted: { pem: string; client?: Deno.HttpClient } | undefined;

/**
 * Reads a file of certificate authorities, as PEM.
 *
 * @throws {RbeeError} `tls_authority` If it cannot be read, or is no such file.
 */
export async function readAuthorities(path: string): Promise<string> {
  let pem: string;
  try {
    pem = await Deno.readTextFile(path);
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound
      ? "is not there"
      : `cannot be read: ${messageOf(error)}`;
    throw new RbeeError("tls_authority", `The file of authorities ${path} ${why}`);
  }
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g);
  try {
    if (certificates === null) throw new TypeError("it holds no certificate");
    for (const each of certificates) new X509Certificate(each);
  } catch (error) {
    throw new RbeeError(
      "tls_authority",
      `The file of authorities ${path} holds no certificate in the form PEM (-----BEGIN CERTIFICATE-----)`,
      { cause: error },
    );
  }
  return pem;
}

/**
 * From now on the requests of this process to roles trust these authorities too, beside the system's.
 * A second call takes the place of the first.
 *
 * @param pem As {@linkcode readAuthorities} gives it.
 * @returns Ends it, and lets go of its connections.
 */
export function trustAuthorities(pem: string): Disposable {
  const own: typeof trusted = { pem };
  trusted = own;
  return {
    [Symbol.dispose]() {
      own.client?.close();
      delete own.client;
      if (trusted === own) trusted = undefined;
    },
  };
}

/** What `fetch` is to be given for a request to a role at `url`, beside the request itself. */
export function trustFor(url: string): { client?: Deno.HttpClient } {
  if (trusted === undefined || !url.startsWith("https:")) return {};
  return { client: trusted.client ??= Deno.createHttpClient({ caCerts: [trusted.pem] }) };
}
