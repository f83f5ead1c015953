import assert from "node:assert/strict";
import type { StoredModel } from "../../src/contracts/model.ts";
import { FakeHub } from "../helpers/fake_hub.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";
import { processGone } from "../helpers/supervised_home.ts";

const FILE = "bee-tiny-F16.gguf";
const NAME = `hf:bees/tiny:${FILE}`;
const PROMPT = "Tell me a story about Luna.";

async function homeWith(hub: FakeHub): Promise<RbeeHome> {
  const home = await RbeeHome.create();
  home.env["HF_ENDPOINT"] = hub.url;
  return home;
}

Deno.test("rbee run of a name of the hub fetches the model, loads it and answers, in one stream", async () => {
  await using hub = await FakeHub.start();
  await using home = await homeWith(hub);
  const args = ["--temperature", "0"];
  const asked = await home.rbee(["run", "hf:bees/tiny", PROMPT, ...args]);
  assert.equal(asked.code, 0, asked.stderr);
  const demo = await home.rbee(["run", "bee-tiny", PROMPT, ...args]);
  assert.equal(asked.stdout, demo.stdout, "it is the same model");
  const lines = asked.stderr.split("\n");
  const at = (pattern: RegExp) => lines.findIndex((line) => pattern.test(line));
  const steps = [
    at(/^\[hive {6}\] model_find {5}: Asking http.* for hf:bees\/tiny$/),
    at(/^\[hive {6}\] model_download : Downloading hf:bees\/tiny:.*: 100 %, 1\.7 MB of 1\.7 MB/),
    at(/^\[hive {6}\] model_check {4}: .* has the right SHA-256/),
    at(/^\[worker {4}\] model_load/),
    at(/^\[worker {4}\] worker_ready/),
  ];
  assert.ok(steps.every((step) => step >= 0), asked.stderr);
  assert.deepEqual(steps, steps.toSorted((a, b) => a - b));
});

Deno.test("rbee model downloads, lists, shows and removes, for people and as JSON", async () => {
  await using hub = await FakeHub.start();
  await using home = await homeWith(hub);
  assert.equal((await home.rbee(["up"])).code, 0);
  const download = await home.rbee(["model", "download", "hf:bees/tiny:f16"]);
  assert.equal(download.code, 0, download.stderr);
  assert.equal(download.stdout, `${NAME}\n`);
  const list = await home.rbee(["model", "list"]);
  assert.match(list.stdout, /^MODEL +HIVE +SIZE +QUANTISATION +PARAMETERS +CONTEXT +USED BY$/m);
  assert.match(list.stdout, /^bee-tiny +local +1\.7 MB +F16 +837K +256$/m);
  assert.match(list.stdout, new RegExp(`^${NAME} +local +1\\.7 MB +F16 +837K +256$`, "m"));
  const show = await home.rbee(["model", "show", "hf:bees/tiny", "--checksum"]);
  assert.match(show.stdout, /^general\.name +bee-tiny$/m);
  assert.match(show.stdout, /^file .* 1695616 bytes {2}[0-9a-f]{64}$/m);
  assert.equal((await home.rbee(["run", "-q", "hf:bees/tiny", "Hello"])).code, 0);
  const refused = await home.rbee(["model", "remove", "hf:bees/tiny"]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /has it loaded; stop it with rbee worker stop, or add --force$/m);
  const forced = await home.rbee(["model", "remove", "hf:bees/tiny", "--force"]);
  assert.equal(forced.code, 0, forced.stderr);
  assert.match(forced.stderr, /model_delete {3}: Removed hf:bees\/tiny/);
  const left = await home.rbee(["model", "list", "--json"]);
  const { models } = JSON.parse(left.stdout) as { models: StoredModel[] };
  assert.deepEqual(models.map(({ name }) => name), ["bee-tiny"]);
  const missing = await home.rbee(["model", "show", "hf:bees/tiny", "--json"]);
  assert.equal(missing.code, 1);
  assert.equal(JSON.parse(missing.stdout).error.code, "model_not_found");
  const wrong = await home.rbee(["model", "download", "hf:bees"]);
  assert.equal(wrong.code, 2, wrong.stderr);
});

Deno.test("a hive killed in the middle of a download goes on with it when it is started again", async () => {
  await using hub = await FakeHub.start();
  const half = 800_000;
  hub.file("bees/tiny", FILE).holdAfter = half;
  await using home = await homeWith(hub);
  assert.equal((await home.rbee(["up"])).code, 0);
  const first = home.start(["model", "download", "hf:bees/tiny"]);
  await hub.server.held();
  // The journal is written once a second, and each time something comes.
  const journal = `${home.path}/data/models/hf/bees/tiny/${FILE}.part.json`;
  await untilThere(journal);
  const { pid } = await home.daemon("hive");
  Deno.kill(pid, "SIGKILL");
  await processGone(pid);
  await hub.server.idle();
  hub.server.release();
  const sent = hub.server.sent;
  assert.equal((await home.rbee(["up"])).code, 0);
  // The queen has looked for it, and found one that knows nothing of the job.
  assert.notEqual((await first.result).code, 0);
  const second = await home.rbee(["model", "download", "hf:bees/tiny"]);
  assert.equal(second.code, 0, second.stderr);
  assert.match(second.stderr, /Going on with .* from where it broke off/);
  assert.match(second.stderr, /has the right SHA-256/);
  assert.ok(hub.server.sent - sent < 1_695_616, "what was there is not fetched again");
});

/** Resolves when a file is there that is not there yet. */
async function untilThere(path: string): Promise<void> {
  const isThere = () => Deno.stat(path).then(() => true, () => false);
  const folder = path.slice(0, path.lastIndexOf("/"));
  using watcher = Deno.watchFs(folder);
  if (await isThere()) return;
  for await (const _event of watcher) if (await isThere()) return;
}
