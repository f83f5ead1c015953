/** A pattern for `word` in small and large letters, alone or mixed. */
function anyCase(word: string): string {
  return word.replace(/[a-z]/g, (letter) => `[${letter.toUpperCase()}${letter}]`);
}

/** The ends of names whose values are secret: `HF_TOKEN`, `x-api-key`, `clientSecret`. */
const SECRET_END = [
  "passwords?",
  "passwd",
  "passphrase",
  "pwd",
  "secrets?",
  "token",
  "authorization",
  "cookies?",
  "credentials?",
  "_auth",
  "(?:api|access|account|auth|client|encryption|master|private|secret|session|shared|signing)[-_ ]?key",
].map(anyCase);
// Not `bypass` and `compass`.
const PASS = [`(?<![A-Za-z])${anyCase("pass")}`, "(?<=[a-z])Pass"];
/** What may stand behind it: `HF_TOKEN_READ`, `OPENAI_API_KEY_2`, `SECRET_KEY_BASE`. */
const AFTER_NAME = `(?:[_-]?(?:[0-9]{1,4}|${
  ["read", "write", "base", "value"].map(anyCase).join("|")
}))?`;
const LAST_LETTER = "(?<=[DEHLNSTYdehlnsty])";
const SECRET_NAME = `(?:${
  [...SECRET_END, ...PASS].join("|")
})${LAST_LETTER}${AFTER_NAME}(?<=[DEHLNSTYdehlnsty0-9])`;

const ENDS_SECRET = new RegExp(`${SECRET_NAME}$`);
const VOCABULARY = /(?:^|[_.-])(?:bos|eos|eot|pad|unk|sep|cls|mask)_?token$/i;
const OF_DIGITS = new RegExp(
  `(?:passw[a-z]{0,5}|pwd|passphrase|secret|${PASS.join("|")})(?:[_-]?[0-9]{1,4})?$`,
  "i",
);
// Nothing with a longer name is named after a secret; a bound for what is searched.
const MAX_NAME_CHARACTERS = 256;

/** Whether a field or a flag of this name holds a secret. */
export function isSecretName(name: string): boolean {
  const end = name.length > MAX_NAME_CHARACTERS ? name.slice(-64) : name;
  return ENDS_SECRET.test(end) && !VOCABULARY.test(end);
}

/** Whether a secret name is one whose value may be a number, where others have counts. */
export function mayBeNumber(name: string): boolean {
  return OF_DIGITS.test(name.slice(-64));
}

/** Whether a name is that of a mark in a model's vocabulary (`eos_token`), which everybody knows. */
export function isVocabularyName(name: string): boolean {
  return VOCABULARY.test(name);
}

// Each begins with the rarest of its characters and looks back from there, so that a text without a
// secret is passed through once, a table's entry a character; what follows that character is looked at
// before what precedes it, which takes longer. Each looks at a bounded number of characters, so that
// no text makes it slow; blanks before a divider are looked at once, from the divider after them.
const AFTER_NONE = "(?<![A-Za-z0-9])";
const BEARER = `${anyCase("bearer")}(?:[ \\t:=]|%20|["'][ \\t]{0,4}[:=])`;
const SIGNS = [
  // A name, whatever quotes it, and what divides it from its value. Its last letter is looked at first.
  `[=:](?<=${SECRET_NAME}\\\\{0,4}["'\`]?\\]?[ \\t]*[=:])`,
  // A name in quotes and its value beside it.
  `,(?<=${SECRET_NAME}\\\\{0,4}["'\`],)`,
  // A password in an address, which is no port; and a user who is a key.
  ":\\/\\/[^\\s\\/?#@:[]{0,256}(?::(?![0-9]{1,5}[\\/?#,;|)])[^\\s\"'`<>]{1,512}@|@(?<=https?:\\/\\/[^\\s@]{16,256}@))",
  // A flag of a command line.
  `--(?<=(?<!-)--)(?=[A-Za-z0-9_-]{0,40}?${SECRET_NAME}["']?[ \\t,])`,
  "-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY",
  // Keys that say themselves whose they are.
  `-(?<=[abehikprst]-)(?<=${AFTER_NONE}(?:sk|xox[abeprs]|glpat|nvapi|xai|pypi|tskey-auth)-)`,
  `_(?<=[8bcefkmoprstu]_)(?<=${AFTER_NONE}(?:hf|rbee|gh[oprsu]|github_pat|npm|sk|rk|gsk|r8|whsec|dckr_pat)_)`,
  `KIA[A-Z0-9]{16}(?<=${AFTER_NONE}AKIA[A-Z0-9]{16})`,
  `SIA[A-Z0-9]{16}(?<=${AFTER_NONE}ASIA[A-Z0-9]{16})`,
  `SG\\.[A-Za-z0-9_-](?<=${AFTER_NONE}SG\\..)(?=[A-Za-z0-9_.-]{19})`,
  `ya29\\.[A-Za-z0-9_-](?<=${AFTER_NONE}ya29\\..)(?=[A-Za-z0-9_.-]{15})`,
  `za[A-Za-z0-9_-]{30}(?<=${AFTER_NONE}AIza[A-Za-z0-9_-]{30})`,
  "J[A-Za-z0-9_-](?<=(?<![A-Za-z0-9_-])eyJ.)",
  `${BEARER}(?<=${AFTER_NONE}${BEARER})`,
];

/** The source of a pattern for the places where a secret may begin; false alarms are few. */
export const SECRET_SIGN = SIGNS.join("|");
