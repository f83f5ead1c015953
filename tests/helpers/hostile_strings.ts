import fc from "fast-check";

/** Texts that have broken a stream, a line format or a terminal somewhere. */
export const HOSTILE_STRINGS: readonly string[] = [
  "",
  " ",
  "[DONE]",
  "[ERROR] out of memory",
  "data: [DONE]",
  "event: done\n\n",
  "event: done\ndata: {}\n\n",
  "id: 99\n",
  "retry: 1\n\n",
  ": comment",
  "\n",
  "\n\n",
  "\r",
  "\r\n\r\n",
  "a\u2028b\u2029c",
  "\u0000",
  "\u001b[2J\u001b]0;title\u0007",
  "\ud800",
  "\udfff\ud800",
  "\ufeff",
  "\u{1f41d}",
  '"}\n\n{"',
  "\\u0000",
  '{"rbee":"narration"',
  "[hive      ] worker_spawn   : not from a hive",
  "__proto__",
];

/** Any text: the hostile ones, any code points, and any UTF-16 units, lone surrogates included. */
export function anyText(): fc.Arbitrary<string> {
  const units = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 });
  return fc.oneof(
    fc.constantFrom(...HOSTILE_STRINGS),
    fc.string({ unit: "binary", maxLength: 40 }),
    units.map((codes) => String.fromCharCode(...codes)),
  );
}
