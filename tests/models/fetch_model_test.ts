import assert from "node:assert/strict";
import { fetchModel } from "../../src/models/fetch_model.ts";
import { freeDiskBytes, requireDiskSpace } from "../../src/models/disk_space.ts";
import { PartFile } from "../../src/models/part_file.ts";
import { FileServer, ggufBytes } from "../helpers/file_server.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { mountTest, TinyDisk } from "../helpers/tiny_disk.ts";

const SIGNAL = new AbortController().signal;

async function fetchTo(folder: string, server: FileServer, bytes?: number): Promise<void> {
  await fetchModel({
    name: "x",
    folder,
    files: [{ path: "x.gguf", url: `${server.url}/x.gguf`, bytes }],
    pieceBytes: 100_000,
    retry: { firstMs: 1 },
    signal: SIGNAL,
  });
}

for (const told of [true, false]) {
  Deno.test(mountTest(
    `fetchModel() fetches nothing where there is no room, ${
      told ? "as a hub" : "as the server"
    } tells`,
    async () => {
      await using disk = await TinyDisk.mount(17 * 1024);
      await using server = await FileServer.start({ "/x.gguf": { bytes: ggufBytes(2_000_000) } });
      await assert.rejects(fetchTo(disk.path, server, told ? 2_000_000 : undefined), {
        code: "disk_full",
        message: /^Cannot store x: 2\.0 MB are to come and 17\.\d MB are free in .*; make room/,
      });
      assert.ok(server.sent <= 16 * 1024 * 12, `${server.sent} bytes were sent`);
      assert.equal(server.requests.length, told ? 0 : 1);
    },
  ));
}

Deno.test(mountTest("fetchModel() says so when others take the room meanwhile", async () => {
  await using disk = await TinyDisk.mount(18 * 1024);
  await using server = await FileServer.start({
    "/x.gguf": { bytes: ggufBytes(1_500_000), holdAfter: 100_000 },
  });
  const fetching = fetchTo(disk.path, server);
  await server.held();
  disk.fill();
  server.release();
  await assert.rejects(fetching, { code: "disk_full", message: /^No space is left for .*x\.gguf/ });
}));

Deno.test("requireDiskSpace() looks at the disk that a folder would be on", async () => {
  await requireDiskSpace("/tmp/not/made/yet", { name: "x", bytes: 1 });
  await assert.rejects(requireDiskSpace("/tmp/not/made/yet", { name: "x", bytes: 2 ** 60 }), {
    code: "disk_full",
  });
});

Deno.test(
  mountTest("fetchModel() leaves room on a disk when nobody tells how much comes", async () => {
    await using disk = await TinyDisk.mount(24 * 1024);
    await using server = await FileServer.start({
      "/x.gguf": { bytes: ggufBytes(30_000_000), ranges: false, saidLength: null },
    });
    await assert.rejects(fetchTo(disk.path, server), {
      code: "disk_full",
      message: /^Cannot store x: .* of which 16\.8 MB stay free; make room/,
    });
    assert.ok(await freeDiskBytes(disk.path) > 12 * 1024 * 1024);
    assert.ok(await PartFile.bytesOf(`${disk.path}/x.gguf`) > 0, "what came is known");
  }),
);

Deno.test(mountTest("fetchModel() says once that a disk is full", async () => {
  await using disk = await TinyDisk.mount(18 * 1024);
  await using server = await FileServer.start({
    "/x.gguf": { bytes: ggufBytes(1_500_000), holdAfter: 100_000 },
  });
  using said = new RecordedNarration();
  const fetching = fetchTo(disk.path, server);
  await server.held();
  disk.fill();
  server.release();
  await assert.rejects(fetching, { code: "disk_full" });
  const warnings = said.records.filter(({ level }) => level === "warn");
  assert.deepEqual(warnings.map(({ human }) => human), []);
}));

for (
  const [what, file] of [
    ["a range", {}],
    ["one stream", { ranges: false, saidLength: null }],
  ] as const
) {
  Deno.test(`fetchModel() refuses a page at its first bytes, in ${what}`, async () => {
    await using folder = await TemporaryFolder.make();
    const bytes = new Uint8Array(40_000_000).fill(60);
    await using server = await FileServer.start({ "/x.gguf": { ...file, bytes } });
    await assert.rejects(fetchTo(folder.path, server), {
      code: "not_gguf",
      message: /^What 127\.0\.0\.1:\d+ sends as x\.gguf is not a GGUF file/,
    });
    assert.ok(server.sent < bytes.length / 2, `${server.sent} bytes were sent`);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(folder.path)), []);
  });
}
