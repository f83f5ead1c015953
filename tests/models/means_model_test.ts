import assert from "node:assert/strict";
import { hasModel, meansModel, storedNameOf } from "../../src/models/means_model.ts";

const STORED = "hf:bees/big:big-Q4_K_M.gguf";
const SPLIT = "hf:bees/big:Q8_0/big-Q8_0-00001-of-00003.gguf";
const URL = "https://example.org/x.gguf";

for (
  const [asked, stored, means] of [
    ["bee-tiny", "bee-tiny", true],
    [STORED, STORED, true],
    ["hf:bees/big", STORED, true],
    ["hf:bees/big:Q4_K_M", STORED, true],
    ["hf:bees/big:q4_k_m", STORED, true],
    ["hf:bees/big:Q8_0", STORED, false],
    ["hf:bees/big:Q8_0", SPLIT, true],
    ["hf:bees/small", STORED, false],
    ["hf:bees", STORED, false],
    [URL, URL, true],
    [`${URL}?v=2`, URL, false],
    ["/models/big-Q4_K_M.gguf", STORED, false],
  ] as const
) {
  Deno.test(`meansModel() says that ${asked} ${means ? "means" : "does not mean"} ${stored}`, () => {
    assert.equal(meansModel(asked, { name: stored }), means);
  });
}

const OTHER = "hf:bees/big:big-Q8_0.gguf";

for (
  const [asked, stored, name] of [
    [STORED, [STORED, OTHER], STORED],
    ["hf:bees/big", [STORED], STORED],
    ["hf:bees/big", [STORED, "bee-tiny", URL], STORED],
    // Which of them it is, only who loads it decides.
    ["hf:bees/big", [STORED, OTHER], undefined],
    ["hf:bees/big:Q8_0", [STORED, OTHER], OTHER],
    // Two machines may have the same.
    ["hf:bees/big", [STORED, STORED], STORED],
    ["hf:bees/big", [], undefined],
    ["hf:bees/small", [STORED], undefined],
    ["bee-tiny", [], undefined],
    ["hf:", [STORED], undefined],
  ] as const
) {
  Deno.test(`storedNameOf() says that ${asked} is ${name} where there is ${stored.join(", ") || "nothing"}`, () => {
    assert.equal(storedNameOf(asked, stored.map((each) => ({ name: each }))), name);
  });
}

for (
  const [asked, worker, stored, has] of [
    ["/own/x.gguf", { model: "/own/x.gguf" }, [], true],
    ["/own/x.gguf", { model: "/own/y.gguf" }, [], false],
    [STORED, { model: "hf:bees/big", storedAs: STORED }, [], true],
    ["hf:bees/big", { model: STORED, storedAs: STORED }, [STORED], true],
    ["hf:bees/big", { model: "hf:bees/big:Q4_K_M", storedAs: STORED }, [STORED], true],
    // While it starts it is not known yet what it will be given.
    ["hf:bees/big", { model: "hf:bees/big:Q4_K_M" }, [STORED], true],
    ["hf:bees/big", { model: "hf:bees/big:Q4_K_M" }, [], false],
    ["hf:bees/big", { model: STORED, storedAs: STORED }, [STORED, OTHER], false],
    ["hf:bees/big", { model: "hf:bees/big", storedAs: OTHER }, [STORED, OTHER], true],
    [OTHER, { model: "hf:bees/big", storedAs: STORED }, [STORED, OTHER], false],
    ["hf:bees/big", { model: "bee-tiny" }, ["bee-tiny"], false],
  ] as const
) {
  const names = stored.join(", ") || "nothing";
  const own = "storedAs" in worker
    ? `${worker.model}, stored as ${worker.storedAs},`
    : worker.model;
  Deno.test(`hasModel() says ${has} of a worker of ${own} for ${asked} where there is ${names}`, () => {
    assert.equal(hasModel(worker, asked, stored.map((name) => ({ name }))), has);
  });
}
