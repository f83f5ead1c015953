import assert from "node:assert/strict";
import { hiveInfoSchema, hiveNameSchema, LOCAL_HIVE } from "../../src/contracts/hive.ts";
import { actorSchema } from "../../src/contracts/narration_record.ts";
import { assertAccepts, assertRefuses } from "../helpers/schema_table.ts";

const NAMES = [LOCAL_HIVE, "gpu-1", "my.hive_2", "A", "9", "x".repeat(63)];

Deno.test("hiveNameSchema takes letters, digits, dots, dashes and underscores", () => {
  assertAccepts(hiveNameSchema, NAMES);
});

Deno.test("hiveNameSchema refuses what a shell, a URL or an ssh command would read otherwise", () => {
  assertRefuses(hiveNameSchema, [
    "",
    "-oProxyCommand=x",
    ".hidden",
    "_x",
    "a b",
    "a/b",
    "a:b",
    "user@host",
    "$(id)",
    "a\n",
    "caf\u00e9",
    "x".repeat(64),
  ]);
});

Deno.test("hiveNameSchema takes only names that can be part of an actor", () => {
  assertAccepts(actorSchema, NAMES.map((name) => `hive:${name}`));
});

Deno.test("hiveInfoSchema takes a hive that is out of reach and one that is connected", () => {
  const hive = { name: "gpu", url: null, version: null, devices: [], load: [], workers: 0 };
  const cpu = { device: "cpu", kind: "cpu", name: "x", total_bytes: 2, free_bytes: null, cores: 1 };
  assertAccepts(hiveInfoSchema, [
    { ...hive, state: "unreachable", error: "connection refused" },
    {
      ...hive,
      state: "connected",
      url: "http://10.0.0.2:7835",
      version: "0.1.0",
      devices: [cpu],
      load: [0.5, 0.25, 0],
    },
  ]);
  assertRefuses(hiveInfoSchema, [
    { ...hive, state: "gone" },
    { ...hive, state: "connected", workers: -1 },
    { ...hive, state: "connected", name: "a/b" },
    { ...hive, state: "connected", devices: ["cpu"] },
    { ...hive, state: "connected", load: [-1] },
  ]);
});

Deno.test("hiveInfoSchema takes the load for unknown where a hive does not tell it", () => {
  const hive = { name: "gpu", url: null, version: null, devices: [], workers: 0 };
  assert.deepEqual(hiveInfoSchema.parse({ ...hive, state: "connecting" }).load, []);
});
