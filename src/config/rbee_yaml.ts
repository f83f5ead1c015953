import { join } from "node:path";
import { parseDocument } from "yaml";
import { z } from "zod";
import { RbeeError } from "../base/rbee_error.ts";

/** The ports of the contract. */
export const DEFAULT_QUEEN_PORT = 7833;
export const DEFAULT_HIVE_PORT = 7835;

const listener = (port: number) =>
  z.strictObject({
    host: z.string().min(1).default("127.0.0.1"),
    port: z.number().int().min(0).max(65_535).default(port),
  });

/** `rbee.yaml`. Every key may be missing; unknown keys are errors. */
export const rbeeYamlSchema = z.strictObject({
  queen: listener(DEFAULT_QUEEN_PORT).prefault({}),
  hive: listener(DEFAULT_HIVE_PORT).prefault({}),
});
export type RbeeYaml = z.infer<typeof rbeeYamlSchema>;

/**
 * Reads `rbee.yaml` in `folder`; the defaults when there is none.
 *
 * @throws {RbeeError} `bad_config` If it is not YAML or does not fit, naming file, line and key.
 */
export async function readRbeeYaml(folder: string): Promise<RbeeYaml> {
  const path = join(folder, "rbee.yaml");
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return rbeeYamlSchema.parse({});
    throw new RbeeError("bad_config", `Cannot read ${path}: ${String(error)}`, { cause: error });
  }
  const document = parseDocument(text);
  const syntax = document.errors[0];
  if (syntax !== undefined) {
    const line = syntax.linePos?.[0].line ?? 1;
    throw new RbeeError(
      "bad_config",
      `${path}, line ${line}: ${syntax.message.split("\n", 1)[0]}; mend the file`,
    );
  }
  const parsed = rbeeYamlSchema.safeParse(document.toJS() ?? {});
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const keys = issue.code === "unrecognized_keys" ? [...issue.path, issue.keys[0]!] : issue.path;
  const what = issue.code === "unrecognized_keys" ? "is not a known key" : issue.message;
  throw new RbeeError("bad_config", `${path}: "${keys.join(".")}" ${what}; mend the file`);
}
