import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import { browserTest } from "../helpers/browser_page.ts";
import { startCuttableProxy } from "../helpers/cuttable_proxy.ts";
import { keptPort } from "../helpers/kept_port.ts";
import { twoFrames } from "../helpers/screenshots.ts";
import {
  allRows,
  drawnRows,
  drawnWhileScrolling,
  type ShownRow,
} from "../helpers/shown_timeline.ts";
import { enginesAsModels, fixtureEngine, SupervisedHome } from "../helpers/supervised_home.ts";

// What a browser says of a queen who is gone.
const GONE = [/net::ERR_(CONNECTION|INCOMPLETE_CHUNKED|EMPTY_RESPONSE|SOCKET)/];
const ASK = { operation: "infer", model: "gated", prompt: "Hello", max_tokens: 8 };
// Rows in the document while some 20 are seen: those and some above and below.
const MOST_ROWS = 100;
// Prints lines, says sentences, and then is an engine.
const PRINTING = `seq -f "line %.0f" 10000
at=$(date -u +%Y-%m-%dT%H:%M:%S.000Z)
said='"actor":"worker","action":"count","level":"info"'
seq -f '{"rbee":"narration","human":"sentence %.0f","at":"'$at'",'$said'}' 10000
exec "$@"`;
const SEEN = { width: 1280, height: 1000 };

/** What the timeline must show of events: each that is no token once, and tokens in runs. */
function expectedRows(events: readonly JobEvent[]): { seq: number; text: string }[] {
  const rows: { seq: number; text: string }[] = [];
  for (const [at, event] of events.entries()) {
    if (event.type === "narration") rows.push({ seq: event.seq, text: event.human });
    if (event.type === "log") rows.push({ seq: event.seq, text: event.line });
    if (event.type !== "token" || events[at - 1]?.type === "token") continue;
    rows.push({ seq: event.seq, text: "of the answer" });
  }
  return rows;
}

/** Asserts that rows show all events, each once and in order. */
function assertShows(rows: readonly ShownRow[], events: readonly JobEvent[]): void {
  const shown = rows.filter(({ text }) => !/^[\d,]+ lines of output of/.test(text));
  const end = events.at(-1);
  assert.ok(end !== undefined && end.type !== "gap");
  assert.equal(shown.at(-1)?.seq, end.seq, "the end is the last row");
  const expected = expectedRows(events);
  assert.deepEqual(shown.slice(0, -1).map(({ seq }) => seq), expected.map(({ seq }) => seq));
  for (const [at, { text }] of expected.entries()) {
    assert.ok(shown[at]!.text.includes(text), `${shown[at]!.text} is not ${text}`);
  }
}

async function release(engineUrl: string, count: number): Promise<void> {
  const answer = await fetch(`${engineUrl}/control/release?count=${count}`, { method: "POST" });
  await answer.body?.cancel();
}

const answerOf = (page: Page) => page.getByRole("region", { name: "Answer" }).locator("pre");

Deno.test(
  browserTest(
    "a job is watched live over cuts of the connection, and each line is shown once",
    async (startBrowser) => {
      await using home = await SupervisedHome.up(
        enginesAsModels({ gated: fixtureEngine("--gate") }),
      );
      await using way = startCuttableProxy(home.queen.baseUrl);
      await using browser = await startBrowser();
      const job = await home.watch(ASK);
      await job.said("placement");
      const { page } = await browser.open(`${way.url}/jobs/${job.jobId}`, {
        ...SEEN,
        expected: GONE,
      });
      await page.getByText("Running", { exact: true }).first().waitFor();
      const url = (await home.workerIs("gated", "ready")).url;
      assert.ok(url);
      await release(url, 2);
      await answerOf(page).getByText("The bee", { exact: true }).waitFor();

      way.breakDown();
      await page.getByRole("alert").filter({ hasText: "What is shown here is how it was." })
        .waitFor();
      await page.getByRole("status").filter({ hasText: "Not connected" }).waitFor();
      await release(url, 2);
      await job.seen((event) => event.type === "token" && event.i === 3);
      assert.equal(await answerOf(page).textContent(), "The bee", "what was read stays");
      way.restore();
      await answerOf(page).getByText("The bee flies from", { exact: true }).waitFor();
      await page.getByRole("alert").waitFor({ state: "detached" });

      way.cut();
      await release(url, 4);
      assert.equal((await job.end).type, "done");
      await page.getByText("Done", { exact: true }).first().waitFor();
      assert.equal(await answerOf(page).textContent(), job.text);
      assertShows(await allRows(page), job.events);
      await page.reload();
      await page.getByText("Done", { exact: true }).first().waitFor();
      assert.equal(await answerOf(page).textContent(), job.text);
      assertShows(await allRows(page), job.events);
    },
  ),
);

