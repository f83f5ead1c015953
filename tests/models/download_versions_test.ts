import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { fetchModel } from "../../src/models/fetch_model.ts";
import { PartFile } from "../../src/models/part_file.ts";
import type { RemoteFile } from "../../src/models/remote_file.ts";
import { FileServer, ggufBytes } from "../helpers/file_server.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const SIZE = 500_000;
const OLD = ggufBytes(SIZE, 1);
const NEW = ggufBytes(SIZE, 7);
const sumOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Fetches `/x.gguf` of a server and gives the sum of what is stored then. */
async function fetchFrom(
  server: FileServer,
  folder: TemporaryFolder,
  file: Partial<RemoteFile> = {},
): Promise<string> {
  await fetchModel({
    name: "x",
    folder: folder.path,
    files: [{ path: "x.gguf", url: `${server.url}/x.gguf`, ...file }],
    pieceBytes: 50_000,
    retry: { firstMs: 1, patience: 3 },
    signal: new AbortController().signal,
  });
  return sumOf(await Deno.readFile(folder.join("x.gguf")));
}

Deno.test("fetchModel() never mixes two versions when a file changes before its first byte has come", async () => {
  await using folder = await TemporaryFolder.make();
  await using server = await FileServer.start();
  const othersCame = Promise.withResolvers<void>();
  let others = 0;
  // This range has sent its headers alone when others have come already.
  server.files.set("/x.gguf", {
    bytes: OLD,
    etag: '"old"',
    beforeBody: async () => {
      server.files.set("/x.gguf", {
        bytes: NEW,
        etag: '"new"',
        beforeBody: () => Promise.resolve(++others === 6 ? othersCame.resolve() : undefined),
      });
      await othersCame.promise;
    },
  });
  assert.equal(await fetchFrom(server, folder), sumOf(NEW));
});

Deno.test("fetchModel() takes up nothing of a copy that broke off where no sum tells what the server has", async () => {
  await using folder = await TemporaryFolder.make();
  await using server = await FileServer.start({ "/x.gguf": { bytes: NEW } });
  const part = await PartFile.open(folder.join("x.gguf"));
  await part.reset({ total: SIZE, sha256: sumOf(OLD) });
  {
    using writer = await part.writeFrom(0);
    await writer.write(OLD.subarray(0, SIZE / 2));
  }
  await part.save();
  part.close();
  using said = new RecordedNarration();
  assert.equal(await fetchFrom(server, folder), sumOf(NEW));
  const first = said.records.find(({ action }) => action === "model_download");
  assert.doesNotMatch(first!.human, /^Going on/);
  assert.equal(first!.progress!.current, 0);
});

Deno.test("fetchModel() takes up nothing that came from another address", async () => {
  await using folder = await TemporaryFolder.make();
  await using server = await FileServer.start({ "/x.gguf": { bytes: NEW } });
  const part = await PartFile.open(folder.join("x.gguf"));
  const url = "https://elsewhere.example/x.gguf";
  await part.reset({ total: SIZE, validator: `"of-${SIZE}"`, url });
  {
    using writer = await part.writeFrom(0);
    await writer.write(OLD.subarray(0, SIZE / 2));
  }
  await part.save();
  part.close();
  assert.equal(await fetchFrom(server, folder), sumOf(NEW));
});

Deno.test("fetchModel() fetches in one stream where nothing tells whether two ranges are of one file", async () => {
  await using folder = await TemporaryFolder.make();
  await using server = await FileServer.start({ "/x.gguf": { bytes: NEW, etag: null } });
  assert.equal(await fetchFrom(server, folder), sumOf(NEW));
  assert.deepEqual(server.rangesOf("/x.gguf"), ["bytes=0-49999", undefined]);
});

Deno.test("fetchModel() fetches in ranges without a word of the server where a sum decides", async () => {
  await using folder = await TemporaryFolder.make();
  await using server = await FileServer.start({ "/x.gguf": { bytes: NEW, etag: null } });
  assert.equal(await fetchFrom(server, folder, { bytes: SIZE, sha256: sumOf(NEW) }), sumOf(NEW));
  assert.equal(server.requests.length, 10);
  assert.equal(server.sent, SIZE);
});

let tags = 0;
const another = () => `"${++tags}"`;

Deno.test("fetchModel() needs no ETag that stays the same where a sum decides", async () => {
  await using folder = await TemporaryFolder.make();
  await using server = await FileServer.start({ "/x.gguf": { bytes: NEW, etag: another } });
  assert.equal(await fetchFrom(server, folder, { bytes: SIZE, sha256: sumOf(NEW) }), sumOf(NEW));
  assert.equal(server.sent, SIZE);
});

Deno.test("fetchModel() takes one stream from a server whose ETag is another with each answer", async () => {
  await using folder = await TemporaryFolder.make();
  await using server = await FileServer.start({ "/x.gguf": { bytes: NEW, etag: another } });
  using said = new RecordedNarration();
  assert.equal(await fetchFrom(server, folder), sumOf(NEW));
  assert.equal(server.rangesOf("/x.gguf").at(-1), undefined);
  const restarts = said.records.filter(({ action }) => action === "download_restart");
  assert.match(restarts.at(-1)!.human, /^x\.gguf changes .*in one stream/);
});

Deno.test("fetchModel() checks the sum that the first attempt was told, when the next is told none", async () => {
  await using folder = await TemporaryFolder.make();
  await using server = await FileServer.start({ "/x.gguf": { bytes: NEW, etag: '"one"' } });
  const part = await PartFile.open(folder.join("x.gguf"));
  const url = `${server.url}/x.gguf`;
  await part.reset({ total: SIZE, validator: '"one"', url, sha256: sumOf(NEW) });
  {
    using writer = await part.writeFrom(0);
    await writer.write(OLD.subarray(0, SIZE / 2));
  }
  await part.save();
  part.close();
  await assert.rejects(fetchFrom(server, folder), { code: "checksum_mismatch" });
});

Deno.test("fetchModel() names a file as people call it when its server breaks off", async () => {
  await using folder = await TemporaryFolder.make();
  await using server = await FileServer.start({
    "/x.gguf": { bytes: NEW, breaks: Array(9).fill(0) },
  });
  await assert.rejects(fetchFrom(server, folder, { name: "hf:bees/x:x.gguf" }), {
    code: "download_failed",
    message: /^Cannot fetch hf:bees\/x:x\.gguf: .* what has come is kept, try again later$/,
  });
});
