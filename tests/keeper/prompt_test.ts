import assert from "node:assert/strict";
import { readPrompt } from "../../src/keeper/prompt.ts";
import { FakeHive } from "../helpers/fake_hive.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";
import { TestQueen } from "../helpers/test_queen.ts";

const OPTIONS = { signal: new AbortController().signal };

Deno.test("readPrompt() joins its words, however the shell has split them", async () => {
  assert.equal(await readPrompt(["Hello"], OPTIONS), "Hello");
  assert.equal(await readPrompt(["Tell me", "a", "story"], OPTIONS), "Tell me a story");
  assert.equal(await readPrompt(["-", "1"], OPTIONS), "- 1");
});

for (const words of [[""], ["  "], ["", ""], ["\n"]]) {
  Deno.test(`readPrompt() refuses ${JSON.stringify(words)}, which is empty`, async () => {
    await assert.rejects(readPrompt(words, OPTIONS), {
      name: "RbeeError",
      code: "usage",
      message: 'The prompt is empty; give one, for example: rbee run bee-tiny "Tell me a story"',
    });
  });
}

Deno.test("the prompt is standard input when it is absent or -, without one line end at its end", async () => {
  await using home = await RbeeHome.create();
  await using hive = new FakeHive();
  hive.addWorker();
  await using queen = await TestQueen.start(hive.url);
  const infer = ["infer", "--queen", queen.url, "bee-tiny"];
  for (
    const [args, stdin] of [
      [[], "Hello\n"],
      [["-"], "Hello\r\n"],
      [[], "two\nlines\n\n"],
      [["-"], "no end"],
      [["words", "win"], "not read"],
      [[], "häf höney \u{1f36f}"],
    ] as const
  ) {
    const { code, stderr } = await home.rbee([...infer, ...args], { stdin });
    assert.equal(code, 0, stderr);
  }
  const asked = hive.asked as { messages: { content: string }[] }[];
  assert.deepEqual(asked.map(({ messages }) => messages[0]!.content), [
    "Hello",
    "Hello",
    "two\nlines\n",
    "no end",
    "words win",
    "häf höney \u{1f36f}",
  ]);
});

Deno.test("an empty standard input is no prompt", async () => {
  await using home = await RbeeHome.create();
  const { code, stdout, stderr } = await home.rbee(["run", "bee-tiny"], { stdin: "\n" });
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /^Error: The prompt is empty; /);
  assert.deepEqual(home.processes(), []);
});
