import assert from "node:assert/strict";
import { configSchema } from "../../src/config/config_schema.ts";
import { fileSettings } from "../../src/config/setting_sources.ts";
import { YamlDocument } from "../../src/config/yaml_document.ts";

const settings = (text: string) => fileSettings(new YamlDocument(text), configSchema());

Deno.test("fileSettings() gives every default of an empty file, as a person would write it", () => {
  const found = settings("");
  assert.ok(found.every(({ source }) => source === "default"));
  const values = Object.fromEntries(found.map(({ key, value }) => [key, value]));
  assert.equal(values["queen.port"], 7833);
  assert.equal(values["hive.idle"], "5m");
  assert.equal(values["journal.keep_completions"], true);
  assert.deepEqual([values["models"], values["engines"], values["hives"]], [{}, {}, {}]);
});

Deno.test("fileSettings() names the line of what stands in the file, as it stands there", () => {
  const found = settings(
    "# mine\nhive:\n  idle: 90s\n\nmodels:\n  hf:a/b: { pin: true,\n    context: 64 }\nengines:\n  x:\n    command:\n      - srv\n      - '{port}'\n    env: {A: b}\nhives:\n",
  ).filter(({ key }) => /^(hive\.(idle|port)|models|engines|hives)/.test(key));
  assert.deepEqual(found, [
    { key: "hive.port", value: 7835, source: "default" },
    { key: "hive.idle", value: "90s", source: "file", line: 3 },
    { key: "models.hf:a/b.context", value: 64, source: "file", line: 7 },
    { key: "models.hf:a/b.pin", value: true, source: "file", line: 6 },
    { key: "models.hf:a/b.preload", value: false, source: "default" },
    { key: "engines.x.command", value: ["srv", "{port}"], source: "file", line: 10 },
    { key: "engines.x.ready", value: "/health", source: "default" },
    { key: "engines.x.api", value: "openai", source: "default" },
    { key: "engines.x.narration", value: false, source: "default" },
    { key: "engines.x.env.A", value: "b", source: "file", line: 13 },
    { key: "engines.x.stall", value: "10m", source: "default" },
    { key: "engines.x.load", value: "1h", source: "default" },
    { key: "hives", value: {}, source: "default" },
  ]);
});
