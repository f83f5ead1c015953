import { equal } from "node:assert/strict";
import { listText, sentenceText, spanText } from "../../src/page/plain_words.ts";
import { summarySentence } from "../../src/page/overview/summary_sentence.ts";
import { hiveInfo, workerInfo } from "./overview_parts.ts";

const local = hiveInfo();
const gpu = hiveInfo({ name: "gpu" });

Deno.test("summarySentence() says which model is ready where, and what it does", () => {
  equal(
    summarySentence({ hives: [local], workers: [workerInfo({ requests: 2, waiting: 1 })] }),
    "Hive local is connected; bee-tiny is ready on local; 2 requests are running and 1 waits.",
  );
});

Deno.test("summarySentence() names a model once, with all its hives", () => {
  const workers = [workerInfo(), workerInfo(), workerInfo({ hive: "gpu" })];
  equal(
    summarySentence({ hives: [local, gpu], workers }),
    "2 hives are connected; bee-tiny is ready on local and gpu.",
  );
});

Deno.test("summarySentence() tells apart what is ready, loads, waits and failed", () => {
  const workers = [
    workerInfo({ model: "a" }),
    workerInfo({ model: "b", hive: "gpu" }),
    workerInfo({ model: "c", state: "loading", load_percent: 55.9 }),
    workerInfo({ model: "d", state: "starting", queued: true }),
    workerInfo({ model: "e", state: "failed" }),
    workerInfo({ model: "f", state: "stopping" }),
    workerInfo({ model: "g", state: "stopped" }),
  ];
  equal(
    summarySentence({ hives: [local, gpu], workers }),
    "2 hives are connected; a (local) and b (gpu) are ready; c is loading (55 %) on local; " +
      "d is waiting for a place on local; f is stopping on local; e failed on local.",
  );
});

Deno.test("summarySentence() tells no percentage where two models load", () => {
  const workers = ["a", "b"].map((model) =>
    workerInfo({ model, state: "loading", load_percent: 10 })
  );
  equal(
    summarySentence({ hives: [local], workers }),
    "Hive local is connected; a (local) and b (local) are loading.",
  );
});

Deno.test("summarySentence() counts the hives that are connected", () => {
  const away = hiveInfo({ name: "attic", state: "unreachable" });
  equal(
    summarySentence({ hives: [local, away], workers: [] }),
    "1 of 2 hives is connected; no worker is running.",
  );
  equal(
    summarySentence({ hives: [away, { ...away, name: "b" }], workers: [] }),
    "None of 2 hives is connected.",
  );
  equal(summarySentence({ hives: [away], workers: [] }), "Hive attic is unreachable.");
  equal(
    summarySentence({ hives: [{ ...away, state: "connecting" }], workers: [] }),
    "Hive attic is being connected.",
  );
});

Deno.test("summarySentence() says that one request runs", () => {
  equal(
    summarySentence({ hives: [local], workers: [workerInfo({ requests: 1 })] }),
    "Hive local is connected; bee-tiny is ready on local; 1 request is running.",
  );
});

Deno.test("listText() tells six names and how many more there are", () => {
  equal(listText([]), "");
  equal(listText(["a"]), "a");
  equal(listText(["a", "b", "c"]), "a, b and c");
  equal(listText([..."abcdefg"]), "a, b, c, d, e, f and g");
  equal(listText([..."abcdefghi"]), "a, b, c, d, e, f and 3 more");
});

Deno.test("spanText() goes on in whole steps", () => {
  equal(spanText(-1), "0 s");
  equal(spanText(59_999), "59 s");
  equal(spanText(60_000), "1 min");
  equal(spanText(3_599_999), "59 min");
  equal(spanText(3_720_000), "1 h 2 min");
  equal(spanText(48 * 3_600_000), "2 days");
});

Deno.test("summarySentence() has no mark of a model's name that turns the rest of it around", () => {
  const workers = [workerInfo({ model: "a\u202eb\u2067c" })];
  equal(
    summarySentence({ hives: [hiveInfo()], workers }),
    "Hive local is connected; abc is ready on local.",
  );
});

Deno.test("sentenceText() ends a sentence once", () => {
  equal(sentenceText("It died"), "It died.");
  equal(sentenceText("It died."), "It died.");
});
