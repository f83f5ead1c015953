import assert from "node:assert/strict";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import { workerListSchema } from "../../src/contracts/worker.ts";
import { requestJson } from "../../src/http/api_client.ts";
import { JobClient } from "../../src/jobs/job_client.ts";
import { rawText } from "../helpers/journal_folder.ts";
import { range } from "../helpers/journal_segments.ts";
import { keptPort } from "../helpers/kept_port.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";

const LONG = {
  operation: "infer",
  model: "bee-tiny",
  // Far from what the model has learned to end, and slow to go on from: some seconds of tokens.
  prompt: "the ".repeat(800),
  max_tokens: 100_000,
  temperature: 0,
};
const STORY = {
  operation: "infer",
  model: "bee-tiny",
  messages: [{ role: "user", content: "Tell me a story about Luna, promptsecret." }],
  temperature: 0,
};

/** A home whose queen has the same port each time she starts. */
async function homeWithPort(): Promise<RbeeHome> {
  const home = await RbeeHome.create();
  home.env.RBEE_QUEEN_PORT = String(keptPort());
  return home;
}

async function up(home: RbeeHome): Promise<string> {
  const { code, stderr } = await home.rbee(["up"]);
  assert.equal(code, 0, stderr);
  return (await home.daemon("queen")).url;
}

/** A worker whose one slot is so long that no answer ends by itself while a test looks. */
async function spawnPatientWorker(home: RbeeHome): Promise<JobClient> {
  const { url } = await home.daemon("hive");
  const end = await new JobClient(url).submitAndStream(
    { operation: "worker_spawn", model: "bee-tiny", context: 32_768, parallel: 1 },
    () => {},
  );
  assert.equal(end.type, "done", JSON.stringify(end));
  const { workers } = await requestJson(`${url}/v1/workers`, { schema: workerListSchema });
  return new JobClient(`${url}/v1/workers/${workers[0]!.worker_id}/proxy`);
}

/** Reads a job in the background. */
function watch(client: JobClient, jobId: string) {
  const events: JobEvent[] = [];
  const talking = Promise.withResolvers<void>();
  const ended = (async () => {
    for await (const event of client.stream(jobId)) {
      events.push(event);
      if (event.type === "token" && event.i === 100) talking.resolve();
    }
  })();
  ended.then(
    () => talking.reject(new Error(`the job has ended: ${JSON.stringify(events.at(-1))}`)),
    talking.reject,
  );
  // Who waits for it is told; where nobody does, the test has failed already.
  talking.promise.catch(() => {});
  return { events, talking: talking.promise, ended };
}

const seqOf = (event: JobEvent | undefined) => event?.type === "gap" ? -1 : event?.seq ?? 0;
const timeOf = (event: JobEvent | undefined) =>
  event === undefined || event.type === "gap" ? NaN : Date.parse(event.at);

Deno.test("a queen killed in the middle of a job tells its readers how it ended when she is back", async () => {
  await using home = await homeWithPort();
  const url = await up(home);
  const atWorker = await spawnPatientWorker(home);
  let losses = 0;
  const client = new JobClient(url, { onReconnect: () => void losses++ });
  const { job_id } = await client.submit(LONG);
  const before = watch(client, job_id);
  const keeper = home.start(["job", "watch", job_id]);
  await keeper.line(/placement/);
  await before.talking;
  const { pid } = await home.daemon("queen");
  Deno.kill(pid, "SIGKILL");
  await keeper.line(/\[keeper {4}\] reconnect/);
  const seen = before.events.slice();

  assert.equal(await up(home), url);
  assert.notEqual((await home.daemon("queen")).pid, pid);

  await before.ended;
  assert.ok(losses >= 1);
  const end = before.events.at(-1);
  assert.ok(end?.type === "error", JSON.stringify(end));
  assert.equal(end.code, "interrupted");
  assert.deepEqual(before.events.slice(0, seen.length), seen);
  assert.ok(before.events.slice(0, -1).every((event, n) => seqOf(event) === n + 1));

  const shown = await keeper.result;
  assert.match(shown.stderr, /ended before it did; submit it again/);

  const after = await Array.fromAsync(client.stream(job_id));
  assert.deepEqual(after.map(seqOf), range(1, after.length));
  assert.deepEqual(after.at(-1), end);
  const kept = after.slice(0, -1);
  assert.ok(kept.length > 50, `${kept.length} events are kept`);
  const both = Math.min(kept.length, seen.length);
  assert.deepEqual(kept.slice(0, both), seen.slice(0, both));
  // Tokens come every few milliseconds: a longer pause is the machine's, which stood still.
  const lost = seen.slice(both - 1).map(timeOf);
  const lostMs = lost.slice(1).reduce((sum, at, n) => sum + Math.min(at - lost[n]!, 100), 0);
  // The bound is 200 ms of events; the rest is for a machine that has other tests to run.
  assert.ok(lostMs < 1000, `${lostMs} ms of events are lost`);
  const view = await client.get(job_id);
  assert.equal(view.state, "error");
  assert.equal(view.last_seq, after.length);

  const [delegated, ...others] = await atWorker.list();
  assert.deepEqual(others, []);
  const atEnd = await Array.fromAsync(atWorker.stream(delegated!.job_id, { after: 1 }));
  assert.equal(atEnd.at(-1)?.type, "cancelled");
  assert.equal((await home.rbee(["run", "-q", "bee-tiny", "Hello"])).code, 0, "the slot is free");
  assert.equal(shown.code, 1, "nobody has pressed Ctrl-C");
});

