import assert from "node:assert/strict";
import { effect } from "@preact/signals";
import { setOrigin } from "../../src/page/api.ts";
import { JobRecording } from "../../src/page/job_recording.ts";
import { watched } from "../../src/page/live_stream.ts";
import { useToken } from "../../src/page/session_token.ts";
import { WatchStream } from "../../src/page/watch_stream.ts";
import { startCuttableProxy } from "../helpers/cuttable_proxy.ts";
import { FakeHive } from "../helpers/fake_hive.ts";
import { TestQueen } from "../helpers/test_queen.ts";

type Chat = typeof import("../../src/page/chat/chat_session.ts");

const CHAT = new URL("../../src/page/chat/chat_session.ts", import.meta.url);

let loads = 0;

/** The chat as a page has it that was just loaded in the same tab. */
async function loadChat(): Promise<Chat> {
  return await import(`${CHAT}?load=${++loads}`);
}

/** A queen with a hive, and a tab in which nothing was said. Its page watches the running job. */
class Tab implements AsyncDisposable {
  readonly hive: FakeHive;
  readonly queen: TestQueen;
  chat: Chat;
  #stream: WatchStream | undefined;
  #unwatch = () => {};

  private constructor(queen: TestQueen, hive: FakeHive, chat: Chat) {
    this.queen = queen;
    this.hive = hive;
    this.chat = chat;
  }

  static async open(): Promise<Tab> {
    sessionStorage.clear();
    const hive = new FakeHive();
    hive.addWorker({ model: "bee-tiny" });
    const queen = await TestQueen.start(hive.url);
    setOrigin(queen.url);
    const tab = new Tab(queen, hive, await loadChat());
    tab.#watch();
    tab.chat.conversation.value = { ...tab.chat.conversation.peek(), model: "bee-tiny" };
    return tab;
  }

  /** The last turn, as it is now. */
  get turn() {
    const turn = this.chat.conversation.value.turns.at(-1);
    assert.ok(turn !== undefined);
    return turn;
  }

  /** Loads the page anew: what it knew is gone, but for what the browser keeps. */
  async reload(): Promise<void> {
    await this.#close();
    this.chat = await loadChat();
    this.#watch();
  }

  /** Resolves when something is so that is told by signals. */
  async until(isSo: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const dispose = effect(() => {
      if (isSo()) resolve();
    });
    await promise;
    dispose();
  }

  #watch(): void {
    const stream = this.#stream = new WatchStream({
      origin: this.queen.url,
      headers: () => ({}),
      onEvent() {},
      onConnection() {},
    });
    this.#unwatch = effect(() => {
      const jobId = this.chat.watchedJob.value;
      if (jobId === undefined || watched.peek()?.jobId === jobId) return;
      watched.value = new JobRecording(jobId);
      stream.watch(watched.value);
    });
  }

  async #close(): Promise<void> {
    this.#unwatch();
    this.#stream?.close();
    await this.#stream?.closed;
    watched.value = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
    setOrigin("");
    await this.queen[Symbol.asyncDispose]();
    await this.hive[Symbol.asyncDispose]();
  }
}

Deno.test("a question is asked and answered, and the next one is asked after it", async () => {
  await using tab = await Tab.open();
  await tab.chat.askQuestion("Who are you?");
  await tab.until(() => tab.turn.state === "done");
  assert.equal(tab.turn.answer, "buzz");
  assert.deepEqual(tab.turn.figures, { tokens: 1, promptTokens: 1, finishReason: "stop" });

  await tab.chat.askQuestion("And then?");
  await tab.until(() => tab.turn.state === "done");
  const { messages } = tab.hive.asked[1] as { messages: { content: string }[] };
  assert.deepEqual(messages.map(({ content }) => content), ["Who are you?", "buzz", "And then?"]);
});

