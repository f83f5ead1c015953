import assert from "node:assert/strict";
import { RotatedLog } from "../../src/keeper/rotated_log.ts";
import { RotatingFile } from "../../src/narration/rotating_file.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const encoder = new TextEncoder();

/** Reads all that there is for now. */
async function readAll(log: RotatedLog): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for (let bytes = await log.read(); bytes !== undefined; bytes = await log.read()) {
    text += decoder.decode(bytes, { stream: true });
  }
  return text;
}

/** The last lines of a log. */
async function last(path: string, lines: number): Promise<string> {
  using log = (await RotatedLog.open(path, lines))!;
  return await readAll(log);
}

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}\n`).join("");

Deno.test("RotatedLog.open() is undefined where there is no log", async () => {
  await using folder = await TemporaryFolder.make();
  assert.equal(await RotatedLog.open(folder.join("queen.log"), 10), undefined);
});

Deno.test("RotatedLog reads the last lines of a file, whatever it ends with", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("queen.log");
  for (
    const [content, lines, expected] of [
      ["", 3, ""],
      ["one", 3, "one"],
      ["one\n", 1, "one\n"],
      ["one\ntwo\nthree\n", 2, "two\nthree\n"],
      ["one\ntwo\nthree", 2, "two\nthree"],
      ["one\n\n\n", 2, "\n\n"],
      ["one\ntwo\n", 0, ""],
      ["one\ntwo\n", 9, "one\ntwo\n"],
      // Longer than what is read at once.
      [`${"x".repeat(200_000)}\n${"y".repeat(150_000)}\n`, 1, `${"y".repeat(150_000)}\n`],
      [numbers(1, 50_000), 30_000, numbers(20_001, 50_000)],
    ] as const
  ) {
    await Deno.writeTextFile(path, content);
    assert.equal(await last(path, lines), expected);
  }
});

Deno.test("RotatedLog goes back into older files for as many lines as are wanted", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("queen.log");
  const log = await RotatingFile.open(path, { maxBytes: 100 });
  for (let n = 1; n <= 40; n++) await log.write(encoder.encode(numbers(n, n)));
  log.close();
  await Deno.stat(`${path}.3`);
  for (const lines of [1, 5, 10, 11, 12, 25, 39, 40, 100]) {
    assert.equal(await last(path, lines), numbers(Math.max(1, 41 - lines), 40), `${lines} lines`);
  }
});

Deno.test("RotatedLog follows a log that grows and is put aside again and again, losing nothing", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("queen.log");
  const file = await RotatingFile.open(path, { maxBytes: 100 });
  await file.write(encoder.encode(numbers(1, 3)));
  using log = (await RotatedLog.open(path, 1))!;
  let read = await readAll(log);
  assert.equal(read, "line 3\n");
  for (let n = 4; n <= 200; n++) {
    await file.write(encoder.encode(numbers(n, n)));
    // Rarely enough that several files may have been begun in between.
    if (n % 23 === 0) read += await readAll(log);
  }
  read += await readAll(log);
  file.close();
  assert.equal(read, numbers(3, 200));
});

Deno.test("RotatedLog goes on with the oldest file that is left when its own is kept no more", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("queen.log");
  const file = await RotatingFile.open(path, { maxBytes: 50, keep: 2 });
  await file.write(encoder.encode(numbers(1, 1)));
  using log = (await RotatedLog.open(path, 1))!;
  assert.equal(await readAll(log), "line 1\n");
  for (let n = 2; n <= 60; n++) await file.write(encoder.encode(numbers(n, n)));
  file.close();
  const kept = await Promise.all(
    [`${path}.2`, `${path}.1`, path].map((each) => Deno.readTextFile(each)),
  );
  const read = await readAll(log);
  // What was left of its own file, then all that is there.
  assert.ok(read.endsWith(kept.join("")), read);
  assert.equal(read.slice(0, -kept.join("").length), numbers(2, 7));
});

Deno.test("RotatedLog begins anew when the log is cut, and when it is removed and made again", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("queen.log");
  await Deno.writeTextFile(path, "one\ntwo\n");
  using log = (await RotatedLog.open(path, 5))!;
  assert.equal(await readAll(log), "one\ntwo\n");
  await Deno.writeTextFile(path, "new\n");
  assert.equal(await readAll(log), "new\n");
  await Deno.remove(path);
  assert.equal(await readAll(log), "");
  await Deno.writeTextFile(path, "again\n");
  assert.equal(await readAll(log), "again\n");
});
