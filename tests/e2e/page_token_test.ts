import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { browserTest } from "../helpers/browser_page.ts";
import { OpenHome, outerAddress } from "../helpers/open_home.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";

// What a browser says of an answer that refuses.
const REFUSED = [/status of 401/];

/** A token that `rbee token create` makes. */
async function createToken(home: RbeeHome, role: "admin" | "infer"): Promise<string> {
  const made = await home.rbee(["token", "create", "--name", role, "--role", role]);
  assert.equal(made.code, 0, made.stderr);
  return made.stdout.trim();
}

/** Starts a queen who wants a token. */
async function startStrictQueen(home: RbeeHome): Promise<string> {
  await home.configure({ queen: { require_token: true } });
  const started = await home.rbee(["queen", "start"]);
  assert.equal(started.code, 0, started.stderr);
  return (await home.daemon("queen")).url;
}

async function show(page: Page, token: string): Promise<void> {
  await page.getByLabel("Token", { exact: true }).fill(token);
  await page.getByRole("button", { name: "Use this token" }).click();
}

const keptToken = (page: Page) => page.evaluate(() => sessionStorage.getItem("rbee.token"));

Deno.test(
  browserTest(
    "a queen who wants a token asks for it, refuses a wrong one, and knows a right one after a reload",
    async (startBrowser) => {
      await using home = await RbeeHome.create();
      const admin = await createToken(home, "admin");
      const url = await startStrictQueen(home);
      await using browser = await startBrowser();
      const { page, context } = await browser.open(url, { expected: REFUSED });
      const form = page.getByLabel("Token", { exact: true });
      await form.waitFor();
      assert.equal(await form.getAttribute("type"), "password");
      assert.equal(await form.getAttribute("aria-invalid"), "false");
      await page.getByRole("heading", { name: "Token" }).waitFor();

      await show(page, "rbee_wrong");
      await page.getByRole("alert").filter({ hasText: /token/i }).waitFor();
      assert.equal(await form.getAttribute("aria-invalid"), "true");

      await show(page, `\u201c${admin}\u201d`);
      await page.getByRole("alert").filter({ hasText: "characters that no token has" }).waitFor();
      assert.equal(await keptToken(page), "rbee_wrong", "what cannot be shown is not kept");

      // A queen whose list of tokens was away for a moment.
      const error = { code: "unauthorized", message: "No", type: "x" };
      const refusal = { status: 401, json: { error } };
      await page.route("**/v1/watch", (asked) => asked.fulfill(refusal), { times: 1 });
      await show(page, admin);
      await page.getByRole("alert").filter({ hasText: "does not know this token" }).waitFor();
      await show(page, admin);
      await page.getByRole("heading", { name: "Overview" }).waitFor();
      await page.getByText(/^Connected to rbee [\d.]+$/).waitFor();
      // As it is in Safari, whose streams cannot be iterated over.
      await context.addInitScript("delete ReadableStream.prototype[Symbol.asyncIterator]");
      await page.reload();
      await page.getByText(/^Connected to rbee [\d.]+$/).waitFor();
      await page.getByRole("heading", { name: "No hive is known" }).waitFor();

      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      assert.equal(await page.evaluate("document.activeElement.id"), "content");
      await page.keyboard.press("Tab");
      assert.equal(await page.evaluate("document.activeElement.closest('main') !== null"), true);
      assert.equal(await keptToken(page), admin);
      assert.equal(await page.evaluate(() => localStorage.length), 0);
      assert.deepEqual(await context.cookies(), []);
      assert.ok(!page.url().includes(admin), "no address has it");

      const other = await context.newPage();
      await other.goto(url);
      await other.getByLabel("Token", { exact: true }).waitFor();

      await page.getByRole("button", { name: "Forget the token" }).click();
      await form.waitFor();
      assert.equal(await keptToken(page), null);
      await page.reload();
      await form.waitFor();
    },
  ),
);

Deno.test(
  browserTest(
    "a token of the role infer sees the chat and its own jobs, and of hives only that they are not for it",
    async (startBrowser) => {
      await using home = await RbeeHome.create();
      const infer = await createToken(home, "infer");
      const admin = await createToken(home, "admin");
      const url = await startStrictQueen(home);
      const others = await fetch(`${url}/v1/jobs`, {
        method: "POST",
        headers: { Authorization: `Bearer ${admin}`, "Content-Type": "application/json" },
        body: JSON.stringify({ operation: "hive_list" }),
      });
      const { job_id } = await others.json() as { job_id: string };
      await using browser = await startBrowser();
      const { page } = await browser.open(url, { expected: [...REFUSED, /status of 404/] });

      await show(page, infer);
      await page.getByText(/^Connected to rbee [\d.]+, for inference$/).waitFor();
      await page.getByText("This token is for inference").waitFor();
      assert.equal(await page.getByRole("button", { name: "Start a worker" }).count(), 0);

      await page.getByRole("link", { name: "Jobs", exact: true }).click();
      await page.getByRole("heading", { name: "Jobs" }).waitFor();
      await page.getByText(/no job/i).first().waitFor();
      assert.equal(await page.locator(`a[href="/jobs/${job_id}"]`).count(), 0);

      await page.goto(`${url}/jobs/${job_id}`);
      await page.getByText(/Cannot find job/).first().waitFor();

      await page.getByRole("link", { name: "Chat", exact: true }).click();
      await page.getByRole("heading", { name: "Chat" }).waitFor();
      await page.getByRole("textbox").first().waitFor();
    },
  ),
);

Deno.test({
  ignore: outerAddress() === undefined,
  ...browserTest(
    "a page that is read from another machine without TLS works, and a command is copied by hand",
    async (startBrowser) => {
      await using home = await OpenHome.start();
      await using browser = await startBrowser();
      const { page } = await browser.open(await home.urlOf("queen"), { expected: REFUSED });
      await show(page, home.admin);
      await page.getByRole("button", { name: "Start a worker on local" }).click();
      await page.getByRole("dialog").getByLabel("Model", { exact: true }).fill("bee-tiny");
      await page.getByRole("button", { name: "Copy the command" }).click();
      const shown = page.getByRole("textbox", { name: /^The text, selected/ });
      await shown.waitFor();
      assert.equal(await shown.inputValue(), "rbee worker spawn bee-tiny --hive local");
      assert.equal(
        await page.evaluate("getSelection().toString()"),
        "rbee worker spawn bee-tiny --hive local",
      );
      await page.getByRole("button", { name: "Start", exact: true }).click();
      await page.waitForURL(/\/jobs\/job-/);
      await page.getByText("Done", { exact: true }).first().waitFor();
    },
  ),
});
