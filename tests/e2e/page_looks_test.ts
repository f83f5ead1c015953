import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { assertAccessible } from "../helpers/axe_check.ts";
import { askInChat } from "../helpers/ask_in_chat.ts";
import { browserTest } from "../helpers/browser_page.ts";
import { gatedEngine } from "../helpers/gated_engine.ts";
import { keepScreenshots, README_PICTURE, twoFrames } from "../helpers/screenshots.ts";
import { enginesAsModels, fixtureEngine, SupervisedHome } from "../helpers/supervised_home.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const MAX_PICTURE_BYTES = 300 * 1024;
const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
// The jobs whose pages are kept as pictures.
const PHOTOGRAPHED = ["failed", "done"];
const STORY = "Tell me a story about Luna";
const TEXT = `# Bees

They *fly* from flower to **flower**, and [have a page](https://example.org/bees).

1. One \`bee\`
2. Two bees
   - [x] with a task

| bee | flower |
| --- | --- |
| Luna | rose |

> They say so themselves.

\`\`\`js
const bees = ["Luna", "Maja"].map((name) => ({ name, isBusy: true, flower: "rose" })); // more
\`\`\`

![a picture](https://example.org/bee.png) and <b>raw</b> text.`;

/** A home with something of everything: workers that load, answer and have failed, jobs of all ends. */
async function fullHome(folder: TemporaryFolder) {
  const gated = await gatedEngine(folder);
  const home = await SupervisedHome.up(enginesAsModels({
    "bee-large": gated.engine,
    "bee-steady": fixtureEngine("--gate"),
    "bee-writer": fixtureEngine("--say", TEXT),
    "bee-broken": fixtureEngine(
      "--die-loading",
      "7",
      "--die-with",
      "error: the file ends in the middle of a tensor",
    ),
  }));
  try {
    const spawned = await home.watch({ operation: "worker_spawn", model: "bee-tiny" });
    const failed = await home.watch({ operation: "infer", model: "bee-broken", prompt: "Hello" });
    await Promise.all([spawned.end, failed.end]);
    const cancelled = await home.watch({
      operation: "infer",
      model: "bee-steady",
      prompt: "Hello",
    });
    await cancelled.said("placement");
    await home.workerIs("bee-steady", "ready", ({ requests }) => requests === 1);
    await home.queen.cancel(cancelled.jobId);
    await cancelled.end;
    const { url } = await home.worker("bee-steady");
    const running = await home.watch({ operation: "infer", model: "bee-steady", prompt: "Hello" });
    await (await fetch(`${url}/control/release?count=3`, { method: "POST" })).body?.cancel();
    await running.seen((event) => event.type === "token" && event.i === 2);
    const messages = [{ role: "user", content: STORY }];
    const done = await home.watch({ operation: "infer", model: "bee-tiny", messages });
    await done.end;
    const loading = await home.watch({ operation: "worker_spawn", model: "bee-large" });
    await home.untilQueenShows(({ workers }) =>
      workers.some(({ load_percent }) => load_percent === 40)
    );
    const id = ({ jobId }: { jobId: string }) => jobId;
    return {
      home,
      jobs: {
        failed: id(failed),
        cancelled: id(cancelled),
        running: id(running),
        done: id(done),
        loading: id(loading),
      },
    };
  } catch (error) {
    await home[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Has a view looked at in both colour schemes, narrow and wide; nothing of it is wider than the window,
 * however wide that is.
 */
async function look(page: Page, what: string): Promise<void> {
  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: 800 });
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await twoFrames(page);
      await assertAccessible(page, {
        what: `${what} at ${width} px, ${colorScheme}`,
        coloursOnly: colorScheme === "dark",
      });
    }
    await assertFits(page, what);
  }
  await page.setViewportSize({ width: 2560, height: 1440 });
  await twoFrames(page);
  await assertFits(page, what);
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
}

async function assertFits(page: Page, what: string): Promise<void> {
  const wide: number = await page.evaluate("document.documentElement.scrollWidth");
  const width = page.viewportSize()?.width ?? 0;
  assert.ok(wide <= width, `${what} is ${wide} px wide in a window of ${width} px`);
}

