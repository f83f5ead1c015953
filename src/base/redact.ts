import { SECRET_SIGN } from "./secret_signs.ts";
import { endOfSecret } from "./secret_span.ts";

/** What stands in the place of a secret. */
export const REDACTED = "[redacted]";

const SIGN = new RegExp(SECRET_SIGN);
const SIGNS = new RegExp(SECRET_SIGN, "g");

/** A cheap look: false when `text` holds nothing that {@linkcode redact} would take away. */
export function mayHoldSecret(text: string): boolean {
  return SIGN.test(text);
}

/**
 * Puts `[redacted]` in the place of secrets: bearer tokens, keys that are known by how they begin
 * (`sk-…`, `hf_…`, `rbee_…`, `ghp_…`, `AKIA…` and their like), JSON web tokens, private keys, passwords
 * and keys in addresses, and values of names that end like those of secrets (`HF_TOKEN=…`,
 * `"api_key": "…"`, `Authorization: …`, `--password …`), also wrapped or beside their name. A sentence
 * about such a name stays, as do marks of a model's vocabulary.
 *
 * Takes time in proportion to the length of `text`, whatever that is; where nothing is to be taken away
 * it returns `text` itself. Doing it twice changes nothing. It knows forms, not secrets: one without a
 * known form and a name stays.
 */
export function redact(text: string): string {
  if (!SIGN.test(text)) return text;
  let clean = "";
  let at = 0;
  SIGNS.lastIndex = 0;
  for (let sign = SIGNS.exec(text); sign !== null; sign = SIGNS.exec(text)) {
    const span = endOfSecret(text, sign.index);
    if (span === undefined) continue;
    clean += text.slice(at, span.begin) + REDACTED;
    at = span.end;
    SIGNS.lastIndex = at;
  }
  return at === 0 ? text : clean + text.slice(at);
}
