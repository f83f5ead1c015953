import assert from "node:assert/strict";
import { browserTest } from "../helpers/browser_page.ts";
import { hasFocus, tabTo } from "../helpers/keyboard.ts";
import { enginesAsModels, fixtureEngine, SupervisedHome } from "../helpers/supervised_home.ts";

const ENGINES = enginesAsModels({ gated: fixtureEngine("--gate") });
const ASK = { operation: "infer", model: "gated", prompt: "Hello" };

Deno.test(
  browserTest(
    "a worker is started and stopped by dialogs that show the command line",
    async (startBrowser) => {
      await using home = await SupervisedHome.up(ENGINES);
      await using browser = await startBrowser();
      const { page } = await browser.open(home.queen.baseUrl, { expected: [/status of 400/] });
      const open = page.getByRole("button", { name: "Start a worker on local" });
      await open.click();
      const dialog = page.getByRole("dialog", { name: "Start a worker" });
      await dialog.waitFor();
      const model = dialog.getByLabel("Model", { exact: true });
      assert.ok(await hasFocus(model));
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "hidden" });
      assert.ok(await hasFocus(open), "the focus is where it was");

      // What is wrong behind "More" is shown though that was folded.
      await open.click();
      await model.fill("gated");
      await dialog.getByText("More", { exact: true }).click();
      const context = dialog.getByLabel("Context, in tokens a request");
      await context.fill("3");
      await dialog.getByText("More", { exact: true }).click();
      await dialog.getByRole("button", { name: "Start", exact: true }).click();
      await context.waitFor();
      assert.ok(await hasFocus(context));
      await page.evaluate("history.pushState(null, '', '/jobs'); history.back()");
      await dialog.waitFor({ state: "hidden" });

      // Who leaves a dialog while it is sent is not taken away, and hears what was refused.
      const sent = Promise.withResolvers<void>();
      const goOn = Promise.withResolvers<void>();
      await page.route("**/v1/jobs", async (route) => {
        sent.resolve();
        await goOn.promise;
        await route.continue();
      });
      await page.getByRole("button", { name: "Download a model on local" }).click();
      const download = page.getByRole("dialog", { name: "Download a model" });
      await download.getByLabel("Model", { exact: true }).fill("https://me:secret@example.org/a");
      await download.getByRole("button", { name: "Download", exact: true }).click();
      await download.getByText("It is sent.").waitFor();
      await sent.promise;
      await page.keyboard.press("Escape");
      await download.waitFor({ state: "hidden" });
      await open.click();
      await model.fill("half a na");
      goOn.resolve();
      const late = dialog.getByRole("alert").filter({ hasText: "Download a model: " });
      await late.waitFor();
      assert.equal(await model.inputValue(), "half a na");
      await late.getByRole("button", { name: "Close this notice" }).click();
      await late.waitFor({ state: "detached" });
      await page.unroute("**/v1/jobs");
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "hidden" });

      await open.click();
      const refused = "https://me:secret@example.org/a model.gguf";
      await model.fill(refused);
      await dialog.getByText(`rbee worker spawn '${refused}' --hive local`, { exact: true })
        .waitFor();
      await dialog.getByRole("button", { name: "Start", exact: true }).click();
      await dialog.getByRole("alert").filter({ hasText: "must not hold a user or a password" })
        .waitFor();
      assert.equal(await model.inputValue(), refused, "what was typed stays");
      await model.fill("gated");
      await dialog.getByText("rbee worker spawn gated --hive local", { exact: true }).waitFor();
      await dialog.getByRole("button", { name: "Start", exact: true }).click();
      await page.waitForURL(/\/jobs\/job-/);
      await page.getByText("Done", { exact: true }).first().waitFor();
      const worker = await home.worker("gated");
      assert.equal(worker.state, "ready");

      await page.getByRole("link", { name: "Overview" }).click();
      await page.getByRole("button", { name: "Stop gated on local" }).click();
      const asked = page.getByRole("dialog", { name: "Stop gated" });
      await asked.getByText(`rbee worker stop ${worker.worker_id}`, { exact: true }).waitFor();
      await asked.getByText("It answers no request now.").waitFor();
      await asked.getByRole("button", { name: "Let it run" }).click();
      await asked.waitFor({ state: "hidden" });
      assert.equal((await home.worker("gated")).state, "ready");
      await page.getByRole("button", { name: "Stop gated on local" }).click();
      await asked.getByRole("button", { name: "Stop it" }).click();
      await asked.waitFor({ state: "hidden" });
      await home.workerIs("gated", "stopped");
      await page.getByRole("button", { name: "Stop gated on local" }).waitFor({
        state: "detached",
      });
    },
  ),
);

Deno.test(
  browserTest("a job is found and cancelled by the keyboard alone", async (startBrowser) => {
    await using home = await SupervisedHome.up(ENGINES);
    await using browser = await startBrowser();
    const job = await home.watch(ASK);
    await job.said("placement");
    const { page } = await browser.open(home.queen.baseUrl);
    await tabTo(page, page.getByRole("link", { name: "infer with gated" }));
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/jobs\/job-/);
    await page.getByRole("heading", { name: "Job: infer with gated" }).waitFor();

    const cancel = page.getByRole("button", { name: "Cancel", exact: true });
    await tabTo(page, cancel);
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "Cancel this infer" });
    await dialog.getByText(`rbee job cancel ${job.jobId}`, { exact: true }).waitFor();
    assert.ok(await hasFocus(dialog.getByRole("button", { name: "Let it run" })));
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "hidden" });
    assert.ok(await hasFocus(cancel), "the focus is where it was");

    await page.keyboard.press("Enter");
    await tabTo(page, dialog.getByRole("button", { name: "Cancel the job" }));
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Why it was cancelled" }).waitFor();
    assert.equal((await job.end).type, "cancelled");
    await page.getByText("Cancelled", { exact: true }).first().waitFor();
    await cancel.waitFor({ state: "detached" });
    await home.workerIs("gated", "ready", ({ requests }) => requests === 0);
  }),
);
