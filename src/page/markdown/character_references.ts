const NAMED: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
  ["nbsp", "\u00a0"],
  ["ndash", "\u2013"],
  ["mdash", "\u2014"],
  ["hellip", "\u2026"],
  ["copy", "\u00a9"],
  ["times", "\u00d7"],
  ["rarr", "\u2192"],
  ["larr", "\u2190"],
]);

const REFERENCE = /&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z]{2,8}));/g;

/**
 * Puts the characters in the place of references to them (`&lt;`, `&#60;`, `&#x3c;`), as Markdown has it.
 * Names that models do not write stay as they are.
 */
export function decodeReferences(text: string): string {
  return text.replace(
    REFERENCE,
    (whole, decimal?: string, hexadecimal?: string, name?: string) => {
      if (name !== undefined) return NAMED.get(name) ?? whole;
      return character(decimal === undefined ? parseInt(hexadecimal ?? "", 16) : Number(decimal));
    },
  );
}

/** What is no character is U+FFFD, by https://spec.commonmark.org/0.31.2/#numeric-character-references. */
function character(code: number): string {
  const isCharacter = code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  return isCharacter ? String.fromCodePoint(code) : "\ufffd";
}
