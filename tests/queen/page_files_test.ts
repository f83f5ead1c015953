import assert from "node:assert/strict";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { PAGE_FILES } from "../../src/queen/page_bundle.ts";
import { MADE_OF, MADE_PAGE } from "../../src/queen/page_cache.ts";
import { PageFiles, type PageFilesOptions } from "../../src/queen/page_files.ts";
import { pageSourcesHash } from "../../src/queen/page_sources.ts";
import { PageCheckout } from "../helpers/page_checkout.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { SilentProxy } from "../helpers/silent_proxy.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

/** Its clock makes a step at each look, so that the sources are looked at each time. */
function filesOf(checkout: PageCheckout, options: Partial<PageFilesOptions> = {}): PageFiles {
  const { cache, root } = checkout;
  let nowMs = 0;
  return new PageFiles({ cache, origin: { root }, now: () => nowMs += 1000, ...options });
}

const textOf = ({ bytes }: { bytes: Uint8Array }) => new TextDecoder().decode(bytes);

const messageOfFailure = (promise: Promise<unknown>) =>
  promise.then(() => assert.fail("there is a page"), (error: unknown) => {
    assert.ok(error instanceof RbeeError && error.code === "page_not_built", `${error}`);
    return error.message;
  });

Deno.test("the page of a checkout is made on the first demand, once for all who ask", async () => {
  await using checkout = await PageCheckout.make();
  using narration = new RecordedNarration();
  const files = filesOf(checkout);
  assert.deepEqual(await checkout.kept(), []);
  const [script, document, ...others] = await Promise.all([
    files.asset("app.js"),
    files.document(),
    files.document(),
    files.asset("app.js"),
  ]);
  assert.equal(textOf(script!), "console.log(`${7} bees`);\n");
  assert.match(textOf(document!), /<title>bees/);
  assert.deepEqual(others, [document, script]);
  assert.deepEqual(narration.actionsOf(undefined), ["page_bundle"]);
  assert.deepEqual(await checkout.kept(), [`page-${await pageSourcesHash(checkout.root)}`]);
  await files.close();
});

Deno.test("the page that is kept is taken by the next queen, without a bundler", async () => {
  await using checkout = await PageCheckout.make();
  await filesOf(checkout).document();
  const [kept] = await checkout.kept();
  await Deno.writeTextFile(`${checkout.cache}/${kept}/app.js`, "kept");
  assert.equal(textOf(await filesOf(checkout).asset("app.js")), "kept");
});

Deno.test("a page that is not whole is made anew, and what a killed queen left is removed", async () => {
  await using checkout = await PageCheckout.make();
  await filesOf(checkout).document();
  const [kept] = await checkout.kept();
  await Deno.remove(`${checkout.cache}/${kept}/app.js`);
  await Deno.mkdir(`${checkout.cache}/${kept}-a1b2c3`);
  await Deno.mkdir(`${checkout.cache}/program-0011`);
  assert.match(textOf(await filesOf(checkout).asset("app.js")), /bees/);
  assert.deepEqual(await checkout.kept(), [kept!, "program-0011"]);
});

Deno.test("a kept file that is empty, as a loss of power leaves it, is made anew", async () => {
  await using checkout = await PageCheckout.make();
  await filesOf(checkout).document();
  const [kept] = await checkout.kept();
  await Deno.writeTextFile(`${checkout.cache}/${kept}/app.js`, "");
  assert.match(textOf(await filesOf(checkout).asset("app.js")), /bees/);
});

Deno.test("a page whose files cannot be read says so, without their path", async () => {
  await using checkout = await PageCheckout.make();
  for (const name of Object.keys(PAGE_FILES)) await checkout.write(`${MADE_PAGE}/${name}`, "made");
  await checkout.write(`${MADE_PAGE}/${MADE_OF}`, await pageSourcesHash(checkout.root));
  const { readFile } = Deno;
  Deno.readFile = (path, options) =>
    `${path}`.includes(MADE_PAGE)
      ? Promise.reject(new Deno.errors.PermissionDenied(`Permission denied: '${path}'`))
      : readFile(path, options);
  try {
    const failure = await messageOfFailure(filesOf(checkout).document());
    assert.match(failure, /cannot be read/);
    assert.ok(!failure.includes(checkout.root), failure);
  } finally {
    Deno.readFile = readFile;
  }
});

