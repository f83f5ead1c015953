import assert from "node:assert/strict";
import { browserTest } from "../helpers/browser_page.ts";
import { gatedEngine } from "../helpers/gated_engine.ts";
import { enginesAsModels, fixtureEngine, SupervisedHome } from "../helpers/supervised_home.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

Deno.test(
  browserTest(
    "the overview shows the hive, and its worker while it loads and when it is ready",
    async (startBrowser) => {
      await using folder = await TemporaryFolder.make();
      const gated = await gatedEngine(folder);
      await using home = await SupervisedHome.up(enginesAsModels({ gated: gated.engine }));
      await using browser = await startBrowser();
      const { page } = await browser.open(home.queen.baseUrl);
      const hive = page.getByRole("region", { name: "Hive local" });
      await hive.getByText("connected", { exact: true }).waitFor();
      await hive.getByRole("meter", { name: "Used memory of cpu" }).waitFor();
      await hive.getByText("No worker.").waitFor();

      const spawning = home.run({ operation: "worker_spawn", model: "gated" });
      const worker = hive.getByRole("listitem").filter({ hasText: "gated" });
      await worker.getByText("loading, 40 %", { exact: true }).waitFor();
      const progress = worker.getByRole("progressbar", { name: "Loading gated" });
      assert.equal(await progress.getAttribute("value"), "40");
      await page.getByRole("link", { name: "worker_spawn with gated" }).waitFor();

      await gated.open();
      assert.equal((await spawning).type, "done");
      await worker.getByText("ready", { exact: true }).waitFor();
      await progress.waitFor({ state: "detached" });
      await page.getByRole("link", { name: "worker_spawn with gated" }).waitFor({
        state: "detached",
      });
    },
  ),
);

Deno.test(
  browserTest(
    "a worker that dies while it loads shows its reason on the overview and on its job's page",
    async (startBrowser) => {
      await using home = await SupervisedHome.up(enginesAsModels({
        doomed: fixtureEngine("--die-loading", "7", "--die-with", "error: the tensors are eaten"),
      }));
      await using browser = await startBrowser();
      const { page } = await browser.open(home.queen.baseUrl);
      await page.getByRole("region", { name: "Hive local" }).waitFor();
      const end = await home.run({ operation: "infer", model: "doomed", prompt: "Hello" });
      assert.ok(end.type === "error", JSON.stringify(end));

      const failure = page.getByRole("region", { name: "The last job that failed" });
      await failure.getByText(end.message).waitFor();
      const worker = page.getByRole("listitem").filter({ hasText: "doomed" });
      await worker.getByText("failed", { exact: true }).waitFor();
      await worker.getByText(/exit|code 7|tensors are eaten/).first().waitFor();

      await failure.getByRole("link", { name: "infer with doomed" }).click();
      await page.getByRole("heading", { name: "Job: infer with doomed" }).waitFor();
      const content = page.getByRole("main");
      await content.getByText(end.message).first().waitFor();
      await content.getByText(end.code).first().waitFor();
      await content.getByText("the tensors are eaten").first().waitFor();
    },
  ),
);
