import assert from "node:assert/strict";
import { REDACTED } from "../../src/base/redact.ts";
import {
  environmentSettings,
  folderSettings,
  settingLines,
  strangeVariables,
  withoutSecrets,
} from "../../src/keeper/shown_settings.ts";

const TWINS = [
  { name: "RBEE_MAX_TOKENS", flag: "--max-tokens" },
  { name: "RBEE_QUEEN", flag: "--queen" },
];

Deno.test("folderSettings() names the variable that says where each folder is", () => {
  const paths = { config: "/c", state: "/s", data: "/d", cache: "/k" };
  const from = (env: Record<string, string>) =>
    folderSettings(paths, env).map((setting) => "name" in setting ? setting.name : setting.source);
  assert.deepEqual(from({}), ["default", "default", "default", "default"]);
  assert.deepEqual(from({ XDG_STATE_HOME: "/s", XDG_DATA_HOME: "relative" }), [
    ...["default", "XDG_STATE_HOME", "default", "default"],
  ]);
  assert.deepEqual(from({ XDG_STATE_HOME: "/s", RBEE_HOME: "h" }), Array(4).fill("RBEE_HOME"));
});

Deno.test("environmentSettings() gives the flags that the environment sets, and no other variable", () => {
  const env = { RBEE_QUEEN: "http://q", RBEE_MAX_TOKENS: "5", RBEE_HOME: "/x", PATH: "/bin" };
  assert.deepEqual(environmentSettings(env, { twins: TWINS, except: ["RBEE_QUEEN"] }), [
    { key: "--max-tokens", value: "5", source: "environment", name: "RBEE_MAX_TOKENS" },
  ]);
});

Deno.test("strangeVariables() names what looks like rbee's and is not, with the nearest right name", () => {
  const env = { RBEE_MAX_TOKEN: "5", RBEE_COLOUR: "red", RBEE_HOME: "/x", RBEE_QUEEN: "x", A: "b" };
  assert.deepEqual(strangeVariables(env, TWINS), [
    "The variable RBEE_COLOUR is not read by rbee; rbee COMMAND --help names those that are",
    "The variable RBEE_MAX_TOKEN is not read by rbee; did you mean RBEE_MAX_TOKENS?",
  ]);
});

for (
  const [key, value, shown] of [
    ["engines.x.env.ANYTHING", "abc", REDACTED],
    ["engines.x.env.NUMBER", 5, REDACTED],
    ["engines.x.command", ["srv", "--api-key", "hunter2", "--port", "{port}"], [
      ...["srv", "--api-key", REDACTED, "--port", "{port}"],
    ]],
    ["engines.x.command", ["srv", "--api-key=hunter2"], ["srv", `--api-key=${REDACTED}`]],
    ["hives.gpu.url", "http://anna:hunter2@gpu:7835", `http://anna:${REDACTED}@gpu:7835`],
    ["--queen", "http://anna:hunter2@gpu:7835", `http://anna:${REDACTED}@gpu:7835`],
    ["token", "hunter2", REDACTED],
    ["queen.require_token", true, true],
    ["hives.gpu.ssh", "anna@gpu", "anna@gpu"],
    ["queen.port", 7833, 7833],
  ] as const
) {
  Deno.test(`withoutSecrets() shows ${JSON.stringify(value)} of ${key} as ${JSON.stringify(shown)}`, () => {
    assert.deepEqual(withoutSecrets({ key, value, source: "default" }).value, shown);
  });
}

Deno.test("settingLines() says in a line what each value is and where it comes from", () => {
  assert.deepEqual(
    settingLines([
      { key: "a", value: "two\nlines", source: "default" },
      { key: "b", value: ["x", 1], source: "file", line: 7 },
      { key: "c", value: 1, source: "environment", name: "RBEE_C" },
      { key: "d", value: "", source: "flag", name: "--d" },
    ]),
    [
      "KEY  VALUE         FROM",
      'a    "two\\nlines"  default',
      'b    ["x",1]       rbee.yaml:7',
      "c    1             environment RBEE_C",
      'd    ""            flag --d',
    ],
  );
});
