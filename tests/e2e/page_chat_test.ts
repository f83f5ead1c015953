import assert from "node:assert/strict";
import { askInChat } from "../helpers/ask_in_chat.ts";
import { browserTest } from "../helpers/browser_page.ts";
import { hasFocus } from "../helpers/keyboard.ts";
import { SIZES, twoFrames } from "../helpers/screenshots.ts";
import { enginesAsModels, fixtureEngine, SupervisedHome } from "../helpers/supervised_home.ts";

const HOSTILE = [
  "<script>window.pwned=1</script>",
  '<img src=x onerror="window.pwned=2">',
  '<img src="https://evil.example/raw.png">',
  "![picture](https://evil.example/picture.png)",
  '![broken](x" onerror="window.pwned=3)',
  "[click](javascript:window.pwned=4)",
  "[data](data:text/html,<script>parent.pwned=5</script>)",
  "<javascript:window.pwned=6>",
  "<svg onload=window.pwned=7><style>@import 'https://evil.example/a.css'</style></svg>",
  '<iframe src="https://evil.example/frame"></iframe>',
  '<a href="javascript:window.pwned=8">raw</a>',
  "[ref]: javascript:window.pwned=9",
  "[a reference][ref]",
  "[good](https://example.org/page)",
  "```js\nwindow.pwned=10 // </code><script>window.pwned=11</script>\n```",
  "the end of it",
].join("\n\n");

/** By how much the text of a button is lighter or darker than its ground, as WCAG counts it: 1 to 21. */
const contrastOf = (name: string) =>
  `(() => {
  const button = [...document.querySelectorAll("button")].find((one) => one.innerText === "${name}");
  const { color, backgroundColor, opacity } = getComputedStyle(button);
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map((part) => {
      const value = part / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const [text, ground] = [light(color), light(backgroundColor)];
  return opacity === "1" ? Math.max(text, ground) / Math.min(text, ground) : 1;
})()`;

Deno.test(
  browserTest(
    "a chat is loaded when it is wanted; empty, it stands in the middle, its composer small at the lower edge",
    async (startBrowser) => {
      await using home = await SupervisedHome.up({});
      await using browser = await startBrowser();
      const { page } = await browser.open(home.queen.baseUrl, { expected: [/net::ERR_FAILED/] });
      // As it is where she has another page by now.
      await page.route("**/assets/chat-*.js", (route) => route.abort());
      await page.getByRole("link", { name: "Chat" }).click();
      await page.getByText("This part of the page could not be loaded").waitFor();
      await page.unrouteAll();
      await page.getByRole("button", { name: "Load the page again" }).click();
      await page.getByText("Ask something.").waitFor();
      const boxOf = async (selector: string) => (await page.locator(selector).boundingBox())!;
      for (const { width, height } of SIZES) {
        await page.setViewportSize({ width, height });
        await twoFrames(page);
        const composer = await boxOf(".composer");
        assert.equal(Math.round(composer.y + composer.height), height, `at ${width} px`);
        assert.ok(composer.height < height / 5, `${composer.height} px high at ${width} px`);
        const chat = await boxOf(".chat");
        const heading = await boxOf("h1");
        assert.ok(Math.abs(chat.x - (width - chat.x - chat.width)) <= 1, `aside at ${width} px`);
        assert.equal(heading.x, chat.x);
      }
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        for (const name of ["Send", "Stop", "New conversation"]) {
          const contrast: number = await page.evaluate(contrastOf(name));
          assert.ok(contrast >= 4.5, `${name}, ${colorScheme}: ${contrast}`);
        }
      }
    },
  ),
);

