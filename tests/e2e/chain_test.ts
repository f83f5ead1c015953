import assert from "node:assert/strict";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import { JobClient, type OperationBody } from "../../src/jobs/job_client.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";

const STORY: OperationBody = {
  operation: "infer",
  model: "bee-tiny",
  messages: [{ role: "user", content: "Tell me a story about Luna." }],
  temperature: 0,
};

async function ask(client: JobClient, body: OperationBody): Promise<JobEvent[]> {
  const events: JobEvent[] = [];
  await client.submitAndStream(body, (event) => void events.push(event));
  return events;
}

const textOf = (events: JobEvent[]) =>
  events.map((event) => event.type === "token" ? event.text : "").join("");

Deno.test("one reader of the queen's stream reads all four roles' work in order, then the answer", async () => {
  await using home = await RbeeHome.create();
  const up = await home.rbee(["up"]);
  assert.equal(up.code, 0, up.stderr);
  const { url } = await home.daemon("queen");
  const events = await ask(new JobClient(url), STORY);

  const said = events.map((event) =>
    event.type === "narration" ? `${event.actor} ${event.action}` : event.type
  );
  const inOrder = [
    "queen placement",
    "hive worker_spawn",
    "worker listening",
    "worker model_load",
    "worker worker_ready",
    "hive worker_spawn",
    "token",
    "worker infer_done",
    "done",
  ];
  let at = -1;
  for (const step of inOrder) {
    const next = said.indexOf(step, at + 1);
    assert.ok(next > at, `"${step}" is missing after ${at}: ${said.join(", ")}`);
    at = next;
  }
  assert.equal(at, said.length - 1, "nothing follows the terminal event");
  assert.deepEqual(
    events.map((event) => event.type === "gap" ? undefined : event.seq),
    events.map((_, index) => index + 1),
  );

  const percents = events.flatMap((event) =>
    event.type === "narration" && event.progress?.unit === "percent" ? [event.progress.current] : []
  );
  assert.equal(percents.at(-1), 100);
  assert.deepEqual(percents, [...percents].sort((a, b) => a - b), "progress never goes back");

  const jobIds = new Set(
    events.flatMap((event) => event.type === "narration" ? [event.job_id] : []),
  );
  assert.equal(jobIds.size, 1, "every narration is of the queen's own job");
  const [first] = events.filter((event) => event.type === "narration");
  assert.match(first!.formatted, /^\[queen {5}\] placement {6}: Chose hive local/);

  const tokens = events.filter((event) => event.type === "token");
  assert.ok(tokens.length > 20, "the story came token by token");
  assert.deepEqual(tokens.map(({ i }) => i), tokens.map((_, index) => index));
  assert.match(textOf(events), /Luna/);
  const done = events.at(-1)!;
  assert.ok(done.type === "done");
  assert.ok(done.usage!.prompt_tokens > 5 && done.usage!.completion_tokens >= tokens.length);
  assert.equal(done.finish_reason, "stop");
});

Deno.test("rbee run starts what is missing, prints the answer alone, and leaves it up for the next", async () => {
  await using home = await RbeeHome.create();
  const args = ["run", "bee-tiny", "Tell me a story about Luna.", "--temperature", "0"];
  const first = await home.rbee(args);
  assert.equal(first.code, 0, first.stderr);
  for (const actor of ["keeper", "queen", "hive", "worker"]) {
    assert.match(first.stderr, new RegExp(`^\\[${actor} *\\] `, "m"), `${actor} is heard`);
  }
  const { url, pid } = await home.daemon("queen");
  assert.equal(first.stdout, textOf(await ask(new JobClient(url), STORY)));

  const second = await home.rbee(args);
  assert.equal(second.stdout, first.stdout);
  assert.doesNotMatch(second.stderr, /worker_spawn|queen_start|hive_start/);
  assert.equal((await home.daemon("queen")).pid, pid);

  const down = await home.rbee(["down"]);
  assert.equal(down.code, 0, down.stderr);
  assert.match(down.stderr, /\[worker {4}\] stopped/);
  assert.deepEqual(home.processes(), []);
});

Deno.test("keeper shows queen startup", async () => {
  await using home = await RbeeHome.create();
  const { code, stdout, stderr } = await home.rbee(["up"]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "");
  const lines = stderr.split("\n");
  const at = (pattern: RegExp) => lines.findIndex((line) => pattern.test(line));
  const steps = [
    at(/^\[keeper {4}\] queen_start/),
    at(/^\[queen {5}\] listening {6}: Listening on http:\/\/127\.0\.0\.1:\d+$/),
    at(/^\[queen {5}\] ready/),
    at(/^\[keeper {4}\] queen_ready/),
    at(/^\[hive {6}\] ready/),
    at(/^\[keeper {4}\] hive_ready/),
  ];
  assert.deepEqual(steps, [...steps].sort((a, b) => a - b));
  assert.ok(steps[0]! >= 0, stderr);

  const again = await home.rbee(["up"]);
  assert.equal(again.code, 0);
  assert.match(again.stderr, /The queen is already running/);
});

Deno.test("two jobs at once never see each other's events, through all four processes", async () => {
  await using home = await RbeeHome.create();
  assert.equal((await home.rbee(["up"])).code, 0);
  const { url } = await home.daemon("queen");
  const secrets = ["secretapple", "secretpear"] as const;
  const demo = new URL("../../src/models/demo_model/bee-tiny.gguf", import.meta.url);
  const jobs = await Promise.all(secrets.map(async (secret) => {
    // The name of the file is narrated by queen, hive and worker; the prompt by nobody.
    const model = `${home.path}/${secret}.gguf`;
    await Deno.copyFile(demo, model);
    const events = await ask(new JobClient(url), {
      ...STORY,
      model,
      messages: [{ role: "user", content: `Say ${secret}prompt.` }],
    });
    return { secret, text: JSON.stringify(events), events };
  }));
  for (const { secret, text, events } of jobs) {
    assert.equal(events.at(-1)?.type, "done", text);
    assert.ok(text.includes(secret), "its own secret is in its own events");
    const other = secrets.find((candidate) => candidate !== secret)!;
    assert.ok(!text.includes(other), `${other} is in the events of ${secret}`);
    const narrated = events.filter(({ type }) => type === "narration");
    assert.ok(!JSON.stringify(narrated).includes(`${secret}prompt`), "prompts are not narrated");
  }
});

Deno.test("at least four requests are answered at once by one worker", async () => {
  await using home = await RbeeHome.create();
  assert.equal((await home.rbee(["run", "-q", "bee-tiny", "Hello"])).code, 0);
  const { url } = await home.daemon("queen");
  const answers = await Promise.all(
    Array.from({ length: 6 }, () => ask(new JobClient(url), STORY)),
  );
  for (const events of answers) {
    assert.equal(events.at(-1)?.type, "done");
    assert.match(textOf(events), /Luna/);
  }
  const { workers } = JSON.parse((await home.rbee(["status", "--json"])).stdout);
  assert.equal(workers.length, 1);
});
