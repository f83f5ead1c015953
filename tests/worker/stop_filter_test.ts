import assert from "node:assert/strict";
import fc from "fast-check";
import { StopFilter } from "../../src/worker/stop_filter.ts";
import { HOSTILE_STRINGS } from "../helpers/hostile_strings.ts";

/** What a filter lets through, and whether it stopped. */
interface Passed {
  text: string;
  stopped: boolean;
}

/** Looks at the text character by character: it ends where the first stop string is complete. */
function reference(text: string, stops: readonly string[]): Passed {
  for (let end = 1; end <= text.length; end++) {
    const complete = stops.filter((stop) => text.slice(0, end).endsWith(stop));
    if (complete.length === 0) continue;
    const longest = Math.max(...complete.map((stop) => stop.length));
    return { text: text.slice(0, end - longest), stopped: true };
  }
  return { text, stopped: false };
}

function filtered(pieces: readonly string[], stops: readonly string[]): Passed {
  const filter = new StopFilter(stops);
  const text = pieces.map((piece) => filter.push(piece)).join("") + filter.flush();
  return { text, stopped: filter.stopped };
}

/** Cuts `text` before each of `places`. */
function split(text: string, places: readonly number[]): string[] {
  const cuts = [...new Set([0, ...places.filter((at) => at < text.length), text.length])]
    .sort((a, b) => a - b);
  return cuts.slice(1).map((end, index) => text.slice(cuts[index], end));
}

const letters = (maxLength: number) =>
  fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength });
const stopStrings = fc.array(letters(4).filter((stop) => stop !== ""), { maxLength: 4 });

Deno.test("StopFilter gives the same for every split of a text", () => {
  fc.assert(
    fc.property(letters(40), stopStrings, fc.array(fc.nat(40)), (text, stops, places) => {
      assert.deepEqual(filtered(split(text, places), stops), reference(text, stops));
    }),
    { numRuns: 3000 },
  );
});

Deno.test("StopFilter gives the same for every split of every short text", () => {
  const stops = ["ab", "bba", "abc"];
  for (const text of ["abba", "aabbabc", "bbab", "bbca", "cbbabc", "acbc"]) {
    const expected = reference(text, stops);
    for (let mask = 0; mask < 2 ** (text.length - 1); mask++) {
      const places = [...text].map((_, at) => at).filter((at) => mask & (1 << (at - 1)));
      assert.deepEqual(filtered(split(text, places), stops), expected, `${text} cut at ${places}`);
    }
  }
});

Deno.test("StopFilter holds back only what a stop string could begin with", () => {
  fc.assert(
    fc.property(letters(30), stopStrings, fc.array(fc.nat(30)), (text, stops, places) => {
      const filter = new StopFilter(stops);
      let pushed = "";
      let passed = "";
      for (const piece of split(text, places)) {
        pushed += piece;
        passed += filter.push(piece);
        if (filter.stopped) return;
        const held = pushed.slice(passed.length);
        assert.ok(pushed.startsWith(passed), "text was changed");
        assert.ok(
          held === "" || stops.some((stop) => stop.startsWith(held)),
          `held "${held}" back for ${JSON.stringify(stops)}`,
        );
      }
    }),
  );
});

Deno.test("StopFilter without stop strings passes every piece as it comes", () => {
  const filter = new StopFilter([]);
  for (const piece of HOSTILE_STRINGS) assert.equal(filter.push(piece), piece);
  assert.equal(filter.flush(), "");
  assert.equal(filter.stopped, false);
});

Deno.test("StopFilter passes nothing after a stop string", () => {
  const filter = new StopFilter(["END"]);
  assert.equal(filter.push("story E"), "story ");
  assert.equal(filter.push("ND and more"), "");
  assert.equal(filter.stopped, true);
  assert.equal(filter.push("more"), "");
  assert.equal(filter.flush(), "");
});

Deno.test("StopFilter lets go of what turns out to be no stop string", () => {
  const filter = new StopFilter(["END"]);
  assert.equal(filter.push("E"), "");
  assert.equal(filter.push("N"), "");
  assert.equal(filter.push("T"), "ENT");
  assert.equal(filter.push("EEN"), "E");
  assert.equal(filter.flush(), "EN");
  assert.equal(filter.flush(), "");
  assert.equal(filter.stopped, false);
});

Deno.test("StopFilter ends at the stop string that is complete first", () => {
  assert.deepEqual(filtered(["one abcd"], ["abcd", "bc"]), { text: "one a", stopped: true });
  assert.deepEqual(filtered(["one abc"], ["c", "abc"]), { text: "one ", stopped: true });
});

Deno.test("StopFilter finds a stop string of several lines and of other scripts", () => {
  assert.deepEqual(filtered(["a\n", "\n", "b"], ["\n\n"]), { text: "a", stopped: true });
  assert.deepEqual(filtered(["蜂と", "花\u{1f41d}", "x"], ["花\u{1f41d}"]), {
    text: "蜂と",
    stopped: true,
  });
});