Deno.test("what cannot be removed beside a page that is whole is told, and the page is shown", async () => {
  await using checkout = await PageCheckout.make();
  using narration = new RecordedNarration();
  await Deno.mkdir(`${checkout.cache}/page-0011`, { recursive: true });
  const { remove } = Deno;
  Deno.remove = (path, options) =>
    `${path}`.endsWith("page-0011")
      ? Promise.reject(new Deno.errors.PermissionDenied("Permission denied"))
      : remove(path, options);
  try {
    assert.match(textOf(await filesOf(checkout).asset("app.js")), /bees/);
  } finally {
    Deno.remove = remove;
  }
  assert.ok(narration.records.some(({ level }) => level === "warn"));
});

for (
  const [path, text] of [
    ["src/page/app.css", "p{margin:0}"],
    ["src/contracts/bee.ts", "export const BEES = 8;"],
    ["deno.lock", '{"version":"5","workspace":{}}'],
  ] as const
) {
  Deno.test(`a change of ${path} makes another page at the next view, in place of the one before`, async () => {
    await using checkout = await PageCheckout.make();
    const files = filesOf(checkout);
    const script = await files.asset("app.js");
    const [before] = await checkout.kept();
    await checkout.write(path, text);
    // What belongs to the document that somebody still looks at.
    assert.equal(await files.asset("app.js"), script);
    await files.document();
    const [after, ...others] = await checkout.kept();
    assert.notEqual(after, before);
    assert.deepEqual(others, []);
    const style = textOf(await files.asset("app.css"));
    assert.equal(style, path.endsWith("css") ? "p{margin:0}\n" : "body{margin:0}\n");
    assert.match(textOf(await files.asset("app.js")), path.includes("bee") ? /8/ : /7/);
  });
}

Deno.test("a page that cannot be made leaves nothing, is told once, and tried again after a while", async () => {
  await using checkout = await PageCheckout.make();
  using narration = new RecordedNarration();
  let nowMs = 0;
  const files = filesOf(checkout, { now: () => nowMs });
  await checkout.write("src/page/main.tsx", "const bee = ;");
  const failure = await messageOfFailure(files.document());
  assert.match(failure, /main\.tsx:1:13/);
  assert.deepEqual(await checkout.kept(), []);
  // Were a bundler started, it would have nothing to be put into.
  await Deno.remove(checkout.cache);
  await Deno.writeTextFile(checkout.cache, "");
  nowMs = 4999;
  assert.equal(await messageOfFailure(files.asset("app.js")), failure);
  await Deno.remove(checkout.cache);
  nowMs = 6000;
  assert.equal(await messageOfFailure(files.document()), failure);
  const [{ human, level } = assert.fail(), ...others] = narration.records;
  assert.deepEqual([human.startsWith(`${failure}. It was: `), level], [true, "error"], human);
  assert.match(human, /const bee = ;/);
  assert.deepEqual(others, []);

  await checkout.write("src/page/main.tsx", 'console.log("mended")');
  nowMs = 7000;
  assert.match(textOf(await files.asset("app.js")), /mended/);
  await checkout.write("src/page/main.tsx", "const bee = ;");
  nowMs = 8000;
  assert.equal(await messageOfFailure(files.document()), failure);
  assert.equal(narration.records.filter(({ level }) => level === "error").length, 2);
});

Deno.test("the sources are looked at once a second at most, however many ask for the document", async () => {
  await using checkout = await PageCheckout.make();
  let nowMs = 0;
  const files = filesOf(checkout, { now: () => nowMs });
  const document = await files.document();
  await checkout.write("src/page/assets/index.html", "<title>wasps</title>");
  nowMs = 999;
  assert.equal(await files.document(), document);
  nowMs = 1000;
  assert.match(textOf(await files.document()), /wasps/);
  // What was found wrong holds as long.
  await Deno.remove(`${checkout.root}/src/contracts`, { recursive: true });
  nowMs = 2000;
  const failure = await messageOfFailure(files.document());
  await checkout.write("src/contracts/bee.ts", "export const BEES = 7;\n");
  nowMs = 2999;
  assert.equal(await messageOfFailure(files.document()), failure);
  nowMs = 3000;
  assert.match(textOf(await files.document()), /wasps/);
  nowMs = 3500;
  assert.match(textOf(await files.document()), /wasps/);
});

