import assert from "node:assert/strict";
import { place } from "../../src/queen/placement.ts";
import { placePatiently } from "../../src/queen/place_patiently.ts";
import type { Hives } from "../../src/queen/hives.ts";
import type { KnownHive } from "../../src/queen/known_hive.ts";
import { devices, stored } from "../helpers/hive_view.ts";
import { addNarrationSink } from "../../src/narration/narration_sink.ts";

const REQUEST = { model: "bee-tiny" };
const BACK: KnownHive = {
  name: "attic",
  url: "http://127.0.0.1:1",
  state: "connected",
  version: "0.1.0",
  workers: [],
  devices: [],
  load: [],
  models: [],
  engines: [],
  mayReturn: true,
};
const AWAY: KnownHive = { ...BACK, state: "unreachable", unreachable: "no answer in time" };
const GONE: KnownHive = { ...AWAY, mayReturn: false };

/** Hives that answer as they are listed, the last for ever. */
function answering(...answers: KnownHive[][]): Pick<Hives, "ask"> & { asked: number } {
  return {
    asked: 0,
    ask() {
      return Promise.resolve(answers[Math.min(this.asked++, answers.length - 1)]!);
    },
  };
}

const options = () => ({ signal: new AbortController().signal });

Deno.test("placePatiently() waits for a hive that may come back, and says so once", async () => {
  const said: string[] = [];
  const remove = addNarrationSink({ write: ({ action }) => void said.push(action) });
  try {
    const hives = answering([AWAY], [AWAY], [BACK]);
    const found = await placePatiently(hives, REQUEST, place, options());
    assert.deepEqual([found.placement.hive, found.url], ["attic", BACK.url]);
    assert.equal(hives.asked, 3);
    assert.deepEqual(said, ["hive_wait", "placement"]);
  } finally {
    remove();
  }
});

Deno.test("placePatiently() does not wait for a hive that cannot come back by itself", async () => {
  const hives = answering([GONE]);
  await assert.rejects(placePatiently(hives, REQUEST, place, options()), {
    code: "hive_unreachable",
    message: /bee-tiny: hive "attic": no answer in time/,
  });
  assert.equal(hives.asked, 1);
});

Deno.test("placePatiently() does not wait for a hive that was not asked for", async () => {
  const hives = answering([AWAY]);
  const request = { ...REQUEST, hive: "cellar" };
  await assert.rejects(placePatiently(hives, request, place, options()), {
    code: "hive_unreachable",
  });
  assert.equal(hives.asked, 1);
});

Deno.test("placePatiently() does not wait for memory: it fails at once, and tells what each hive lacks", async () => {
  const small = { ...BACK, devices: devices({ cpu: 1 }), models: [stored("bee-tiny", 10)] };
  const hives = answering([small, { ...small, name: "cellar" }]);
  await assert.rejects(placePatiently(hives, REQUEST, place, options()), {
    code: "insufficient_memory",
    message:
      /^Cannot place the request for bee-tiny: hive "attic" needs about 12\.0 GB .*; hive "cellar" needs/,
  });
  assert.equal(hives.asked, 1);
});

Deno.test("placePatiently() gives up when its patience is over", async () => {
  const hives = answering([AWAY]);
  const impatient = { ...options(), patienceMs: 0 };
  await assert.rejects(placePatiently(hives, REQUEST, place, impatient), {
    code: "hive_unreachable",
  });
});

Deno.test("placePatiently() ends its wait when the job is cancelled", async () => {
  const abort = new AbortController();
  const reason = new Error("cancelled");
  const hives = answering([AWAY]);
  const waiting = placePatiently(hives, REQUEST, place, { signal: abort.signal });
  abort.abort(reason);
  await assert.rejects(waiting, reason);
});
