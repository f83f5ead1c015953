import assert from "node:assert/strict";
import { RotatingFile } from "../../src/narration/rotating_file.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

async function contents(folder: TemporaryFolder): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name } of Deno.readDir(folder.path)) {
    found[name] = await Deno.readTextFile(folder.join(name));
  }
  return found;
}

Deno.test("RotatingFile writes on at the end of a file that is there", async () => {
  await using folder = await TemporaryFolder.make();
  await Deno.writeTextFile(folder.join("log"), "before\n");
  const file = await RotatingFile.open(folder.join("log"));
  await file.write(bytes("after\n"));
  file.close();
  assert.deepEqual(await contents(folder), { log: "before\nafter\n" });
});

Deno.test("RotatingFile puts a full file aside, the newest as 1, and keeps as many as it is told", async () => {
  await using folder = await TemporaryFolder.make();
  const file = await RotatingFile.open(folder.join("log"), { maxBytes: 4, keep: 2 });
  for (const line of ["a\n", "b\n", "c\n", "d\n", "e\n", "f\n", "g\n"]) {
    await file.write(bytes(line));
  }
  file.close();
  assert.deepEqual(await contents(folder), { log: "g\n", "log.1": "e\nf\n", "log.2": "c\nd\n" });
});

Deno.test("RotatingFile counts what an earlier process has written", async () => {
  await using folder = await TemporaryFolder.make();
  await Deno.writeTextFile(folder.join("log"), "1234");
  const file = await RotatingFile.open(folder.join("log"), { maxBytes: 4 });
  await file.write(bytes("5"));
  file.close();
  assert.deepEqual(await contents(folder), { log: "5", "log.1": "1234" });
});

Deno.test("RotatingFile never splits a write, however long it is", async () => {
  await using folder = await TemporaryFolder.make();
  const file = await RotatingFile.open(folder.join("log"), { maxBytes: 4 });
  await file.write(bytes("a\n"));
  assert.equal(await file.write(bytes("0123456789\n")), 11);
  await file.write(bytes("b\n"));
  file.close();
  assert.deepEqual(await contents(folder), {
    log: "b\n",
    "log.1": "0123456789\n",
    "log.2": "a\n",
  });
});

Deno.test("RotatingFile keeps none where none is to be kept", async () => {
  await using folder = await TemporaryFolder.make();
  const file = await RotatingFile.open(folder.join("log"), { maxBytes: 2, keep: 0 });
  for (const line of ["a\n", "b\n"]) await file.write(bytes(line));
  file.close();
  assert.deepEqual(await contents(folder), { log: "b\n" });
});

Deno.test("RotatingFile writes on where the file cannot be put aside", async () => {
  await using folder = await TemporaryFolder.make();
  // A folder that is not empty stands where the file would go.
  await Deno.mkdir(folder.join("log.1/full"), { recursive: true });
  const file = await RotatingFile.open(folder.join("log"), { maxBytes: 2, keep: 1 });
  for (const line of ["a\n", "b\n", "c\n"]) await file.write(bytes(line));
  file.close();
  assert.equal(await Deno.readTextFile(folder.join("log")), "a\nb\nc\n");
});

Deno.test("RotatingFile can be read by its owner alone", async () => {
  await using folder = await TemporaryFolder.make();
  const file = await RotatingFile.open(folder.join("log"), { maxBytes: 1 });
  await file.write(bytes("a"));
  await file.write(bytes("b"));
  file.close();
  for (const name of ["log", "log.1"]) {
    assert.equal((await Deno.stat(folder.join(name))).mode! & 0o777, 0o600);
  }
});
