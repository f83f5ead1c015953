import assert from "node:assert/strict";
import { z } from "zod";
import { faultOf, sentence } from "../../src/http/schema_fault.ts";

const bee = z.strictObject({
  name: z.string().min(1).max(5),
  legs: z.number().int().min(1).max(6),
  weight: z.number().gt(0).lt(1),
  flies: z.boolean(),
  kind: z.enum(["queen", "worker"]),
  cell: z.literal(7),
  jars: z.union([z.string(), z.array(z.string()).max(2)]),
  task: z.union([z.enum(["rest", "fly"]), z.strictObject({ name: z.string() })]),
  pair: z.tuple([z.string()], "must be one name in a list"),
  marks: z.record(z.string().regex(/^\d+$/, "must be a number in digits"), z.number()),
  shape: z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("round") }),
    z.strictObject({ type: z.literal("long"), length: z.number() }),
  ]),
}).partial();

for (
  const [value, path, said] of [
    [{ name: 5 }, "name", "must be a text"],
    [{ name: "" }, "name", "must not be empty"],
    [{ name: "too long" }, "name", "must have at most 5 characters"],
    [{ legs: "6" }, "legs", "must be a number"],
    [{ legs: 1.5 }, "legs", "must be a whole number"],
    [{ legs: 0 }, "legs", "must be at least 1"],
    [{ legs: 7 }, "legs", "must be at most 6"],
    [{ weight: 0 }, "weight", "must be more than 0"],
    [{ weight: 1 }, "weight", "must be less than 1"],
    [{ flies: "yes" }, "flies", "must be true or false"],
    [{ kind: "drone" }, "kind", 'must be "queen" or "worker"'],
    [{ cell: "7" }, "cell", "must be 7"],
    [{ jars: 5 }, "jars", "must be a text or a list"],
    [{ jars: ["a", "b", "c"] }, "jars", "must have at most 2 entries"],
    [{ jars: ["a", 5] }, "jars.1", "must be a text"],
    [{ task: "sting" }, "task", 'must be "rest", "fly" or an object'],
    [{ task: { name: 5 } }, "task.name", "must be a text"],
    [{ task: { nam: "x", name: "x" } }, "task", 'does not fit: Unrecognized key: "nam"'],
    [{ pair: ["a", "b"] }, "pair", "must be one name in a list"],
    [
      { marks: { "-1": 1 } },
      "marks",
      'has the key "-1", which must be a number in digits',
    ],
    [{ shape: { type: "flat" } }, "shape.type", 'must be "round" or "long"'],
    [{ shape: { type: "long" } }, "shape.length", "must be a number"],
    [[], "", "must be an object"],
  ] as const
) {
  Deno.test(`what is wrong with ${JSON.stringify(value)} is that ${path || "it"} ${said}`, () => {
    const { error } = bee.safeParse(value);
    const fault = faultOf(error!.issues[0]!);
    assert.equal(fault.path.join("."), path);
    assert.equal(sentence(fault.issue), said);
  });
}

Deno.test("sentence() shows no key that is long, since it may be a person's", () => {
  const { error } = bee.safeParse({ marks: { ["secret".repeat(20)]: 1 } });
  const said = sentence(faultOf(error!.issues[0]!).issue);
  assert.equal(said, "has a key that must be a number in digits");
});