Deno.test(
  browserTest(
    "a queen killed in the middle of a job and started again tells the page how it ended, and no line comes twice",
    async (startBrowser) => {
      await using home = await SupervisedHome.up(
        enginesAsModels({ gated: fixtureEngine("--gate") }),
        { RBEE_QUEEN_PORT: String(keptPort()) },
      );
      await using browser = await startBrowser();
      const job = await home.watch(ASK);
      await job.said("placement");
      const { page } = await browser.open(
        `${home.queen.baseUrl}/jobs/${job.jobId}`,
        { ...SEEN, expected: GONE },
      );
      const { url } = await home.workerIs("gated", "ready");
      assert.ok(url);
      await release(url, 2);
      await answerOf(page).getByText("The bee", { exact: true }).waitFor();
      const before = await allRows(page);

      await home.kill("queen");
      await page.getByRole("alert").filter({ hasText: "What is shown here is how it was." })
        .waitFor();
      assert.deepEqual(await allRows(page), before, "what was read stays");
      await home.up();
      await page.getByRole("heading", { name: "Why it was interrupted" }).waitFor();
      await page.getByText(/^Connected to rbee/).waitFor();
      await page.getByText("submit it again").first().waitFor();

      const kept = await Array.fromAsync(home.queen.stream(job.jobId));
      const end = kept.at(-1);
      assert.ok(end?.type === "error", JSON.stringify(end));
      // What was said in her last 100 ms may not have been kept; the page has read it all the same.
      const read = job.events.filter((event) => event.type !== "gap" && event.seq >= end.seq);
      const shown = await allRows(page);
      assertShows(shown, [...kept.slice(0, -1), ...read, end]);
      assert.ok(shown.at(-1)!.text.includes(end.message));
    },
  ),
);

Deno.test(
  browserTest(
    "ten thousand sentences and ten thousand lines are drawn as far as they are seen, and a link goes to one of them",
    async (startBrowser) => {
      const command = ["/bin/sh", "-c", PRINTING, "sh", ...fixtureEngine().command];
      const verbose = { command, narration: true };
      await using home = await SupervisedHome.up(
        enginesAsModels({ verbose }),
      );
      await using browser = await startBrowser();
      const job = await home.watch({ operation: "worker_spawn", model: "verbose" });
      assert.equal((await job.end).type, "done");
      const lines = job.events.flatMap((event) => event.type === "log" ? [event] : []);
      assert.ok(lines.length >= 10_000, `${lines.length} lines`);
      assert.ok(job.events.filter(({ type }) => type === "narration").length >= 10_000);
      const address = `${home.queen.baseUrl}/jobs/${job.jobId}`;
      const { page, context } = await browser.open(address);
      const fold = page.getByRole("button", { name: /^10,0\d\d lines of output of/ });
      await fold.click();
      await page.getByText("line 1", { exact: true }).waitFor();
      const scroller = page.getByRole("region", { name: "Lines of the timeline" });
      const { most, added, steps } = await drawnWhileScrolling(page);
      assert.ok(most > 10 && most < MOST_ROWS, `${most} rows are drawn at once`);
      assert.ok(added < steps * MOST_ROWS, `${added} rows were drawn in ${steps} steps`);
      // A key that the browser has no way of its own for, since no person has pressed it.
      await scroller.dispatchEvent("keydown", { key: "Home" });
      assert.equal(
        await scroller.evaluate((box) => box.scrollTop),
        0,
        "the list goes there itself",
      );
      await scroller.dispatchEvent("keydown", { key: "End" });
      await page.locator('.line[data-end="done"]').waitFor();
      await scroller.focus();
      await page.keyboard.press("Home");
      await page.locator('[data-index="0"]').waitFor();
      await page.keyboard.press("End");
      await page.locator('.line[data-end="done"]').waitFor();
      const rows = await drawnRows(page);
      assert.ok(rows.length < MOST_ROWS, `${rows.length} rows are drawn`);
      assert.deepEqual(rows.map(({ index }) => index - rows[0]!.index), rows.map((_, at) => at));
      assert.ok(rows.at(-1)!.index > 20_000);

      const wanted = lines.find(({ line }) => line === "line 5000");
      assert.ok(wanted);
      const other = await context.newPage();
      await other.goto(`${address}#seq-${wanted.seq}`);
      const marked = other.locator('[aria-current="location"]');
      await marked.getByText("line 5000", { exact: true }).waitFor();
      assert.ok(await isSeen(other), "it is in the middle of what is seen");
      assert.equal(await marked.count(), 1);
      assert.ok((await drawnRows(other)).length < MOST_ROWS);
    },
  ),
);

