import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { messageOf, RbeeError } from "../base/rbee_error.ts";

/** Where a certificate and its key are, each as PEM. */
export interface TlsFiles {
  /** The certificate, and behind it those that lead to its authority. */
  cert: string;
  /** Its private key, without a passphrase. */
  key: string;
}

/** A certificate by which a listener shows who it is, and the key that proves it. */
export interface TlsCertificate {
  /** As PEM, with those that lead to its authority. */
  cert: string;
  /** As PEM. */
  key: string;
  /** The names and addresses that it is for, one at least; a name may begin with `*.`. */
  names: string[];
  /** When it expires. */
  validUntil: Date;
}

/**
 * Reads a certificate and its key, and makes sure that clients can accept them: that they belong
 * together, that the time is right, and that it names what it is for.
 *
 * @throws {RbeeError} `tls_certificate` If a file cannot be read, is not PEM, or does not fit; it names
 * the file.
 */
export async function readTlsCertificate(files: TlsFiles): Promise<TlsCertificate> {
  const [cert, key] = await Promise.all([readPem(files.cert), readPem(files.key)]);
  const certificate = parseCertificate(files.cert, cert);
  const privateKey = parseKey(files.key, key);
  if (!certificate.checkPrivateKey(privateKey)) {
    throw unfit(
      files.key,
      `is not the key of the certificate in ${files.cert}; give the two that were made together`,
    );
  }
  const now = new Date();
  if (certificate.validToDate < now) {
    throw unfit(files.cert, `expired on ${dayOf(certificate.validToDate)}; put a new one there`);
  }
  if (certificate.validFromDate > now) {
    throw unfit(
      files.cert,
      `is not valid before ${dayOf(certificate.validFromDate)}; look at this machine's clock`,
    );
  }
  const names = namesOf(certificate);
  if (names.length === 0) {
    throw unfit(
      files.cert,
      "names no host (subjectAltName), which clients ask for; make it with openssl req … -addext subjectAltName=DNS:NAME",
    );
  }
  // Rustls, by which our own clients look at it, refuses such a one.
  if (certificate.ca) {
    throw unfit(
      files.cert,
      "is an authority's own and not a server's (CA:TRUE); make it with openssl req … -addext basicConstraints=critical,CA:FALSE",
    );
  }
  return { cert, key, names, validUntil: certificate.validToDate };
}

async function readPem(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw unfit(path, "is not there");
    throw unfit(path, `cannot be read: ${messageOf(error)}`);
  }
}

function parseCertificate(path: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw unfit(path, "is not a certificate in the form PEM (-----BEGIN CERTIFICATE-----)", error);
  }
}

function parseKey(path: string, pem: string): KeyObject {
  if (/^-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m.test(pem)) {
    throw unfit(path, "has a passphrase; write one without by openssl pkey -in FILE -out NEW_FILE");
  }
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw unfit(path, "is not a private key in the form PEM, as openssl genpkey writes it", error);
  }
}

/** See RFC 5280, section 4.2.1.6; as Node writes it: `DNS:a.example, IP Address:10.0.0.5`. */
function namesOf({ subjectAltName }: X509Certificate): string[] {
  return (subjectAltName ?? "").split(", ")
    .map((entry) => /^(?:DNS|IP Address):(.+)$/.exec(entry)?.[1])
    .filter((name) => name !== undefined);
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function unfit(path: string, sentence: string, cause?: unknown): RbeeError {
  return new RbeeError("tls_certificate", `The TLS file ${path} ${sentence}`, { cause });
}
