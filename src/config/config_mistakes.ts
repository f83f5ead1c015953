import type { z } from "zod";
import { redact } from "../base/redact.ts";
import { emptyMappings } from "./empty_mappings.ts";
import { nearestName } from "./nearest_name.ts";
import { expectedValue, holder, inputSchema, schemaAt, type SchemaNode } from "./schema_node.ts";
import { YamlDocument, type YamlPosition } from "./yaml_document.ts";

/** Something in a file of settings that does not fit. */
export interface ConfigMistake extends YamlPosition {
  /**
   * The key at fault, with those above it and dots between, and without what looks like a secret in them;
   * absent where the file is no YAML.
   */
  key?: string;
  /** A sentence without its end, the key in it. Holds no value of the file, which may be a secret. */
  message: string;
}

/** What a text says that fits, or all that is wrong with it, in the order of the text. */
export type Judged<T> = { value: T; mistakes: [] } | {
  value?: undefined;
  mistakes: [ConfigMistake, ...ConfigMistake[]];
};

// What a schema says itself is better than what can be said of its kind.
const UNSAID = "\0";

/** Judges a text of YAML by a schema. Never throws. */
export function judgeYaml<T>(text: string, schema: z.ZodType<T>): Judged<T> {
  const document = new YamlDocument(text);
  const mistakes: ConfigMistake[] = [...document.faults];
  if (document.isReadable) {
    const node = inputSchema(schema);
    const value = emptyMappings(document.value, node);
    const parsed = schema.safeParse(value, { error: () => UNSAID });
    if (parsed.success) {
      if (mistakes.length === 0) return { value: parsed.data, mistakes: [] };
    } else {
      const judge = new Judge(document, node);
      mistakes.push(...judge.mistakes(parsed.error.issues));
    }
  }
  mistakes.sort((a, b) => a.line - b.line || a.column - b.column);
  return { mistakes: mistakes as [ConfigMistake, ...ConfigMistake[]] };
}

type Issue = z.core.$ZodIssue;

/** Puts what a schema objects to into words. */
class Judge {
  readonly #document: YamlDocument;
  readonly #root: SchemaNode;
  /** Keys that a misspelled one stands for: they are not missing. */
  readonly #meant = new Set<string>();

  constructor(document: YamlDocument, root: SchemaNode) {
    this.#document = document;
    this.#root = root;
  }

  mistakes(issues: readonly Issue[]): ConfigMistake[] {
    const unknown = issues.flatMap((issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.filter((key) => !this.#document.forbidden.has(key))
          .map((key) => this.#unknownKey(issue.path, key))
        : []
    );
    const isSaid = ({ path }: Issue) =>
      path.some((name) => this.#document.forbidden.has(String(name)));
    const others = issues.filter((issue) => issue.code !== "unrecognized_keys" && !isSaid(issue))
      .flatMap((issue) => this.#other(issue) ?? []);
    return [...unknown, ...others];
  }

  #unknownKey(above: readonly PropertyKey[], key: string): ConfigMistake {
    const path = [...above, key];
    const { properties = {} } = holder(schemaAt(this.#root, above) ?? {});
    const near = nearestName(key, Object.keys(properties));
    if (near !== undefined) this.#meant.add(dotted([...above, near]));
    const hint = near ?? this.#elsewhere(key);
    return {
      ...this.#document.positionOf(path, { key: true }),
      key: shownKey(path),
      message: `"${shownKey(path)}" is not a known key (${
        hint === undefined
          ? `known here are ${Object.keys(properties).join(", ")}`
          : `did you mean "${hint}"?`
      })`,
    };
  }

  /** The whole name of a key that stands in another part. */
  #elsewhere(key: string): string | undefined {
    for (const [part, { properties = {} }] of Object.entries(this.#root.properties ?? {})) {
      if (Object.hasOwn(properties, key)) return `${part}.${key}`;
    }
    return undefined;
  }

  #other(issue: Issue): ConfigMistake | undefined {
    const { path } = issue;
    const key = dotted(path);
    const isKey = issue.code === "invalid_key";
    const isMissing = !isKey && this.#valueAt(path) === undefined;
    if (isMissing && this.#meant.has(key)) return undefined;
    // What a whole lacks is known when its keys are.
    if (issue.code === "custom" && this.#hasMisspelled(key)) return undefined;
    const said = isKey ? issue.issues[0]?.message ?? UNSAID : issue.message;
    const expected = this.#expected(path, isKey);
    const what = isMissing ? `is missing; it ${expected}` : said === UNSAID ? expected : said;
    return {
      ...this.#document.positionOf(path, { key: isKey || isMissing }),
      ...(path.length > 0 && { key: shownKey(path) }),
      message: path.length === 0 ? `The file ${what}` : `"${shownKey(path)}" ${what}`,
    };
  }

  #hasMisspelled(key: string): boolean {
    return [...this.#meant].some((meant) => meant.slice(0, meant.lastIndexOf(".")) === key);
  }

  #expected(path: readonly PropertyKey[], isKey: boolean): string {
    const node = isKey
      ? holder(schemaAt(this.#root, path.slice(0, -1)) ?? {}).propertyNames
      : schemaAt(this.#root, path);
    return `must be ${expectedValue(node ?? {})}`;
  }

  #valueAt(path: readonly PropertyKey[]): unknown {
    let value = this.#document.value;
    for (const segment of path) {
      if (typeof value !== "object" || value === null) return undefined;
      value = Object.hasOwn(value, segment) ? Reflect.get(value, segment) : undefined;
    }
    return value;
  }
}

function dotted(path: readonly PropertyKey[]): string {
  return path.map(String).join(".");
}

/** The key at a path as anybody may read it: a name that a person gives may be, or hold, a secret. */
export function shownKey(path: readonly PropertyKey[]): string {
  return path.map((name) => redact(String(name))).join(".");
}
