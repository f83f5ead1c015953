import assert from "node:assert/strict";
import { decidedByVariables, decidedSettings } from "../../src/keeper/decided_settings.ts";
import type { Setting } from "../../src/config/setting_sources.ts";

const FILE: readonly Setting[] = [
  { key: "queen.host", value: "127.0.0.1", source: "default" },
  { key: "queen.port", value: 1, source: "file", line: 2 },
  { key: "hive.host", value: "127.0.0.1", source: "default" },
];

Deno.test("decidedByVariables() gives each key of a variable that is set its value", () => {
  const deciders = [{ twin: "RBEE_A", keys: ["queen.a", "hive.a"] }, {
    twin: "RBEE_B",
    keys: ["b"],
  }];
  const setting = { value: "x", source: "environment", name: "RBEE_A" };
  assert.deepEqual(decidedByVariables({ RBEE_A: "x", A: "y" }, deciders), [
    { key: "queen.a", ...setting },
    { key: "hive.a", ...setting },
  ]);
});

Deno.test("decidedSettings() puts what was decided in its place, and the later of two before the earlier", () => {
  const port = (value: number): Setting => ({
    key: "queen.port",
    value,
    source: "flag",
    name: "--queen-port",
  });
  assert.deepEqual(decidedSettings(FILE, [port(2), port(3)]), [FILE[0], port(3), FILE[2]]);
});

Deno.test("decidedSettings() puts what the file has no value for behind the others of its part", () => {
  const ca: Setting = { key: "queen.ca", value: "ca.pem", source: "environment", name: "RBEE_CA" };
  assert.deepEqual(decidedSettings(FILE, [ca]), [FILE[0], FILE[1], ca, FILE[2]]);
});
