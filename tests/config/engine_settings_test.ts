import assert from "node:assert/strict";
import {
  type EngineSettings,
  engineSettingsSchema,
  enginesSchema,
  PLACEHOLDERS,
} from "../../src/config/engine_settings.ts";

const COMMAND = ["llama-server", "--model", "{model}", "--port", "{port}"];

/** What is said about settings: for each complaint its path and its sentence. */
function complaints(settings: Record<string, unknown>): string[] {
  const { error } = engineSettingsSchema.safeParse({ command: COMMAND, ...settings });
  return (error?.issues ?? []).map(({ path, message }) => `${path.join(".")} ${message}`);
}

Deno.test("engineSettingsSchema wants no more than a command, and has a default for the rest", () => {
  const expected: EngineSettings = {
    command: COMMAND,
    ready: "/health",
    api: "openai",
    narration: false,
    env: {},
    stall: 600_000,
    load: 3_600_000,
  };
  assert.deepEqual(engineSettingsSchema.parse({ command: COMMAND }), expected);
});

Deno.test("engineSettingsSchema takes all that an engine may need", () => {
  const settings = {
    command: ["vllm", "serve", "{model}", "--port", "{port}", "--device", "{device}"],
    ready: "/v1/models?ready=1",
    api: "openai",
    narration: true,
    env: { LLAMA_LOG_COLORS: "off", _x1: "", EMPTY: " a\nb " },
    stall: "1h30m",
    load: "2h",
  };
  const { stall, load, ...rest } = engineSettingsSchema.parse(settings);
  const { stall: _stall, load: _load, ...given } = settings;
  assert.deepEqual(rest, given);
  assert.deepEqual([stall, load], [5_400_000, 7_200_000]);
});

Deno.test("engineSettingsSchema takes the placeholders as whole arguments, and each as often as one likes", () => {
  const command = ["x", ...PLACEHOLDERS, ...PLACEHOLDERS];
  assert.deepEqual(complaints({ command }), []);
});

for (
  const argument of [
    "",
    "--help",
    "a b",
    "$(id)",
    "`id`;|&&",
    '{"temperature":0}',
    '{"a":{"b":1}}',
    "{}",
    "{{x}}",
    "${HOME}",
    "{PORT}",
    "m{odel}",
    "-c=4096",
    "\u{1f41d}",
  ]
) {
  Deno.test(`engineSettingsSchema takes ${JSON.stringify(argument)} as an argument like any other`, () => {
    assert.deepEqual(complaints({ command: [...COMMAND, argument] }), []);
  });
}

for (
  const [argument, inside] of [
    ["--port={port}", "{port}"],
    ["http://127.0.0.1:{port}/", "{port}"],
    ["{model}.gguf", "{model}"],
    [" {model}", "{model}"],
    ["{device}{device}", "{device}"],
    ["{unknown}={model}", "{model}"],
    ['{"model":"{model}"}', "{model}"],
  ]
) {
  Deno.test(`engineSettingsSchema says that ${argument} holds a placeholder within a longer argument`, () => {
    assert.deepEqual(complaints({ command: [...COMMAND, argument] }), [
      `command.5 holds ${inside} within a longer argument; write it as an argument of its own`,
    ]);
  });
}

for (const argument of ["{prot}", "{model_path}", "{gpu}", "{_}"]) {
  Deno.test(`engineSettingsSchema says which placeholders there are to ${argument}`, () => {
    assert.deepEqual(complaints({ command: [...COMMAND, argument] }), [
      "command.5 is not known; known are {model}, {port}, {device}",
    ]);
  });
}

Deno.test("engineSettingsSchema wants {port} in the command, and says what for", () => {
  assert.deepEqual(complaints({ command: ["llama-server", "--port", "8080"] }), [
    "command must hold {port}, so that the hive can say where to listen",
  ]);
});

for (const program of PLACEHOLDERS) {
  Deno.test(`engineSettingsSchema wants a program before ${program}`, () => {
    assert.deepEqual(complaints({ command: [program, ...COMMAND] }), [
      "command must begin with the program",
    ]);
  });
}

Deno.test("engineSettingsSchema refuses a command that is empty, a line of shell, or not there", () => {
  for (const command of [[], "llama-server --port {port}", undefined, null, ["x", 8080]]) {
    assert.match(complaints({ command })[0] ?? "", /^command/);
  }
});

for (const ready of ["health", "", "http://127.0.0.1/health", "/a b", "/a\n"]) {
  Deno.test(`engineSettingsSchema says that ${JSON.stringify(ready)} is no path to ask`, () => {
    assert.deepEqual(complaints({ ready }), ["ready must be a path such as /health"]);
  });
}

Deno.test("engineSettingsSchema refuses another API, values that are no text, and what it does not know", () => {
  assert.match(complaints({ api: "ollama" })[0] ?? "", /^api .*"openai"/);
  assert.match(complaints({ narration: "yes" })[0] ?? "", /^narration /);
  assert.match(complaints({ env: { THREADS: [4] } })[0] ?? "", /^env\.THREADS /);
  assert.match(complaints({ shell: true })[0] ?? "", /"shell"/);
  assert.deepEqual(complaints({ stall: "soon" }), [
    "stall must be a time such as 90s, 5m or 1h, or 0",
  ]);
});

Deno.test("engineSettingsSchema takes numbers and switches of an environment as the text they are", () => {
  const { env } = engineSettingsSchema.parse({
    command: ["server", "{port}"],
    env: { THREADS: 4, COLOR: false },
  });
  assert.deepEqual(env, { THREADS: "4", COLOR: "false" });
});

for (const name of ["RBEE_HOME", "RBEE_", "RBEE_WORKER", "A-B", "1A", "", "A=B", "A B", "É"]) {
  Deno.test(`engineSettingsSchema refuses ${JSON.stringify(name)} as a variable of an engine`, () => {
    assert.match(complaints({ env: { [name]: "x" } })[0] ?? "", /^env/);
  });
}

for (const name of ["llama-server", "vllm", "0", "a.b_c-d", "llama2", "x".repeat(63)]) {
  Deno.test(`enginesSchema takes ${name.slice(0, 20)} as the name of an engine`, () => {
    assert.deepEqual(Object.keys(enginesSchema.parse({ [name]: { command: COMMAND } })), [name]);
  });
}

for (const name of ["llama", "Llama", "a b", "-x", "", "../x", "x".repeat(64)]) {
  Deno.test(`enginesSchema refuses ${JSON.stringify(name).slice(0, 20)} as the name of an engine`, () => {
    assert.equal(enginesSchema.safeParse({ [name]: { command: COMMAND } }).success, false);
  });
}

Deno.test("engineSettingsSchema takes numbers and truth for a variable, as YAML writes them", () => {
  const { env } = engineSettingsSchema.parse({
    command: COMMAND,
    env: { THREADS: 4, DEBUG: true, NAME: "x" },
  });
  assert.deepEqual(env, { THREADS: "4", DEBUG: "true", NAME: "x" });
});

Deno.test("engineSettingsSchema refuses what no argument and no variable can hold", () => {
  assert.deepEqual(complaints({ command: [...COMMAND, "a\u0000b"] }), [
    "command.5 must not hold the character NUL",
  ]);
  assert.match(complaints({ env: { A: "a\u0000b" } })[0] ?? "", /^env\.A /);
});
