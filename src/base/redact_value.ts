import { redact, REDACTED } from "./redact.ts";
import { isSecretName, mayBeNumber } from "./secret_signs.ts";

// Deeper than anything we make, and far from the end of the stack.
const MAX_DEPTH = 32;
const MAX_KNOWN_NAMES = 512;
const NAME = /^[A-Za-z_][\w.-]{2,63}$/;

// The names of fields are few, and come again and again.
const secretNames = new Map<string, boolean>();

/**
 * The same value as JSON has it, with `[redacted]` for what a field that is named like a secret holds,
 * for what follows a flag or a name in a list that is, and for secrets in any text, as `redact` finds
 * them. Yes and no stay, and counts where the name is not that of a password. What lies deeper than 32 lists and objects is `[redacted]` altogether.
 *
 * Returns `value` itself where nothing is to be taken away. `value` is never changed.
 */
export function redactValue<T>(value: T): T {
  return clean(value, 0) as T;
}

function clean(value: unknown, depth: number): unknown {
  if (typeof value === "string") return redact(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth >= MAX_DEPTH) return REDACTED;
  return Array.isArray(value) ? cleanList(value, depth) : cleanObject(value, depth);
}

function cleanList(list: readonly unknown[], depth: number): readonly unknown[] {
  let changed: unknown[] | undefined;
  for (let i = 0; i < list.length; i++) {
    const item = list[i];
    const name = i > 0 ? nameBefore(list, i) : undefined;
    const after = name === undefined ? clean(item, depth + 1) : hide(name, item);
    if (after !== item) (changed ??= [...list])[i] = after;
  }
  return changed ?? list;
}

function cleanObject(object: object, depth: number): object {
  let changed: [string, unknown][] | undefined;
  const entries = Object.entries(object);
  for (let i = 0; i < entries.length; i++) {
    const [name, value] = entries[i]!;
    const after = isKnownSecretName(name) ? hide(name, value) : clean(value, depth + 1);
    if (after !== value) (changed ??= [...entries])[i] = [name, after];
  }
  // Not by assignment, for which one of these names is no field but the object's prototype.
  return changed === undefined ? object : Object.fromEntries(changed);
}

/** A yes is a setting, not a secret, and so is a number where it is no password. */
function hide(name: string, value: unknown): unknown {
  const shows = value === null || value === undefined || value === "" ||
    typeof value === "boolean" || (typeof value === "number" && !mayBeNumber(name));
  return shows ? value : REDACTED;
}

/** The secret name before an item: a flag, or the first of two as in a list of headers. */
function nameBefore(list: readonly unknown[], i: number): string | undefined {
  const before = list[i - 1];
  if (typeof before !== "string") return undefined;
  const isName = before.startsWith("--") || (i % 2 === 1 && NAME.test(before));
  return isName && isKnownSecretName(before) ? before : undefined;
}

function isKnownSecretName(name: string): boolean {
  const known = secretNames.get(name);
  if (known !== undefined) return known;
  const isSecret = isSecretName(name);
  if (secretNames.size < MAX_KNOWN_NAMES) secretNames.set(name, isSecret);
  return isSecret;
}