Deno.test("a job survives rbee down and rbee up with its stream, and its file has no prompt", async () => {
  await using home = await homeWithPort();
  const url = await up(home);
  const client = new JobClient(url);
  const end = await client.submitAndStream(STORY, () => {});
  assert.equal(end.type, "done", JSON.stringify(end));
  const [job] = await client.list();
  const stream = `${url}/v1/jobs/${job!.job_id}/stream`;
  const typed = await (await fetch(stream)).text();
  const plain = await (await fetch(`${stream}?format=text`)).text();
  assert.match(typed, /^event: token$/m);

  const down = await home.rbee(["down"]);
  assert.equal(down.code, 0, down.stderr);
  const file = (role: string) => `${home.path}/data/journal/${role}.db`;
  for (const role of ["queen", "hive"]) {
    assert.equal((await Deno.stat(file(role))).mode! & 0o777, 0o600);
    assert.match(rawText(file(role)), /event: narration/);
    assert.doesNotMatch(rawText(file(role)), /promptsecret/);
  }
  assert.match(rawText(file("queen")), /event: token/);
  assert.doesNotMatch(rawText(file("hive")), /event: token/, "the queen alone keeps answers");

  assert.equal(await up(home), url);
  assert.equal(await (await fetch(stream)).text(), typed);
  assert.equal(await (await fetch(`${stream}?format=text`)).text(), plain);
  assert.deepEqual(await client.get(job!.job_id), job);
  const watched = await home.rbee(["job", "watch", job!.job_id, "--json"]);
  assert.equal(watched.code, 0, watched.stderr);
  const ids = watched.stdout.trimEnd().split("\n").map((line) => JSON.parse(line).seq);
  assert.deepEqual(ids, range(1, job!.last_seq));
});

Deno.test("with keep_completions: false no token reaches the disk, and a restart tells the gap", async () => {
  await using home = await homeWithPort();
  await Deno.mkdir(`${home.path}/config`, { recursive: true });
  await Deno.writeTextFile(
    `${home.path}/config/rbee.yaml`,
    "journal:\n  keep_completions: false\n",
  );
  const url = await up(home);
  const client = new JobClient(url);
  let tokens = 0;
  const end = await client.submitAndStream(STORY, ({ type }) => {
    if (type === "token") tokens++;
  });
  assert.equal(end.type, "done", JSON.stringify(end));
  const [job] = await client.list();
  const before = await Array.fromAsync(client.stream(job!.job_id));
  assert.equal((await home.rbee(["down"])).code, 0);
  const text = rawText(`${home.path}/data/journal/queen.db`);
  assert.match(text, /event: done/);
  assert.doesNotMatch(text, /event: token/);
  await up(home);
  const after = await Array.fromAsync(client.stream(job!.job_id));
  const gone = after.reduce(
    (sum, event) => event.type === "gap" ? sum + event.to - event.from + 1 : sum,
    0,
  );
  assert.equal(gone, tokens);
  assert.deepEqual(
    after.filter(({ type }) => type !== "gap"),
    before.filter(({ type }) => type !== "token"),
  );
});

for (
  const [what, spoil] of [
    ["cannot be made", (folder: string) => Deno.writeTextFileSync(folder, "in the way")],
    [
      "cannot be opened",
      (folder: string) => Deno.mkdirSync(`${folder}/queen.db`, { recursive: true }),
    ],
    ["is garbage", (folder: string) => {
      Deno.mkdirSync(folder, { recursive: true });
      Deno.writeFileSync(`${folder}/queen.db`, crypto.getRandomValues(new Uint8Array(30_000)));
    }],
  ] as const
) {
  Deno.test(`a queen whose journal ${what} says so and answers all the same`, async () => {
    await using home = await homeWithPort();
    await Deno.mkdir(`${home.path}/data`);
    spoil(`${home.path}/data/journal`);
    const { code, stdout, stderr } = await home.rbee(["run", "bee-tiny", "Hello"]);
    assert.equal(code, 0, stderr);
    assert.notEqual(stdout, "");
    assert.match(stderr, /\[queen {5}\] journal_failed : .*journal/);
    assert.equal((await home.rbee(["job", "list"])).code, 0);
  });
}

Deno.test("a journal deleted while the queen runs harms no job, and the next ones are kept", async () => {
  await using home = await homeWithPort();
  const url = await up(home);
  const client = new JobClient(url);
  assert.equal((await client.submitAndStream(STORY, () => {})).type, "done");
  await Deno.remove(`${home.path}/data/journal`, { recursive: true });
  assert.equal((await client.submitAndStream(STORY, () => {})).type, "done");
  const [second, first] = await client.list();
  const events = await Array.fromAsync(client.stream(first!.job_id));
  assert.deepEqual(events.map(seqOf), range(1, first!.last_seq));
  assert.match(await Deno.readTextFile(`${home.path}/state/queen.log`), /has been deleted/);
  assert.equal((await home.rbee(["down"])).code, 0);
  await up(home);
  const kept = await Array.fromAsync(client.stream(second!.job_id));
  const to = seqOf(kept.at(-1));
  assert.equal(to, second!.last_seq);
  assert.equal(kept.at(-1)?.type, "done");
});
