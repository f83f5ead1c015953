import type { z } from "zod";
import { RbeeError } from "../../base/rbee_error.ts";
import { faultOf, type SchemaFault, sentence, valueAt } from "../../http/schema_fault.ts";

/**
 * Checks the body of a request in OpenAI's form. A parameter that is null counts as left out, as it
 * does there.
 *
 * @param options.neutral The names of parameters that are taken with some values alone.
 * @throws {RbeeError} `unsupported_parameter` If it asks for what is not supported, by a parameter or
 * by the value of one. Never is a parameter passed over.
 * @throws {RbeeError} `invalid_request` If it does not fit otherwise.
 */
export function readParameters<S extends z.ZodType>(
  schema: S,
  body: Record<string, unknown>,
  options: { neutral: object },
): z.infer<S> {
  const given = withoutNulls(body);
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => faultOf(issue));
  const isNeutral = ({ path }: SchemaFault) => path[0]! in options.neutral;
  const asksForMore = (fault: SchemaFault) => {
    const { path, issue } = fault;
    if (issue.code === "unrecognized_keys") return true;
    // What is of the wrong kind asks for nothing.
    if (isNeutral(fault)) return issue.code !== "invalid_type";
    return path.length > 1 && (path.at(-1) === "type" || path.at(-1) === "include_obfuscation") &&
      valueAt(given, path) !== undefined;
  };
  // What is wrong anyhow is not mended by mending the rest.
  const unsupported = faults.find(asksForMore);
  if (unsupported !== undefined) {
    throw notSupported(unsupported, { given, mayBeLeftOut: isNeutral(unsupported) });
  }
  const { path, issue } = faults[0]!;
  const param = nameOf(path);
  const what = valueAt(given, path) === undefined ? "is missing" : sentence(issue);
  throw invalid(param, `Parameter "${param}" ${what}`);
}

/** An object without its members that are null, but for those that are named. */
export function withoutNulls(
  value: object,
  options: { keep?: readonly string[] } = {},
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).filter(([name, member]) =>
      member !== null || options.keep?.includes(name)
    ),
  );
}

function notSupported(
  { path, issue }: SchemaFault,
  { given, mayBeLeftOut }: { given: unknown; mayBeLeftOut: boolean },
): RbeeError {
  if (issue.code === "unrecognized_keys") {
    const param = nameOf([...path, issue.keys[0]!]);
    return unsupported(param, `Parameter "${param}" is not supported; leave it out`);
  }
  const param = nameOf(path);
  const value = valueAt(given, path);
  // A word that is long is hardly one of the API's own, and may be the person's.
  const isShown = typeof value !== "object" && String(value).length <= 40;
  const what = isShown ? JSON.stringify(value) : "what it holds";
  return unsupported(
    param,
    `Parameter "${param}" ${sentence(issue)}${
      mayBeLeftOut ? ", or be left out" : ""
    }; ${what} is not supported`,
  );
}

function unsupported(field: string, message: string): RbeeError {
  return new RbeeError("unsupported_parameter", message, { details: { field } });
}

function invalid(field: string, message: string): RbeeError {
  return new RbeeError("invalid_request", message, { details: { field } });
}

/** As OpenAI names what is inside another: `messages[0].content`. */
function nameOf(path: readonly PropertyKey[]): string {
  return path.map((key, at) =>
    typeof key === "number" ? `[${key}]` : `${at === 0 ? "" : "."}${String(key)}`
  ).join("").slice(0, 200);
}
