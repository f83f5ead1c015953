import assert from "node:assert/strict";
import { parseRbeeYaml } from "../../src/config/rbee_yaml.ts";
import { settingsChanges } from "../../src/config/settings_changes.ts";

const before = parseRbeeYaml(
  "rbee.yaml",
  "models: {a: {pin: true}, b: {}}\nhives: {gpu: {ssh: x}}\n",
);

for (
  const [role, text, live, restart] of [
    ["queen", "models: {a: {pin: true}, b: {}}\nhives: {gpu: {ssh: x}}\n", [], []],
    ["queen", "", ["models.a", "models.b", "hives.gpu"], []],
    [
      "queen",
      "queen: {names: [bees.lan]}\nmodels: {a: {pin: true}, b: {}}\nhives: {gpu: {ssh: x}}\n",
      ["queen.names"],
      [],
    ],
    [
      "hive",
      "hive: {names: [bees.lan]}\nmodels: {a: {pin: true}, b: {}}\n",
      ["hive.names"],
      [],
    ],
    [
      "queen",
      "queen: {port: 1, host: x, max_requests: 1, max_queue: 1}\nmodels: {a: {pin: true}, b: {}}\n" +
      "hives: {gpu: {ssh: y}, big: {ssh: x}}\nhive: {idle: 1, port: 2}\nengines: {}\njournal: {max_jobs: 1}\n" +
      "limits: {body_time: 1, infer: {burst: 7}}\n",
      [
        ...["queen.max_requests", "queen.max_queue", "limits.body_time", "limits.infer"],
        ...["hives.gpu", "hives.big"],
      ],
      ["queen.host", "queen.port", "journal.max_jobs"],
    ],
    [
      "hive",
      "queen: {port: 1}\nmodels: {a: {pin: false}, b: {}}\n" +
      "hive: {host: x, port: 2, idle: 1, max_workers: 1, max_queue: 1, memory_check: false, allow_http: true}\n" +
      "engines: {e: {command: [x, '{port}']}}\njournal: {keep_completions: false}\n" +
      "limits: {tokens: {ann: {jobs: 1}}}\n",
      [
        ...["hive.idle", "hive.max_workers", "hive.max_queue", "hive.memory_check"],
        ...["hive.allow_http", "models.a", "engines.e", "limits.tokens"],
      ],
      ["hive.host", "hive.port", "journal.keep_completions"],
    ],
  ] as const
) {
  Deno.test(`settingsChanges() tells what a ${role} takes up, and what waits, of ${JSON.stringify(text.slice(0, 30))}`, () => {
    assert.deepEqual(settingsChanges(role, before, parseRbeeYaml("rbee.yaml", text)), {
      live,
      restart,
    });
  });
}