Deno.test(
  browserTest(
    "a question in the chat is answered by the demo model, with the narration beside it, and kept over a reload",
    async (startBrowser) => {
      await using home = await SupervisedHome.up();
      await using browser = await startBrowser();
      const { page } = await browser.open(`${home.queen.baseUrl}/chat`);
      await askInChat(page, "bee-tiny", "Tell me a story about Luna");
      const turn = page.getByRole("article", { name: "Question 1" });
      await turn.getByText("Tell me a story about Luna").waitFor();
      const narration = turn.getByRole("list", { name: "What rbee does" });
      for (const actor of ["queen", "hive", "worker"]) {
        await narration.getByRole("link", { name: actor, exact: true }).first().waitFor();
      }
      const link = turn.getByRole("link", { name: "Its job" });
      await link.waitFor();
      await turn.getByText(/^\d+ tokens, [\d.,]+ tokens\/s\./).waitFor();

      const [job] = await home.queen.list();
      assert.equal(job?.operation, "infer");
      const events = await Array.fromAsync(home.queen.stream(job.job_id));
      const text = events.map((event) => event.type === "token" ? event.text : "").join("");
      const words = (shown: string | null) => shown?.split(/\s+/).filter((word) => word !== "");
      const answer = turn.locator(".markdown");
      assert.deepEqual(words(await answer.innerText()), words(text));

      await page.reload();
      await link.waitFor();
      assert.deepEqual(words(await answer.innerText()), words(text));
      await link.click();
      await page.waitForURL(`**/jobs/${job.job_id}`);
      await page.getByText("Done", { exact: true }).first().waitFor();
      await page.getByRole("link", { name: "Chat", exact: true }).click();
      const anew = page.getByRole("button", { name: "New conversation" });
      await anew.click();
      const dialog = page.getByRole("dialog", { name: "Begin a new conversation" });
      await dialog.getByRole("button", { name: "Keep this one" }).click();
      await dialog.waitFor({ state: "hidden" });
      await turn.waitFor();
      await anew.click();
      await dialog.getByRole("button", { name: "Begin a new one" }).click();
      await turn.waitFor({ state: "detached" });
      assert.ok(await hasFocus(page.getByRole("textbox", { name: "Question" })));
    },
  ),
);

Deno.test(
  browserTest("an answer that is stopped keeps what has come of it", async (startBrowser) => {
    await using home = await SupervisedHome.up(enginesAsModels({ gated: fixtureEngine("--gate") }));
    const { url } = await home.spawn("gated");
    await using browser = await startBrowser();
    const { page } = await browser.open(`${home.queen.baseUrl}/chat`);
    await askInChat(page, "gated", "Where does the bee fly?");
    const turn = page.getByRole("article", { name: "Question 1" });
    const release = await fetch(`${url}/control/release?count=3`, { method: "POST" });
    await release.body?.cancel();
    await turn.getByText("The bee flies", { exact: true }).waitFor();

    await page.getByRole("link", { name: "Overview", exact: true }).click();
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await page.getByRole("link", { name: "Chat", exact: true }).click();
    await turn.getByText("The bee flies", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Stop", exact: true }).click();
    await turn.getByText("Stopped. What had come of the answer stays.").waitFor();
    await turn.getByText("The bee flies", { exact: true }).waitFor();
    const asked = await (await fetch(`${url}/control/requests?ended=1`)).json();
    assert.equal(asked.requests[0].state, "cancelled");
  }),
);

Deno.test(
  browserTest(
    "a model that answers with programs, pictures and addresses runs and loads nothing",
    async (startBrowser) => {
      await using home = await SupervisedHome.up(
        enginesAsModels({ hostile: fixtureEngine("--say", HOSTILE) }),
      );
      await using browser = await startBrowser();
      const { page } = await browser.open(`${home.queen.baseUrl}/chat`);
      await askInChat(page, "hostile", HOSTILE);
      const turn = page.getByRole("article", { name: "Question 1" });
      await turn.getByRole("link", { name: "Its job" }).waitFor();
      await turn.locator(".answer").getByText("the end of it").waitFor();
      await turn.locator(".answer").getByText("<script>window.pwned=1</script>").first().waitFor();

      const inside = turn.locator(
        "script, img, iframe, svg, object, embed, video, audio, style, link",
      );
      assert.equal(await inside.count(), 0);
      const addresses = await turn.locator(".markdown [href], .markdown [src]")
        .evaluateAll((elements) => elements.map((element) => element.getAttribute("href")));
      for (const address of addresses) {
        assert.match(address ?? "", /^https:\/\//);
      }
      assert.ok(addresses.includes("https://example.org/page"));
      const good = turn.getByRole("link", { name: /good/ });
      assert.match(await good.getAttribute("rel") ?? "", /\bnoopener\b/);
      const attributes: string[] = await turn.locator(".markdown *").evaluateAll((elements) =>
        elements.flatMap((element) => element.getAttributeNames())
      );
      assert.deepEqual(attributes.filter((name) => /^on/.test(name)), []);
      assert.equal(await page.evaluate("globalThis.pwned"), undefined);

      await turn.getByRole("link", { name: "Its job" }).click();
      const answer = page.getByRole("region", { name: "Answer" }).locator("pre");
      await answer.getByText("the end of it").waitFor();
      assert.equal(await page.getByRole("main").locator("script, img, iframe, object").count(), 0);
      assert.equal(await page.evaluate("globalThis.pwned"), undefined);
    },
  ),
);
