import assert from "node:assert/strict";
import { RbeeError } from "../../src/base/rbee_error.ts";
import {
  DEFAULT_HIVE_PORT,
  DEFAULT_QUEEN_PORT,
  type RbeeYaml,
  readRbeeYaml,
} from "../../src/config/rbee_yaml.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const DEFAULTS: RbeeYaml = {
  queen: {
    host: "127.0.0.1",
    port: 7833,
    names: [],
    require_token: false,
    max_requests: 256,
    max_queue: 512,
  },
  hive: {
    host: "127.0.0.1",
    port: 7835,
    names: [],
    require_token: false,
    idle: 300_000,
    max_workers: 16,
    max_queue: 512,
    memory_check: true,
    allow_http: false,
  },
  models: {},
  engines: {},
  journal: {
    max_age_hours: 168,
    max_jobs: 10_000,
    max_mib: 4096,
    max_job_mib: 2048,
    keep_completions: true,
  },
  limits: {
    body_time: 30_000,
    infer: { requests_per_second: 50, burst: 100, streams: 64, jobs: 64, bodies: 32 },
    admin: { requests_per_second: 0, burst: 100, streams: 0, jobs: 0, bodies: 0 },
    tokens: {},
    refused: { requests_per_second: 100, burst: 1000 },
  },
  hives: {},
};

async function read(text: string): Promise<RbeeYaml> {
  await using folder = await TemporaryFolder.make();
  await Deno.writeTextFile(folder.join("rbee.yaml"), text);
  return await readRbeeYaml(folder.path);
}

/** The sentence about `text`, with FILE for the path of the file. */
async function complaint(text: string): Promise<string> {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("rbee.yaml");
  await Deno.writeTextFile(path, text);
  try {
    await readRbeeYaml(folder.path);
  } catch (error) {
    assert.ok(error instanceof RbeeError, `not for people: ${error}`);
    assert.equal(error.code, "bad_config");
    assert.ok(error.message.startsWith(path), error.message);
    assert.doesNotMatch(error.message, /\n/);
    return error.message.replace(path, "FILE");
  }
  assert.fail(`accepted: ${text}`);
}

Deno.test("readRbeeYaml() gives the contract's defaults when there is no file", async () => {
  await using folder = await TemporaryFolder.make();
  assert.deepEqual(await readRbeeYaml(folder.path), DEFAULTS);
  assert.deepEqual(await readRbeeYaml(folder.join("missing")), DEFAULTS);
  assert.equal(DEFAULT_QUEEN_PORT, 7833);
  assert.equal(DEFAULT_HIVE_PORT, 7835);
});

Deno.test("readRbeeYaml() gives the defaults for a file that says nothing", async () => {
  for (const text of ["", "\n", "# only a comment\n", "---\n", "{}"]) {
    assert.deepEqual(await read(text), DEFAULTS);
  }
});

Deno.test("readRbeeYaml() takes each key by itself", async () => {
  assert.deepEqual(await read("queen:\n  port: 1\n"), {
    ...DEFAULTS,
    queen: { ...DEFAULTS.queen, port: 1 },
  });
  assert.deepEqual(await read('hive: {host: "::1", port: 0}'), {
    ...DEFAULTS,
    hive: { ...DEFAULTS.hive, host: "::1", port: 0 },
  });
});

Deno.test("readRbeeYaml() names file and line of what is not YAML", async () => {
  assert.match(await complaint("queen: ["), /^FILE, line 1, column 9: .*, then rbee config check$/);
  assert.match(await complaint("queen:\n  port: 1\n hive: {"), /^FILE, line 3, column \d+: /);
  assert.match(await complaint("queen:\n\tport: 1\n"), /^FILE, line 2, column 1: /);
});

Deno.test("readRbeeYaml() names the line of a key that is there twice", async () => {
  const text = "queen:\n  port: 1\nhive:\n  port: 2\nqueen:\n  port: 3\n";
  assert.match(await complaint(text), /^FILE, line 5, column 1: .*unique/);
});

Deno.test("readRbeeYaml() names line and key of a value that does not fit", async () => {
  const port = "must be a whole number from 0 to 65535";
  for (
    const [text, where] of [
      ["\nqueen:\n  port: high\n", `line 3, column 9: "queen.port" ${port}`],
      ["hive:\n  port: 65536", `line 2, column 9: "hive.port" ${port}`],
      ["hive:\n  port: 80.5", `line 2, column 9: "hive.port" ${port}`],
      ['hive:\n  port: "80"', `line 2, column 9: "hive.port" ${port}`],
      [
        'queen:\n  port: 1\n  host: ""',
        'line 3, column 9: "queen.host" must be text that is not empty',
      ],
    ]
  ) {
    assert.equal(await complaint(text!), `FILE, ${where}; mend it, then rbee config check`);
  }
});