Deno.test("sources that cannot be read are told in the log, once, with the path that the page does not tell", async () => {
  await using checkout = await PageCheckout.make();
  using narration = new RecordedNarration();
  const files = filesOf(checkout);
  const contracts = `${checkout.root}/src/contracts`;
  await Deno.remove(contracts, { recursive: true });
  const failure = await messageOfFailure(files.document());
  assert.equal(await messageOfFailure(files.document()), failure);
  assert.match(failure, /sources cannot be read/);
  assert.ok(!failure.includes(checkout.root), failure);
  const [{ human } = assert.fail(), ...others] = narration.records;
  assert.ok(human.includes(contracts), human);
  assert.deepEqual(others, []);
});

Deno.test("a home whose cache cannot be written is told so, and its path to the log alone", async () => {
  await using checkout = await PageCheckout.make();
  using narration = new RecordedNarration();
  await Deno.writeTextFile(`${checkout.root}/file`, "");
  const cache = `${checkout.root}/file/cache`;
  const failure = await messageOfFailure(filesOf(checkout, { cache }).document());
  assert.match(failure, /cannot be written \(\w+\); rbee queen logs shows which/);
  assert.ok(narration.records[0]?.human.includes(cache), narration.records[0]?.human);
  assert.ok(!failure.includes(checkout.root), failure);
});

Deno.test("what deno task page has made is taken as long as it is of the same sources", async () => {
  await using checkout = await PageCheckout.make();
  for (const name of Object.keys(PAGE_FILES)) {
    await checkout.write(`${MADE_PAGE}/${name}`, `made ${name}`);
  }
  await checkout.write(`${MADE_PAGE}/${MADE_OF}`, `${await pageSourcesHash(checkout.root)}\n`);
  const files = filesOf(checkout);
  assert.equal(textOf(await files.asset("app.js")), "made app.js");
  assert.deepEqual(await checkout.kept(), []);
  await checkout.write("src/page/app.css", "p{margin:0}");
  assert.match(textOf(await files.document()), /<title>/);
  assert.match(textOf(await files.asset("app.js")), /7/);
});

Deno.test("a queen who stops ends the bundler, and makes no page any more", async () => {
  await using checkout = await PageCheckout.make();
  await using proxy = new SilentProxy();
  using narration = new RecordedNarration();
  const files = filesOf(checkout, { env: proxy.env(`${checkout.root}/../deno`) });
  const asked = files.document();
  await Promise.race([proxy.came, asked]);
  const refused = assert.rejects(asked, { code: "shutting_down" });
  await files.close();
  assert.deepEqual(await checkout.kept(), []);
  await Promise.all([refused, proxy.left]);
  await assert.rejects(files.document(), { code: "shutting_down" });
  await assert.rejects(files.asset("app.js"), { code: "shutting_down" });
  assert.deepEqual(narration.records, []);
  await files.close();
});

Deno.test("a built program reads the page beside it once, and says what to do when it is not there", async () => {
  await using folder = await TemporaryFolder.make();
  const options = { cache: folder.join("cache"), origin: { folder: folder.join("page") } };
  const failure = await messageOfFailure(new PageFiles(options).document());
  assert.match(failure, /rbee down/);
  assert.ok(!failure.includes(folder.path), failure);
  await Deno.mkdir(folder.join("page"));
  for (const name of Object.keys(PAGE_FILES)) {
    await Deno.writeTextFile(folder.join("page", name), `built ${name}`);
  }
  const files = new PageFiles(options);
  assert.equal(textOf(await files.asset("icon.svg")), "built icon.svg");
  await Deno.remove(folder.join("page"), { recursive: true });
  assert.equal(textOf(await files.document()), "built index.html");
});
