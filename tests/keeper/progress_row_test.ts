import assert from "node:assert/strict";
import fc from "fast-check";
import stringWidth from "string-width";
import { progressRow } from "../../src/keeper/progress_row.ts";
import { anyText } from "../helpers/hostile_strings.ts";

const NAME = "hf:bartowski/Llama-3.3-70B-Instruct-GGUF:Q4_K_M";
const HOW = "45 %, 19.1 GB of 42.5 GB, 54.3 MB/s, 7 min left";

const download = (human: string, current = 45) => ({
  actor: "hive",
  action: "model_download",
  human,
  level: "debug" as const,
  progress: { current, total: 100, unit: "bytes" },
});

const row = (human: string, columns: number) =>
  progressRow(download(human), { columns, color: false });

Deno.test("progressRow() draws a bar before the sentence where there is room for all of it", () => {
  assert.equal(
    row(`Downloading ${NAME}: ${HOW}`, 180),
    `[hive      ] model_download : [=========>          ] Downloading ${NAME}: ${HOW}`,
  );
});

Deno.test("progressRow() leaves out the action and cuts the name before it cuts how far it is", () => {
  const shown = row(`Downloading ${NAME}: ${HOW}`, 100);
  assert.equal(
    shown,
    `[hive      ] [====>     ] Downloading hf:bartowsk…: ${HOW}`,
  );
  assert.equal(shown.length, 99);
});

Deno.test("progressRow() shows the sentence alone on a narrow terminal", () => {
  assert.equal(row(`Loading bee-tiny: 45 %`, 30), "Loading bee-tiny: 45 %");
  assert.equal(row(`Downloading ${NAME}: 45 %`, 30), "Downloading hf:bartows…: 45 %");
  assert.equal(row(`Downloading ${NAME}: 45 %`, 6), "Down…");
});

Deno.test("progressRow() keeps how far it is before all else behind a name", () => {
  assert.equal(
    row(`Downloading ${NAME}: ${HOW}`, 60),
    "[hive      ] [====>     ] Downloading…: 45 %, 19.1 GB of 4…",
  );
});

Deno.test("progressRow() fills its bar as far as it is", () => {
  const bars = [0, 9, 10, 99].map((current) =>
    progressRow(download("x", current), { columns: 80, color: false }).slice(13, -2)
  );
  assert.deepEqual(bars, ["[>         ]", "[>         ]", "[=>        ]", "[=========>]"]);
});

Deno.test("progressRow() counts columns, not characters", () => {
  const shown = row(`Downloading ${"模型".repeat(40)}: 45 %`, 80);
  assert.ok(stringWidth(shown) <= 79 && stringWidth(shown) >= 78, shown);
  assert.match(shown, /模….: 45 %$|模…: 45 %$/);
});

Deno.test("progressRow() paints who speaks, and not what is only a fine step", () => {
  assert.equal(
    progressRow(download("x: 45 %"), { columns: 80, color: true }),
    "\x1b[33m[hive      ]\x1b[0m [====>     ] x: 45 %",
  );
});

Deno.test("progressRow() fits the terminal, whatever is said", () => {
  fc.assert(
    fc.property(anyText(), fc.integer({ min: 2, max: 200 }), (text, columns) => {
      assert.ok(stringWidth(row(text, columns)) < columns);
    }),
  );
});