Deno.test("readRbeeYaml() names line and name of a key that it does not know", async () => {
  assert.equal(
    await complaint("queen:\n  port: 1\n  prot: 2\n"),
    'FILE, line 3, column 3: "queen.prot" is not a known key (did you mean "port"?); mend it, then rbee config check',
  );
  assert.match(
    await complaint("quen:\n  port: 1\n"),
    /: "quen" is not .* \(did you mean "queen"\?\)/,
  );
});

Deno.test("readRbeeYaml() refuses a file that is no mapping", async () => {
  for (const text of ["- 1", "hello", "7"]) {
    assert.match(
      await complaint(text),
      /^FILE, line 1, column 1: The file must be a mapping of keys/,
    );
  }
});

Deno.test("readRbeeYaml() refuses aliases that have no anchor or grow without bound", async () => {
  assert.match(await complaint("queen: *missing"), /^FILE, line 1, column 8: .*missing/);
  let bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (let i = 1; i < 9; i++) {
    bomb += `a${i}: &a${i} [${Array.from({ length: 9 }, () => `*a${i - 1}`).join(", ")}]\n`;
  }
  assert.match(await complaint(bomb), /^FILE, line \d+, column \d+: .*alias/i);
});

Deno.test("readRbeeYaml() takes a part whose last key was commented out for an empty one", async () => {
  const parts = Object.keys(DEFAULTS).map((part) => `${part}:\n`);
  for (const text of [...parts, parts.join(""), "limits:\n  infer:\n  # burst: 1\n"]) {
    assert.deepEqual(await read(text), DEFAULTS, text);
  }
  assert.deepEqual((await read("models:\n  bee-tiny:\n    # pin: true\n")).models, {
    "bee-tiny": { pin: false, preload: false },
  });
});

Deno.test("readRbeeYaml() refuses a host on which nothing can listen", async () => {
  for (const host of ["not a host!", "a\0b", "127.0.0.1:80", "999.1.1.1"]) {
    assert.equal(
      await complaint(JSON.stringify({ hive: { host } })),
      'FILE, line 1, column 17: "hive.host" must be an address or a host name, without a port; mend it, then rbee config check',
    );
  }
});

Deno.test("readRbeeYaml() says when it cannot read the file", async () => {
  await using folder = await TemporaryFolder.make();
  await Deno.mkdir(folder.join("rbee.yaml"));
  await assert.rejects(readRbeeYaml(folder.path), (error) => {
    assert.ok(error instanceof RbeeError);
    assert.equal(error.code, "bad_config");
    assert.equal(
      error.message,
      `Cannot read ${
        folder.join("rbee.yaml")
      }: it is a folder; move it away, and write the settings into a file of that name`,
    );
    return true;
  });
});

Deno.test("readRbeeYaml() reads what bounds a hive's work, its models and its engines", async () => {
  const yaml = await read(`
queen: {max_requests: 8, max_queue: 0}
hive:
  idle: 90s
  max_workers: 2
  max_queue: 4
  memory_check: false
models:
  bee-tiny: {context: 64, parallel: 1, pin: true, preload: true}
  /models/a b.gguf:
    engine: llama-server
    idle: 0
engines:
  llama-server:
    command: [llama-server, --model, "{model}", --host, 127.0.0.1, --port, "{port}"]
    env: { LLAMA_LOG_COLORS: "off" }
`);
  assert.deepEqual(yaml, {
    ...DEFAULTS,
    queen: { ...DEFAULTS.queen, max_requests: 8, max_queue: 0 },
    hive: { ...DEFAULTS.hive, idle: 90_000, max_workers: 2, max_queue: 4, memory_check: false },
    models: {
      "bee-tiny": { context: 64, parallel: 1, pin: true, preload: true },
      "/models/a b.gguf": { engine: "llama-server", idle: 0, pin: false, preload: false },
    },
    engines: {
      "llama-server": {
        command: [
          "llama-server",
          "--model",
          "{model}",
          "--host",
          "127.0.0.1",
          "--port",
          "{port}",
        ],
        ready: "/health",
        api: "openai",
        narration: false,
        env: { LLAMA_LOG_COLORS: "off" },
        stall: 600_000,
        load: 3_600_000,
      },
    },
  });
});

