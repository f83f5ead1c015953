import assert from "node:assert/strict";
import { narrate } from "../../src/narration/narrate.ts";
import { addNarrationSink, sinkFailures } from "../../src/narration/narration_sink.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";

Deno.test("addNarrationSink() writes sinks in order of adding, until they are removed", () => {
  const order: string[] = [];
  const first = addNarrationSink({ write: () => void order.push("first") });
  const second = addNarrationSink({ write: () => void order.push("second") });
  narrate("x", "");
  first();
  narrate("x", "");
  second();
  narrate("x", "");
  assert.deepEqual(order, ["first", "second", "second"]);
});

Deno.test("addNarrationSink() lets a sink be removed twice", () => {
  const remove = addNarrationSink({ write() {} });
  using recorded = new RecordedNarration();
  remove();
  remove();
  narrate("x", "");
  assert.equal(recorded.records.length, 1);
});

Deno.test("deliver() counts a sink that throws, and who narrates and the other sinks never see it", () => {
  const before = sinkFailures();
  const remove = addNarrationSink({
    write() {
      throw new Error("this sink is broken");
    },
  });
  try {
    using recorded = new RecordedNarration();
    narrate("x", "one");
    narrate("x", "two");
    assert.deepEqual(recorded.records.map(({ human }) => human), ["one", "two"]);
    assert.equal(sinkFailures(), before + 2);
  } finally {
    remove();
  }
});