Deno.test("an answer that is stopped keeps what has come of it, and its job is cancelled", async () => {
  await using tab = await Tab.open();
  tab.hive.answers.push("token_then_hold");
  await tab.chat.askQuestion("Who are you?");
  await tab.until(() => {
    const recording = tab.chat.runningRecording.value;
    return recording !== undefined && recording.version.value > 0 && recording.tokens === 1;
  });
  await tab.chat.stopAnswer();
  await tab.until(() => tab.turn.state === "stopped");
  assert.equal(tab.turn.answer, "so far ");
  assert.equal(tab.queen.server.registry.get(tab.turn.jobId!).state, "cancelled");
});

Deno.test("a question that is stopped before the queen has taken it is cancelled when she has", async () => {
  await using tab = await Tab.open();
  tab.hive.answers.push("hold");
  const asked = tab.chat.askQuestion("Who are you?");
  assert.equal(tab.turn.state, "asking");
  await tab.chat.stopAnswer();
  await asked;
  await tab.until(() => tab.turn.state === "stopped");
  assert.equal(tab.turn.answer, "");
});

Deno.test("after a reload a running answer is read from its begin and goes on", async () => {
  await using tab = await Tab.open();
  tab.hive.answers.push("token_then_hold");
  await tab.chat.askQuestion("Who are you?");
  await tab.hive.gates.reached("answer 1");
  const { jobId } = tab.turn;

  await tab.reload();
  assert.deepEqual([tab.turn.jobId, tab.turn.state], [jobId, "answering"]);
  tab.hive.gates.open("answer 1");
  await tab.until(() => tab.turn.state === "done");
  assert.equal(tab.turn.answer, "so far buzz");
  await tab.reload();
  assert.deepEqual([tab.turn.state, tab.turn.answer], ["done", "so far buzz"]);
});

Deno.test("a question that the queen refuses has her words, and can be asked again", async () => {
  await using tab = await Tab.open();
  const { conversation } = tab.chat;
  conversation.value = { ...conversation.peek(), model: "https://me:secret@bee.example/a.gguf" };
  await tab.chat.askQuestion("Who are you?");
  assert.equal(tab.turn.state, "failed");
  assert.match(tab.turn.error?.message ?? "", /must not hold a user or a password/);
  assert.equal(tab.chat.running.peek(), undefined);

  conversation.value = { ...conversation.peek(), model: "bee-tiny" };
  await tab.chat.askAgain();
  await tab.until(() => tab.turn.state === "done");
  assert.deepEqual(conversation.peek().turns.map(({ question }) => question), ["Who are you?"]);
});

Deno.test("a question whose answer breaks off has failed, and can be asked again", async () => {
  await using tab = await Tab.open();
  const broken = ['{"job_id":"job-', "<html>"];
  for (const body of broken) {
    const handler = () => new Response(body, { status: 202 });
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {}, handler });
    setOrigin(`http://127.0.0.1:${server.addr.port}`);
    if (tab.chat.conversation.peek().turns.length === 0) await tab.chat.askQuestion("Who?");
    else await tab.chat.askAgain();
    assert.equal(tab.turn.state, "failed", body);
    assert.notEqual(tab.turn.error?.message ?? "", "", body);
    await server.shutdown();
  }
  await tab.chat.stopAnswer();
  assert.equal(tab.chat.stopping.peek(), undefined, "there is nothing to stop");
  setOrigin(tab.queen.url);
  await tab.chat.askAgain();
  await tab.until(() => tab.turn.state === "done");
  assert.equal(tab.turn.answer, "buzz");
});

Deno.test("nothing is asked, or asked again, with settings that cannot be sent", async () => {
  await using tab = await Tab.open();
  const { conversation } = tab.chat;
  const set = (temperature: string) => {
    const now = conversation.peek();
    conversation.value = { ...now, settings: { ...now.settings, temperature } };
  };
  set("abc");
  await tab.chat.askQuestion("Who are you?");
  assert.deepEqual(conversation.peek().turns, []);
  set("");
  tab.hive.answers.push("gone", "gone", "gone");
  await tab.chat.askQuestion("Who are you?");
  await tab.until(() => tab.turn.state === "failed");
  const failed = tab.turn;
  set("abc");
  await tab.chat.askAgain();
  assert.equal(tab.turn, failed, "the answer that failed stays");
  assert.equal(tab.queen.server.registry.list({ limit: 10 }).length, 1);
});