for (
  const [text, said] of [
    [
      "models:\n  m:\n    idle: soon\n",
      '3, column 11: "models.m.idle" must be a time such as 90s, 5m or 1h, or 0',
    ],
    [
      "models:\n  m:\n    pinned: true\n",
      '3, column 5: "models.m.pinned" is not a known key (did you mean "pin"?)',
    ],
    [
      "models:\n  m:\n    engine: vlm\nengines:\n  vllm: {command: [vllm, '{port}']}\n",
      '3, column 13: "models.m.engine" must be the name of an engine that is there (known are llama, vllm)',
    ],
    [
      "models:\n  m: {engine: constructor}\n",
      '2, column 15: "models.m.engine" must be the name of an engine that is there (known are llama)',
    ],
    [
      "models:\n  m:\n    device: tpu\n",
      '3, column 13: "models.m.device" must be auto, cpu, gpu, cuda:N, vulkan:N or metal',
    ],
    [
      "hive:\n  idle: 366d\n",
      '2, column 9: "hive.idle" must be a time such as 90s, 5m or 1h, or 0',
    ],
    [
      'engines:\n  x:\n    command: [x, "--port={port}"]\n',
      '3, column 18: "engines.x.command.1" holds {port} within a longer argument; write it as an argument of its own',
    ],
    [
      'engines:\n  x:\n    command:\n    - x\n    - "{port}"\n    - "{modle}"\n',
      '6, column 7: "engines.x.command.2" is not known; known are {model}, {port}, {device}',
    ],
    [
      "engines:\n  x:\n    command: [x]\n",
      '3, column 14: "engines.x.command" must hold {port}, so that the hive can say where to listen',
    ],
    [
      'engines:\n  x:\n    command: [x, "{port}"]\n    ready: health\n',
      '4, column 12: "engines.x.ready" must be a path such as /health',
    ],
  ] as const
) {
  Deno.test(`readRbeeYaml() says in line ${said}`, async () => {
    assert.equal(await complaint(text), `FILE, line ${said}; mend it, then rbee config check`);
  });
}

Deno.test("readRbeeYaml() says which name of an engine is taken", async () => {
  assert.equal(
    await complaint('engines:\n  llama:\n    command: [x, "{port}"]\n'),
    'FILE, line 2, column 3: "engines.llama" must not be llama, the engine inside rbee; mend it, then rbee config check',
  );
});

for (
  const [name, said] of [
    ["RBEE_HOME", "must not begin with RBEE_, which rbee sets itself"],
    ["A-B", "must be the name of an environment variable"],
  ] as const
) {
  Deno.test(`readRbeeYaml() says that the variable ${name} ${said}`, async () => {
    assert.equal(
      await complaint(`engines:\n  x:\n    command: [x, "{port}"]\n    env:\n      ${name}: y\n`),
      `FILE, line 5, column 7: "engines.x.env.${name}" ${said}; mend it, then rbee config check`,
    );
  });
}

Deno.test("readRbeeYaml() names a misspelled key and not that the right one is missing", async () => {
  assert.equal(
    await complaint('engines:\n  x:\n    comand: [x, "{port}"]\n'),
    'FILE, line 3, column 5: "engines.x.comand" is not a known key (did you mean "command"?); mend it, then rbee config check',
  );
});

Deno.test("readRbeeYaml() says how many mistakes there are where it names the first of several", async () => {
  assert.equal(
    await complaint("hive: 7\nqueen:\n  prot: 1\n  port: x\n"),
    'FILE, line 1, column 7: "hive" must be a mapping of keys to values; rbee config check shows all 3 mistakes',
  );
});

Deno.test("readRbeeYaml() reads what bounds requests, each key by itself", async () => {
  const { limits } = await read(`
limits:
  body_time: 1m
  infer: { requests_per_second: 0.5, streams: 1 }
  admin: { jobs: 7 }
  tokens:
    ann: { requests_per_second: 200, burst: 400 }
  refused: { burst: 10 }
`);
  const { infer, admin, refused } = DEFAULTS.limits;
  assert.deepEqual(limits, {
    body_time: 60_000,
    infer: { ...infer, requests_per_second: 0.5, streams: 1 },
    admin: { ...admin, jobs: 7 },
    tokens: { ann: { requests_per_second: 200, burst: 400 } },
    refused: { ...refused, burst: 10 },
  });
});

for (
  const [text, said] of [
    ["limits: {infer: {requests: 5}}", /"limits\.infer\.requests" is not a known key/],
    ["limits: {infer: {burst: 0}}", /limits\.infer\.burst/],
    ["limits: {infer: {streams: -1}}", /limits\.infer\.streams/],
    ["limits: {tokens: {token-1: {}}}", /limits\.tokens/],
    ["limits: {body_time: long}", /limits\.body_time/],
  ] as const
) {
  Deno.test(`readRbeeYaml() refuses ${text}`, async () => {
    assert.match(await complaint(text), said);
  });
}
