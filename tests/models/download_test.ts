import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { downloadFile, type DownloadOptions } from "../../src/models/download.ts";
import { PartFile, partPathOf } from "../../src/models/part_file.ts";
import type { RemoteFile } from "../../src/models/remote_file.ts";
import { addNarrationSink } from "../../src/narration/narration_sink.ts";
import { FileServer, ggufBytes, type ServedFile } from "../helpers/file_server.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const PATH = "/models/x.gguf";
const SIZE = 1_000_003;
const BYTES = ggufBytes(SIZE);
const sumOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** A file at a server, and where it goes. */
class Place implements AsyncDisposable {
  private constructor(readonly server: FileServer, readonly folder: TemporaryFolder) {}

  static async make(file: Partial<ServedFile> = {}): Promise<Place> {
    const folder = await TemporaryFolder.make();
    return new Place(await FileServer.start({ [PATH]: { bytes: BYTES, ...file } }), folder);
  }

  get path(): string {
    return this.folder.join("sub", "x.gguf");
  }

  async download(
    options: Partial<DownloadOptions> & { file?: Partial<RemoteFile> } = {},
  ): Promise<number> {
    const part = await PartFile.open(this.path);
    try {
      await downloadFile(part, { path: "x.gguf", url: this.server.url + PATH, ...options.file }, {
        signal: new AbortController().signal,
        pieceBytes: 100_000,
        retry: { firstMs: 1 },
        ...options,
      });
      return part.bytes;
    } finally {
      part.close();
    }
  }

