import { RbeeError } from "../base/rbee_error.ts";
import { mayHoldSecret } from "../base/redact.ts";
import { isSecretName } from "../base/secret_signs.ts";
import { singleLine } from "../base/single_line.ts";
import { DEMO_MODEL } from "./model_file.ts";

/** What a model's name means. */
export type ModelRef =
  | { kind: "demo" }
  /** `pick`: a file of the repository, or a quantisation; without it the usual one is meant. */
  | { kind: "hub"; repo: string; pick?: { file: string } | { quantisation: string } }
  | { kind: "url"; url: URL }
  | { kind: "path"; path: string };

/** What is allowed beside the usual. */
export interface ModelRefOptions {
  /** Whether `http://` may lead off this machine. Default false. */
  allowHttp?: boolean;
}

const FORMS = "hf:org/repo, hf:org/repo:Q4_K_M, hf:org/repo:file.gguf, https://….gguf";
const REPO = /^[A-Za-z0-9][A-Za-z0-9._-]*\/[A-Za-z0-9][A-Za-z0-9._-]*$/;
const QUANTISATION = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const FILE = /^[^\\]+\.gguf$/i;

/**
 * Reads a model's name: `bee-tiny`, `hf:org/repo`, `hf:org/repo:Q4_K_M`, `hf:org/repo:file.gguf`,
 * `https://…/file.gguf` or a path. Looks nowhere whether there is such a model.
 *
 * @throws {RbeeError} `bad_model_name` If it is a name of the hub or an address, and not a right one.
 * @throws {RbeeError} `model_not_found` If it is of none of these forms.
 */
export function parseModelRef(name: string, options: ModelRefOptions = {}): ModelRef {
  if (name === DEMO_MODEL) return { kind: "demo" };
  if (name.startsWith("hf:")) return hubRef(name);
  if (/^https?:/i.test(name)) return urlRef(name, options.allowHttp ?? false);
  if (name.includes("/")) return { kind: "path", path: name };
  throw unknownModel(name);
}

/** The error for a name of no model, with the forms that names have. */
export function unknownModel(name: string): RbeeError {
  return new RbeeError(
    "model_not_found",
    `Cannot find the model "${
      singleLine(name)
    }"; name ${DEMO_MODEL}, ${FORMS} or the path of a GGUF file on the hive's machine`,
  );
}

/**
 * Whether a name shows as what it is: nothing in it that a terminal obeys, ends a line, cannot be seen,
 * or turns the direction of what follows.
 */
export function isPrintable(name: string): boolean {
  return name.isWellFormed() && !/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\ufeff]/u.test(name);
}

/** Whether an address is this machine's own, so that nobody can listen in on the way. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
}

function hubRef(name: string): ModelRef {
  const [repo = "", ...rest] = name.slice("hf:".length).split(":");
  const pick = rest.join(":");
  const [org, project, ...folders] = repo.split("/");
  if (folders.length > 0) {
    const file = singleLine(`hf:${org}/${project}:${folders.join("/")}`);
    throw bad(name, `write the file after a colon, ${file}`);
  }
  if (!REPO.test(repo) || repo.includes("..")) throw bad(name, `write ${FORMS}`);
  if (rest.length === 0) return { kind: "hub", repo };
  if (FILE.test(pick)) {
    if (!isPrintable(pick)) throw bad(name, "the file's name has characters that cannot be seen");
    if (pick.split("/").some((part) => part === "" || /^\.{1,2}$/.test(part))) {
      throw bad(name, "the file must be a path inside the repository");
    }
    return { kind: "hub", repo, pick: { file: pick } };
  }
  if (!QUANTISATION.test(pick)) {
    throw bad(name, "after the second colon stands a quantisation as Q4_K_M, or a .gguf file");
  }
  return { kind: "hub", repo, pick: { quantisation: pick } };
}

function urlRef(name: string, allowHttp: boolean): ModelRef {
  let url: URL;
  try {
    url = new URL(name);
  } catch {
    throw bad(name, "it is not a complete address; write https://host/file.gguf");
  }
  url.hash = "";
  if (url.username !== "" || url.password !== "") {
    throw bad(name.replace(/\/\/[^@/]*@/, "//…@"), "leave user and password out of the address");
  }
  const secret = [...url.searchParams].find(([key, value]) => holdsSecret(key, value))?.[0];
  if (secret !== undefined) {
    // Not the parameter's value, nor what a value before it may have hidden.
    throw bad(
      name.replace(/\?.*$/s, "?…"),
      `the value of "${
        singleLine(secret.slice(0, 40))
      }" looks like a secret, and an address is listed and kept with all that is in it; fetch the file by other means, and name its path`,
    );
  }
  if (!/\.gguf$/i.test(url.pathname)) {
    throw bad(name, "the address must lead to a .gguf file; copy the link of the file itself");
  }
  if (url.protocol === "http:" && !isLoopback(url) && !allowHttp) {
    throw bad(
      name,
      "it would be fetched without encryption; use https, or set hive.allow_http: true in rbee.yaml",
    );
  }
  return { kind: "url", url };
}

// How stores of objects sign an address; it is as good as a password until it expires.
const SIGNATURE =
  /^(x-(amz|goog|ms)-(signature|credential|security-token)|awsaccesskeyid|sig|signature|key|apikey|auth)$/i;

function holdsSecret(key: string, value: string): boolean {
  return value !== "" && (SIGNATURE.test(key) || isSecretName(key) || mayHoldSecret(value));
}

function bad(name: string, what: string): RbeeError {
  return new RbeeError(
    "bad_model_name",
    `Cannot use the model name "${singleLine(name)}": ${what}`,
  );
}
