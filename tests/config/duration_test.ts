import assert from "node:assert/strict";
import { describeDuration, durationSchema } from "../../src/config/duration.ts";

const YEAR_MS = 365 * 86_400_000;

for (
  const [given, ms] of [
    ["0", 0],
    [0, 0],
    ["0s", 0],
    ["250ms", 250],
    ["90s", 90_000],
    ["5m", 300_000],
    ["1h", 3_600_000],
    ["1h30m", 5_400_000],
    ["1d2h3m4s5ms", 93_784_005],
    ["1.5h", 5_400_000],
    ["0.25s", 250],
    // Without a unit: seconds.
    [5, 5000],
    ["5", 5000],
    [0.5, 500],
    ["0.5", 500],
    // A part of a millisecond is rounded.
    ["0.4ms", 0],
    [0.0016, 2],
    ["365d", YEAR_MS],
    [YEAR_MS / 1000, YEAR_MS],
  ] as const
) {
  Deno.test(`durationSchema reads ${JSON.stringify(given)} as ${ms} ms`, () => {
    assert.equal(durationSchema.parse(given), ms);
  });
}

for (
  const given of [
    "",
    " ",
    "5 m",
    " 5m",
    "5m ",
    "m",
    "-1",
    "-5m",
    -1,
    "five",
    "5 minutes",
    "5M",
    "5w",
    "1h30",
    "30 1h",
    "1.h",
    ".5h",
    "1e3",
    "0x10",
    "1,5h",
    "366d",
    "9".repeat(400),
    YEAR_MS / 1000 + 1,
  ]
) {
  Deno.test(`durationSchema says what a time looks like to ${JSON.stringify(given).slice(0, 40)}`, () => {
    const { error } = durationSchema.safeParse(given);
    assert.deepEqual(error?.issues.map(({ message }) => message), [
      "must be a time such as 90s, 5m or 1h, or 0",
    ]);
  });
}

for (const given of [NaN, Infinity, null, true, [5], { s: 5 }]) {
  Deno.test(`durationSchema refuses ${JSON.stringify(given)} (${typeof given})`, () => {
    assert.equal(durationSchema.safeParse(given).success, false);
  });
}

Deno.test("durationSchema reads a long line of nonsense at once", () => {
  assert.equal(durationSchema.safeParse("1".repeat(50_000) + "x").success, false);
  assert.equal(durationSchema.safeParse("1h".repeat(50_000) + "x").success, false);
});

for (
  const [ms, said] of [
    [0, "0 s"],
    [40, "0 s"],
    [50, "0.1 s"],
    [400, "0.4 s"],
    [1000, "1 s"],
    [2500, "2.5 s"],
    [9949, "9.9 s"],
    [10_000, "10 s"],
    [90_000, "90 s"],
    [119_499, "119 s"],
    [119_500, "2 min"],
    [300_000, "5 min"],
    [600_000, "10 min"],
    [7_140_000, "119 min"],
    [7_200_000, "2 h"],
    [5_400_000, "90 min"],
    [9_000_000, "2 h 30 min"],
    [YEAR_MS, "8760 h"],
  ] as const
) {
  Deno.test(`describeDuration() says ${said} for ${ms} ms`, () => {
    assert.equal(describeDuration(ms), said);
  });
}