  async came(): Promise<string> {
    return sumOf(await Deno.readFile(partPathOf(this.path)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.folder[Symbol.asyncDispose]();
  }
}

Deno.test("downloadFile() fetches several ranges at once, each byte once", async () => {
  await using place = await Place.make();
  assert.equal(await place.download(), SIZE);
  assert.equal(await place.came(), sumOf(BYTES));
  assert.equal(place.server.sent, SIZE);
  assert.equal(place.server.requests.length, 11);
  assert.ok(place.server.mostAtOnce > 1, `${place.server.mostAtOnce} at once`);
  assert.ok(place.server.mostAtOnce <= 4, `${place.server.mostAtOnce} at once`);
});

Deno.test("downloadFile() takes one stream from a server without ranges", async () => {
  await using place = await Place.make({ ranges: false, etag: null });
  assert.equal(await place.download(), SIZE);
  assert.equal(await place.came(), sumOf(BYTES));
  assert.equal(place.server.requests.length, 1);
});

Deno.test("downloadFile() goes on from where a connection broke", async () => {
  await using place = await Place.make({ breaks: [20_000, 0, 50_000, 1] });
  assert.equal(await place.download(), SIZE);
  assert.equal(await place.came(), sumOf(BYTES));
  // What had come of a run is not asked for again, though some of it may be lost on the way.
  assert.ok(place.server.sent < SIZE + 100_000, `${place.server.sent} bytes were sent`);
});

Deno.test("downloadFile() begins again where a server without ranges breaks off", async () => {
  await using place = await Place.make({ ranges: false, breaks: [500_000, 900_000] });
  assert.equal(await place.download(), SIZE);
  assert.equal(await place.came(), sumOf(BYTES));
  assert.equal(place.server.requests.length, 3);
});

Deno.test("downloadFile() gives up on a server without ranges that lies about its length, and promises nothing", async () => {
  await using place = await Place.make({ saidLength: SIZE + 10, ranges: false });
  await assert.rejects(place.download({ retry: { firstMs: 1, patience: 2 } }), {
    code: "download_failed",
    message: /^Cannot fetch x\.gguf: .* broke .*off.*, 3 times in a row; try again later$/,
  });
});

Deno.test("downloadFile() refuses a file of another size than the hub tells", async () => {
  for (const ranges of [true, false]) {
    await using place = await Place.make({ ranges });
    await assert.rejects(place.download({ file: { bytes: SIZE + 1 } }), {
      code: "size_mismatch",
      message: new RegExp(`has ${SIZE} bytes of it where ${SIZE + 1} are expected`),
    });
    assert.equal(place.server.requests.length, 1);
  }
});

for (
  const [status, code, advice] of [
    [401, "download_unauthorized", /set HF_TOKEN/],
    [403, "download_unauthorized", /set HF_TOKEN/],
    [404, "model_not_found", /check the name/],
  ] as const
) {
  Deno.test(`downloadFile() ends at once where the answer is ${status}, and says what to do`, async () => {
    await using place = await Place.make({ first: Array(9).fill({ status }) });
    await assert.rejects(place.download(), { code, message: advice });
    assert.equal(place.server.requests.length, 1);
  });
}

Deno.test("downloadFile() waits as long as a 429 asks, and says so", async () => {
  await using place = await Place.make({
    first: [{ status: 429, headers: { "retry-after": "1" } }],
  });
  using said = new RecordedNarration();
  const begunMs = performance.now();
  assert.equal(await place.download({ retry: { firstMs: 600_000 } }), SIZE);
  assert.ok(performance.now() - begunMs >= 990);
  const [retry] = said.records.filter(({ action }) => action === "download_retry");
  assert.match(retry!.human, /answered 429; trying again in 1 s/);
});

Deno.test("downloadFile() does not wait for hours, and says when to come back", async () => {
  await using place = await Place.make({
    first: [{ status: 429, headers: { "retry-after": "7200" } }],
  });
  await assert.rejects(place.download(), {
    code: "download_failed",
    message: /asks to wait 120 minutes/,
  });
});

Deno.test("downloadFile() tries again after answers of 500", async () => {
  await using place = await Place.make({ first: [{ status: 500 }, { status: 500 }] });
  assert.equal(await place.download(), SIZE);
  assert.equal(await place.came(), sumOf(BYTES));
});

Deno.test("downloadFile() gives up after as many failures in a row as are borne", async () => {
  await using place = await Place.make({ first: Array(20).fill({ status: 503 }) });
  await assert.rejects(place.download({ retry: { firstMs: 1, patience: 3 } }), {
    code: "download_failed",
    message: /answered 503, 4 times in a row/,
  });
  assert.equal(place.server.requests.length, 4);
});

Deno.test("downloadFile() keeps what came when it is cancelled, and fetches the rest alone", async () => {
  await using place = await Place.make({ holdAfter: 400_000 });
  const stop = new AbortController();
  const downloading = place.download({ signal: stop.signal });
  await place.server.held();
  stop.abort(new Error("enough"));
  await assert.rejects(downloading, /enough/);
  const kept = await PartFile.bytesOf(place.path);
  assert.ok(kept > 0 && kept < SIZE, `${kept} bytes are kept`);
  await place.server.idle();
  const sent = place.server.sent;
  place.server.release();
  assert.equal(await place.download(), SIZE);
  assert.equal(await place.came(), sumOf(BYTES));
  assert.equal(place.server.sent - sent, SIZE - kept);
  assert.equal(place.server.requests.at(-1)!.ifRange, `"of-${SIZE}"`);
});

Deno.test("downloadFile() starts again when the file at the server has changed meanwhile", async () => {
  await using place = await Place.make({ holdAfter: 400_000 });
  const stop = new AbortController();
  const downloading = place.download({ signal: stop.signal });
  await place.server.held();
  stop.abort(new Error("enough"));
  await assert.rejects(downloading, /enough/);
  const changed = ggufBytes(SIZE, 7);
  place.server.files.set(PATH, { bytes: changed, etag: '"another"' });
  place.server.release();
  using said = new RecordedNarration();
  assert.equal(await place.download(), SIZE);
  assert.equal(await place.came(), sumOf(changed));
  assert.ok(said.records.some(({ action }) => action === "download_restart"));
});

Deno.test("downloadFile() starts again when the file changes while it is fetched", async () => {
  await using place = await Place.make({ holdAfter: 400_000 });
  const downloading = place.download();
  await place.server.held();
  const changed = ggufBytes(SIZE, 7);
  place.server.files.set(PATH, { bytes: changed, etag: '"another"' });
  place.server.release();
  assert.equal(await downloading, SIZE);
  assert.equal(await place.came(), sumOf(changed));
});

Deno.test("downloadFile() takes up nothing that it cannot tell to be of the same file", async () => {
  await using place = await Place.make({ holdAfter: 400_000, etag: null });
  const stop = new AbortController();
  const downloading = place.download({ signal: stop.signal });
  await place.server.held();
  stop.abort(new Error("enough"));
  await assert.rejects(downloading, /enough/);
  place.server.release();
  const before = place.server.requests.length;
  assert.equal(await place.download(), SIZE);
  assert.equal(await place.came(), sumOf(BYTES));
  // The first answer tells nothing of what it is of, and is left.
  assert.deepEqual(place.server.rangesOf(PATH).slice(before), ["bytes=0-99999", undefined]);
});

Deno.test("downloadFile() breaks a connection that brings nothing, and takes another", async () => {
  await using place = await Place.make({ holdAfter: 400_000 });
  const stalled = Promise.withResolvers<void>();
  const removeSink = addNarrationSink({
    write: ({ human }) => {
      if (/sent nothing for/.test(human)) stalled.resolve();
    },
  });
  const downloading = place.download({ stallMs: 200, retry: { firstMs: 1, patience: 1000 } });
  await stalled.promise;
  place.server.release();
  assert.equal(await downloading, SIZE);
  assert.equal(await place.came(), sumOf(BYTES));
  removeSink();
});

Deno.test("downloadFile() shows the token to its origin alone, not to where that redirects", async () => {
  await using place = await Place.make();
  await using hub = await FileServer.start({
    "/x.gguf": { bytes: BYTES, redirect: place.server.url + PATH },
  });
  assert.equal(
    await place.download({
      file: { url: `${hub.url}/x.gguf` },
      credentials: { token: { origin: hub.url, value: "secret" } },
    }),
    SIZE,
  );
  assert.ok(hub.requests.every(({ authorization }) => authorization === "Bearer secret"));
  assert.ok(place.server.requests.length > 0);
  assert.ok(place.server.requests.every(({ authorization }) => authorization === undefined));
});

Deno.test("downloadFile() tells a redirect in circles", async () => {
  await using place = await Place.make({ redirect: PATH });
  await assert.rejects(place.download(), {
    code: "download_failed",
    message: /redirects in circles/,
  });
});

Deno.test("downloadFile() asks whether there is room before the first byte", async () => {
  await using place = await Place.make();
  const asked: number[] = [];
  await assert.rejects(
    place.download({
      admit: (bytes) => {
        asked.push(bytes);
        return Promise.reject(new Error("no room"));
      },
    }),
    /no room/,
  );
  assert.deepEqual(asked, [SIZE]);
});