Deno.test(
  browserTest(
    "every view and dialog is accessible and fits, in light and dark, narrow and wide, and is photographed",
    async (startBrowser) => {
      await using folder = await TemporaryFolder.make();
      const { home, jobs } = await fullHome(folder);
      await using _home = home;
      await using browser = await startBrowser();
      const { page } = await browser.open(home.queen.baseUrl, {
        bypassCsp: true,
        expected: [/status of 410/],
      });
      const at = async (path: string) => {
        await page.goto(`${home.queen.baseUrl}${path}`);
        await page.getByText(/^Connected to rbee/).waitFor();
      };
      await page.getByText("loading, 40 %").waitFor();
      // Two samples make a line.
      await page.getByRole("img", { name: /Memory/ }).first().waitFor();
      await look(page, "the overview");
      await keepScreenshots(page, "overview");
      if (Deno.env.get("UPDATE_SCREENSHOT") === "1") {
        // Somewhat smaller than life, so that all of it is in the picture.
        const smaller = { width: 1760, height: 1100, scale: 1280 / 1760 };
        const tab = await browser.open(home.queen.baseUrl, smaller);
        await tab.page.getByText("loading, 40 %").waitFor();
        await tab.page.getByRole("img", { name: /Memory/ }).first().waitFor();
        await twoFrames(tab.page);
        await tab.page.screenshot({ path: README_PICTURE });
      }
      await page.getByRole("button", { name: "Log of bee-tiny on local" }).click();
      await page.getByText("worker_ready").first().waitFor();
      await look(page, "the overview with a worker's log");
      for (
        const [button, title] of [
          ["Start a worker on local", "Start a worker"],
          ["Download a model on local", "Download a model"],
          ["Stop bee-steady on local", "Stop bee-steady"],
        ] as const
      ) {
        await page.setViewportSize({ width: 1280, height: 800 });
        await page.getByRole("button", { name: button }).click();
        const dialog = page.getByRole("dialog", { name: title });
        await dialog.getByText(/^rbee /).waitFor();
        await look(page, `the dialog ${title}`);
        await page.keyboard.press("Escape");
        await dialog.waitFor({ state: "hidden" });
      }

      await at("/jobs");
      await page.locator(`a[href="/jobs/${jobs.running}"]`).waitFor();
      await look(page, "the list of jobs");
      await keepScreenshots(page, "jobs");

      for (const [name, jobId] of Object.entries(jobs)) {
        await at(`/jobs/${jobId}`);
        await page.locator(".line").first().waitFor();
        await look(page, `the page of a job: ${name}`);
        if (PHOTOGRAPHED.includes(name)) await keepScreenshots(page, `job-${name}`);
      }
      await at(`/jobs/${jobs.running}`);
      await page.getByRole("button", { name: "Cancel", exact: true }).click();
      await page.getByRole("dialog", { name: "Cancel this infer" }).getByText(/^rbee /).waitFor();
      await look(page, "the dialog that cancels");
      await at("/jobs/job-0190a5e2-0000-7000-8000-000000000001");
      await page.getByRole("link", { name: "The list of jobs" }).waitFor();
      await look(page, "the page of a job that is not there");
      await page.goto(`${home.queen.baseUrl}/chat`);
      await page.getByText("Ask something.").waitFor();
      await look(page, "an empty chat");
      await askInChat(page, "bee-tiny", STORY);
      const turn = page.getByRole("article", { name: "Question 1" });
      await turn.getByRole("link", { name: "Its job" }).waitFor();
      await askInChat(page, "bee-writer", "Write something of everything");
      const second = page.getByRole("article", { name: "Question 2" });
      await second.getByRole("link", { name: "Its job" }).waitFor();
      await page.getByText("Settings", { exact: true }).click();
      await look(page, "a chat");
      await page.getByText("Settings", { exact: true }).click();
      await keepScreenshots(page, "chat");
      await page.getByRole("button", { name: "New conversation" }).click();
      await page.getByRole("dialog", { name: "Begin a new conversation" }).waitFor();
      await look(page, "the dialog that begins a new conversation");
    },
  ),
);

Deno.test(browserTest("the form for a token is accessible and fits", async (startBrowser) => {
  await using home = await SupervisedHome.up({ queen: { require_token: true } });
  await using browser = await startBrowser();
  const { page } = await browser.open(home.queen.baseUrl, {
    bypassCsp: true,
    expected: [/status of 401/],
  });
  await page.getByLabel("Token", { exact: true }).fill("rbee_wrong");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").waitFor();
  await look(page, "the form for a token");
  await keepScreenshots(page, "token");
}));

Deno.test("the picture of the page in README is a PNG below 300 KB", async () => {
  const bytes = await Deno.readFile(README_PICTURE);
  assert.deepEqual([...bytes.subarray(0, PNG.length)], PNG);
  const [width, height] = [16, 20].map((at) => new DataView(bytes.buffer).getUint32(at));
  assert.deepEqual({ width, height }, { width: 1280, height: 800 });
  assert.ok(bytes.length < MAX_PICTURE_BYTES, `it has ${bytes.length} bytes`);
});