Deno.test("a new conversation keeps model and settings, and ends the answer that still comes", async () => {
  await using tab = await Tab.open();
  tab.hive.answers.push("hold");
  await tab.chat.askQuestion("Who are you?");
  await tab.hive.gates.reached("answer 1");
  const { jobId } = tab.turn;
  await tab.chat.newConversation();
  assert.deepEqual(tab.chat.conversation.peek().turns, []);
  assert.equal(tab.chat.conversation.peek().model, "bee-tiny");
  await tab.queen.server.registry.get(jobId!).ended;
  assert.equal(tab.queen.server.registry.get(jobId!).state, "cancelled");
});

Deno.test("a job whose submit had no answer does not go on beside the one that is asked again", async () => {
  await using tab = await Tab.open();
  tab.hive.answers.push("hold");
  // It passes the question on, and breaks off in the answer.
  const handler = async (request: Request) => {
    const { pathname } = new URL(request.url);
    const answer = await fetch(tab.queen.url + pathname, {
      method: request.method,
      headers: { "Content-Type": "application/json" },
      body: await request.text(),
    });
    await answer.body?.cancel();
    return new Response('{"job_id":"job-', { status: 202 });
  };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {}, handler });
  setOrigin(`http://127.0.0.1:${server.addr.port}`);
  await tab.chat.askQuestion("Who are you?");
  assert.equal(tab.turn.state, "failed");
  const [lost, ...others] = tab.queen.server.registry.list({ limit: 10 });
  assert.deepEqual(
    [lost?.job_id, others],
    [tab.turn.jobId, []],
    "it was sent again as the same job",
  );

  setOrigin(tab.queen.url);
  await tab.chat.askAgain();
  await tab.until(() => tab.turn.state === "done");
  await tab.queen.server.registry.get(lost!.job_id).ended;
  assert.equal(tab.queen.server.registry.get(lost!.job_id).state, "cancelled");
  await server.shutdown();
});

Deno.test("a question whose page was loaded anew while it was sent is read when the queen has it", async () => {
  await using tab = await Tab.open();
  const asked = tab.chat.askQuestion("Who are you?");
  const kept = sessionStorage.getItem("rbee.chat")!;
  assert.equal(tab.turn.state, "asking");
  await asked;
  sessionStorage.setItem("rbee.chat", kept);
  await tab.reload();
  await tab.until(() => tab.turn.state === "done");
  assert.equal(tab.turn.answer, "buzz");
});

for (const other of [undefined, "rbee_other"]) {
  const what = other === undefined ? "forgotten" : "replaced by another one";
  Deno.test(`where the token is ${what}, what was said with it goes, and its job is ended with it`, async () => {
    await using tab = await Tab.open();
    await using proxy = startCuttableProxy(tab.queen.url);
    setOrigin(proxy.url);
    tab.hive.answers.push("hold");
    useToken("rbee_first");
    await tab.chat.askQuestion("Who are you?");
    await tab.hive.gates.reached("answer 1");
    const job = tab.queen.server.registry.get(tab.turn.jobId!);
    tab.chat.draft.value = "And who";
    useToken(other);
    await tab.until(() => tab.chat.conversation.value.turns.length === 0);
    assert.equal(tab.chat.draft.peek(), "");
    await job.ended;
    const [, cancelled = ""] = proxy.sent().join("").split(`DELETE /v1/jobs/${job.id} `);
    assert.match(cancelled.split("\r\n\r\n")[0]!, /authorization: Bearer rbee_first/i);
    useToken(undefined);
  });
}
