import type { z } from "zod";

type Issue = z.core.$ZodIssue;

/** What is wrong with a value, and where in it. */
export interface SchemaFault {
  path: PropertyKey[];
  issue: Issue;
}

/**
 * The fault that an issue of a validator means. Of a union it is that of the branch that got farthest,
 * since the others were not meant; where none of them begins to fit, the union's own.
 */
export function faultOf(issue: Issue, above: readonly PropertyKey[] = []): SchemaFault {
  const path = [...above, ...issue.path];
  // A key has no place of its own in what holds it.
  if (issue.code === "invalid_key") return { path: path.slice(0, -1), issue };
  if (issue.code !== "invalid_union") return { path, issue };
  const inner = issue.errors.flatMap(([first]) => first === undefined ? [] : [first])
    .map((each) => faultOf(each, path))
    .filter((fault) => fault.path.length > path.length || !isOtherKind(fault.issue))
    .sort((a, b) => b.path.length - a.path.length)[0];
  return inner ?? { path, issue };
}

/** What stands at a path; undefined where there is nothing. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let found = value;
  for (const key of path) found = (found as Record<PropertyKey, unknown> | null | undefined)?.[key];
  return found;
}

/** What is wrong with a value, as the rest of a sentence about it: `must be a text`. */
export function sentence(issue: Issue): string {
  const expected = expectation(issue);
  return /^(must|need|has) /.test(expected) ? expected : `does not fit: ${expected}`;
}

/**
 * What was expected instead, as the rest of a sentence about the value: `must be a text`. Where nobody
 * can say, it is what the validator says.
 */
function expectation(issue: Issue): string {
  // A schema's own words say it best.
  if (/^(must|need)/.test(issue.message)) return issue.message;
  const what = kindOf(issue);
  if (what !== undefined) return `must be ${what}`;
  switch (issue.code) {
    case "too_small":
      return limit(
        issue,
        Number(issue.minimum),
        issue.inclusive === false ? "more than" : "at least",
      );
    case "too_big":
      return limit(
        issue,
        Number(issue.maximum),
        issue.inclusive === false ? "less than" : "at most",
      );
    case "invalid_key": {
      const [inner] = issue.issues;
      const why = inner === undefined ? "is none" : expectation(inner);
      const key = String(issue.path.at(-1));
      // A key that is long is hardly a slip of the pen, and may be a person's text.
      return key.length > 40
        ? `has a key that ${why}`
        : `has the key ${JSON.stringify(key)}, which ${why}`;
    }
    default:
      return issue.message;
  }
}

/** What kind of value is expected, where it is another kind altogether. */
function kindOf(issue: Issue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return KINDS[issue.expected] ?? `of the type ${issue.expected}`;
    case "invalid_value":
      return oneOf(issue.values.map(shown));
    case "invalid_union": {
      const { options } = issue as { options?: unknown[] };
      if (options !== undefined) return oneOf(options.map(shown));
      const kinds = issue.errors.flatMap(([first]) => {
        if (first?.code === "invalid_value") return first.values.map(shown);
        const kind = first === undefined ? undefined : kindOf(first);
        return kind === undefined ? [] : [kind];
      });
      return kinds.length === 0 ? undefined : oneOf([...new Set(kinds)]);
    }
    default:
      return undefined;
  }
}

const KINDS: Record<string, string> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  tuple: "a list",
  object: "an object",
  record: "an object",
  null: "null",
};

function isOtherKind({ code }: Issue): boolean {
  return code === "invalid_type" || code === "invalid_value" || code === "invalid_union";
}

function limit({ origin }: { origin: string }, count: number, bound: string): string {
  if (origin !== "string" && origin !== "array") return `must be ${bound} ${count}`;
  if (origin === "string" && bound === "at least" && count === 1) return "must not be empty";
  const unit = origin === "string"
    ? (count === 1 ? "character" : "characters")
    : (count === 1 ? "entry" : "entries");
  return `must have ${bound} ${count} ${unit}`;
}

function oneOf(words: readonly string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

function shown(value: unknown): string {
  return typeof value === "bigint" || typeof value === "symbol"
    ? String(value)
    : JSON.stringify(value);
}
