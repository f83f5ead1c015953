import assert from "node:assert/strict";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { SharedDownloads } from "../../src/hive/shared_downloads.ts";
import { narrate } from "../../src/narration/narrate.ts";
import { type LocalJob, startLocalJob } from "../helpers/local_job.ts";

const NAME = "hf:bees/x:x.gguf";
type Kind = "download" | "copy";

/** Something that comes when the test lets it. */
class Coming {
  readonly begun = Promise.withResolvers<void>();
  readonly came = Promise.withResolvers<void>();
  /** Resolves when it may end after it was told to. */
  readonly mayEnd = Promise.withResolvers<void>();
  readonly told = Promise.withResolvers<void>();
  runs = 0;

  constructor(readonly kind: Kind = "download") {}

  async run(signal: AbortSignal): Promise<void> {
    this.runs++;
    narrate("model_download", "has begun");
    signal.addEventListener("abort", () => this.told.resolve(), { once: true });
    this.begun.resolve();
    await Promise.race([this.came.promise, this.told.promise]);
    if (!signal.aborted) return;
    await this.mayEnd.promise;
    signal.throwIfAborted();
  }
}

function follow(downloads: SharedDownloads, coming: Coming): LocalJob {
  return startLocalJob(async ({ signal }) => {
    await downloads.follow(NAME, {
      kind: coming.kind,
      run: (stop) => coming.run(stop),
    }, signal);
    return { result: null };
  });
}

const endOf = async ({ ended }: LocalJob) => (await ended).at(-1);

Deno.test("SharedDownloads.follow() begins anew where it finds a download that ends with its last follower", async () => {
  const downloads = new SharedDownloads();
  const first = new Coming();
  const left = follow(downloads, first);
  await first.begun.promise;
  left.job.cancel("Ctrl-C");
  await first.told.promise;
  const second = new Coming();
  const asked = follow(downloads, second);
  first.mayEnd.resolve();
  assert.equal((await endOf(left))?.type, "cancelled");
  await second.begun.promise;
  second.came.resolve();
  assert.equal((await endOf(asked))?.type, "done");
});

for (
  const [running, asking] of [["copy", "download"], ["download", "copy"], ["copy", "copy"]] as [
    Kind,
    Kind,
  ][]
) {
  Deno.test(`SharedDownloads.follow() of a ${asking} joins a ${running}, and runs its own when that goes wrong`, async () => {
    for (const goesWell of [true, false]) {
      const downloads = new SharedDownloads();
      const first = new Coming(running);
      const leading = follow(downloads, first);
      await first.begun.promise;
      const second = new Coming(asking);
      const joining = follow(downloads, second);
      assert.equal(second.runs, 0);
      second.came.resolve();
      // Only who follows it sees it end.
      for await (const event of joining.job.log.cursor().events({ signal: joining.job.signal })) {
        if (event.type === "narration" && event.human === "has begun") break;
      }
      if (goesWell) first.came.resolve();
      else first.came.reject(new RbeeError("download_failed", "It broke off"));
      assert.equal((await endOf(leading))?.type, goesWell ? "done" : "error");
      assert.equal((await endOf(joining))?.type, "done");
      assert.equal(second.runs, goesWell ? 0 : 1);
    }
  });
}

Deno.test("SharedDownloads.follow() fails with the download that it has joined", async () => {
  const downloads = new SharedDownloads();
  const first = new Coming();
  const leading = follow(downloads, first);
  await first.begun.promise;
  const second = new Coming();
  const joining = follow(downloads, second);
  for await (const event of joining.job.log.cursor().events({ signal: joining.job.signal })) {
    if (event.type === "narration" && event.human === "has begun") break;
  }
  first.came.reject(new RbeeError("download_failed", "It broke off"));
  for (const job of [leading, joining]) {
    const end = await endOf(job);
    assert.deepEqual(end?.type === "error" && end.message, "It broke off");
  }
  assert.equal(second.runs, 0);
});

Deno.test("SharedDownloads.cancel() ends who has joined, also a copy", async () => {
  const downloads = new SharedDownloads();
  const first = new Coming("copy");
  const leading = follow(downloads, first);
  await first.begun.promise;
  const second = new Coming();
  const joining = follow(downloads, second);
  for await (const event of joining.job.log.cursor().events({ signal: joining.job.signal })) {
    if (event.type === "narration" && event.human === "has begun") break;
  }
  first.mayEnd.resolve();
  await downloads.cancel(NAME, "on request");
  for (const job of [leading, joining]) {
    const end = await endOf(job);
    assert.deepEqual(end?.type === "error" && end.code, "download_cancelled");
  }
  assert.equal(second.runs, 0);
});