Deno.test(
  browserTest(
    "a narrow window shows first why a job failed, where an answer has come to, and what a job in the list is",
    async (startBrowser) => {
      const lastLines = Array.from({ length: 40 }, (_, index) => `line ${index + 1}`).join("\n");
      const answer = "A line of the answer.\n".repeat(100);
      await using home = await SupervisedHome.up(
        enginesAsModels({
          broken: fixtureEngine("--die-loading", "7", "--die-with", lastLines),
          writer: fixtureEngine("--gate", "--say", answer),
        }),
      );
      await using browser = await startBrowser();
      const failed = await home.watch({ operation: "worker_spawn", model: "broken" });
      await failed.end;
      const narrow = { width: 360, height: 740 };
      const { page } = await browser.open(`${home.queen.baseUrl}/jobs/${failed.jobId}`, narrow);
      await page.getByRole("heading", { name: "Job: worker_spawn with broken" }).waitFor();
      const outcome = page.getByRole("region", { name: "Why it failed" });
      const reason = await outcome.locator(".failure").boundingBox();
      assert.ok(reason !== null && reason.y + reason.height < narrow.height, "the reason is seen");
      const about = await page.getByRole("heading", { name: "About this job" }).boundingBox();
      const timeline = await page.getByRole("heading", { name: "Timeline" }).boundingBox();
      assert.ok(about !== null && timeline !== null && about.y > timeline.y, "ids come last");
      assert.ok(await isAtEnd(outcome.locator("pre")), "the last of the last lines is seen");

      const named = await home.watch({
        operation: "infer",
        model: "b".repeat(200),
        prompt: "Hello",
      });
      await named.end;
      await page.goto(`${home.queen.baseUrl}/jobs/${named.jobId}`);
      await page.getByText("Why it failed").waitFor();
      const wide: number = await page.evaluate("document.documentElement.scrollWidth");
      assert.ok(wide <= narrow.width, `a long name makes it ${wide} px wide`);

      const running = await home.watch({ ...ASK, model: "writer", max_tokens: 500 });
      await running.said("placement");
      const { url } = await home.workerIs("writer", "ready");
      assert.ok(url);
      await page.goto(`${home.queen.baseUrl}/jobs/${running.jobId}`);
      await release(url, 300);
      const box = answerOf(page);
      await page.getByText(/^300 tokens, /).waitFor();
      assert.ok(await isAtEnd(box), "the end of the answer is seen");
      await box.evaluate((element) => element.scrollTop = 0);
      await twoFrames(page);
      await release(url, 50);
      await page.getByText(/^350 tokens, /).waitFor();
      assert.equal(
        await box.evaluate((element) => element.scrollTop),
        0,
        "the reader's place stays",
      );

      await page.goto(`${home.queen.baseUrl}/jobs`);
      const row = page.locator(`.job-row:has(a[href="/jobs/${running.jobId}"])`);
      await row.getByRole("button", { name: "Cancel infer with writer" }).waitFor();
      for (const name of ["Running", "infer", "writer"]) {
        const isWhole = await row.getByText(name, { exact: true })
          .evaluate((text) => text.scrollWidth <= text.clientWidth);
        assert.ok(isWhole, `${name} is cut`);
      }
      await home.queen.cancel(running.jobId);
      await running.end;
    },
  ),
);

/** Whether the end of what is in a box is seen, and not its begin. */
function isAtEnd(box: Locator): Promise<boolean> {
  return box.evaluate(({ scrollTop, clientHeight, scrollHeight }) =>
    scrollTop > 0 && scrollTop + clientHeight >= scrollHeight - 2
  );
}

/** Whether the marked line is within the box that scrolls. */
function isSeen(page: Page): Promise<boolean> {
  return page.locator('[aria-current="location"]').evaluate((line) => {
    const box = line.closest(".virtual-scroller")!.getBoundingClientRect();
    const { top, bottom } = line.getBoundingClientRect();
    return top >= box.top && bottom <= box.bottom;
  });
}
