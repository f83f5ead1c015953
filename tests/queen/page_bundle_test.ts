import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { bundlePage, PAGE_FILES, pageFileType } from "../../src/queen/page_bundle.ts";
import { PageCheckout } from "../helpers/page_checkout.ts";
import { SilentProxy } from "../helpers/silent_proxy.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

async function filesIn(folder: string): Promise<Record<string, Uint8Array>> {
  const entries = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
  return Object.fromEntries(
    entries.map((name) => [name, Deno.readFileSync(`${folder}/${name}`)]),
  );
}

Deno.test("bundlePage() makes the same files of the same sources, wherever these lie", async () => {
  await using folder = await TemporaryFolder.make();
  const copy = folder.join("other place");
  for (const name of ["src/page", "src/contracts"]) {
    await copyAll(`${ROOT}/${name}`, `${copy}/${name}`);
  }
  for (const name of ["deno.json", "deno.lock", "package.json"]) {
    await Deno.copyFile(`${ROOT}/${name}`, `${copy}/${name}`);
  }
  const made: Record<string, Uint8Array>[] = [];
  for (const [name, root] of [["a", ROOT], ["b", copy]] as const) {
    await Deno.mkdir(folder.join(name));
    await bundlePage(root, folder.join(name));
    made.push(await filesIn(folder.join(name)));
  }
  const names = new Set(Object.keys(made[0]!));
  assert.ok(names.isSupersetOf(new Set(Object.keys(PAGE_FILES))), [...names].join());
  assert.ok(names.values().every((name) => pageFileType(name) !== undefined), [...names].join());
  assert.deepEqual(Object.keys(made[1]!), [...names]);
  const isSame = (name: string) => Buffer.compare(made[0]![name]!, made[1]![name]!) === 0;
  assert.deepEqual([...names].filter((name) => !isSame(name)), []);
});

/** A part of the script, and those that must be there before it runs. */
function scriptOf(name: string, text: (name: string) => string, known: string[] = []): string[] {
  if (known.includes(name)) return known;
  let all = [...known, name];
  for (const [, part] of text(name).matchAll(/\b(?:from|import)"\.\/([\w-]+\.js)"/g)) {
    all = scriptOf(part!, text, all);
  }
  return all;
}

Deno.test("the first view is below 70,000 bytes, and names nothing of another host", async () => {
  await using folder = await TemporaryFolder.make();
  await bundlePage(ROOT, folder.path);
  const files = await filesIn(folder.path);
  const text = (name: string) => new TextDecoder().decode(files[name]);
  const first = ["index.html", "app.css", "icon.svg", ...scriptOf("app.js", text)];
  const bytes = first.reduce((sum, name) => sum + gzipSync(files[name]!).length, 0);
  assert.ok(bytes < 70_000, `${bytes} bytes`);
  const late = Object.keys(files).filter((name) => !first.includes(name));
  for (const view of ["chat", "job_list", "job_page"]) {
    assert.ok(late.some((name) => name.startsWith(`${view}-`)), `${view} in ${late}`);
    const more = scriptOf(late.find((name) => name.startsWith(view))!, text)
      .filter((name) => late.includes(name))
      .reduce((sum, name) => sum + gzipSync(files[name]!).length, 0);
    // What the first view is, where it is another than the overview.
    assert.ok(bytes + more < 95_000, `${view} takes ${bytes + more} bytes`);
  }
  const targets = [...text("index.html").matchAll(/ (?:src|href)="([^"]*)"/g)].map(([, to]) => to);
  assert.deepEqual(targets, ["/assets/icon.svg", "/assets/app.css", "/assets/app.js"]);
  assert.doesNotMatch(text("index.html"), /https?:|<style| style=| on\w+=/);
  assert.doesNotMatch(text("index.html"), /<script(?![^>]* src=)/);
  assert.doesNotMatch(text("app.css"), /@import|url\((?!"?data:image)/);
  assert.doesNotMatch(
    text("icon.svg").replace("http://www.w3.org/2000/svg", ""),
    /https?:|<script/,
  );
  // What parts of the program that have nothing to do in a browser would bring.
  for (const name of Object.keys(files).filter((each) => each.endsWith(".js"))) {
    assert.doesNotMatch(text(name), /\bDeno\.|ZodError/, name);
  }
});

Deno.test("bundlePage() says which line is at fault, and not where the project lies", async () => {
  await using checkout = await PageCheckout.make();
  await using folder = await TemporaryFolder.make();
  await checkout.write("src/page/main.tsx", "const bee = ;\n");
  await assert.rejects(bundlePage(checkout.root, folder.path), (error) => {
    assert.ok(error instanceof RbeeError);
    assert.equal(error.code, "page_not_built");
    assert.match(
      error.message,
      /^Cannot make the page: [^\n]*Expression expected at src\/page\/main\.tsx:1:13; mend that .*deno task page/,
    );
    assert.match(String(error.cause), /const bee = ;/);
    return true;
  });
});

Deno.test("bundlePage() says what is missing", async () => {
  for (const name of ["main.tsx", "app.css", "assets/icon.svg"]) {
    await using checkout = await PageCheckout.make();
    await using folder = await TemporaryFolder.make();
    await Deno.remove(`${checkout.root}/src/page/${name}`);
    await assert.rejects(bundlePage(checkout.root, folder.path), (error) => {
      assert.ok(error instanceof RbeeError && error.code === "page_not_built", `${error}`);
      assert.ok(!error.message.includes(checkout.root), error.message);
      assert.match(error.message, new RegExp(`src/page/${name}`));
      return true;
    });
  }
});

Deno.test("bundlePage() says where Deno cannot write by its last name, and all of it in the cause", async () => {
  await using checkout = await PageCheckout.make();
  await using folder = await TemporaryFolder.make();
  const places = ["deno", "de no", "home/.cache/deno"];
  for (const place of places) {
    const denoDir = folder.join(place);
    // Not a folder, so that nothing can be made in it.
    await Deno.mkdir(denoDir, { recursive: true });
    await Deno.writeTextFile(`${denoDir}/dl`, "");
    const env = { DENO_DIR: denoDir };
    await assert.rejects(bundlePage(checkout.root, folder.path, { env }), (error) => {
      assert.ok(error instanceof RbeeError && error.code === "page_not_built", `${error}`);
      assert.ok(String(error.cause).includes(`${denoDir}/dl`), String(error.cause));
      assert.match(error.message, /esbuild/);
      // The addresses of the registry are no folder of this machine.
      const told = error.message.replaceAll(/https?:\S+/g, "");
      assert.doesNotMatch(told, /(^|[\s"'(])\/\w|tmp/, error.message);
      return true;
    });
  }
});

Deno.test("bundlePage() says so where Deno cannot get its bundler", async () => {
  await using checkout = await PageCheckout.make();
  await using folder = await TemporaryFolder.make();
  const env = { HTTPS_PROXY: "http://127.0.0.1:1", NO_PROXY: "", DENO_DIR: folder.join("deno") };
  await assert.rejects(
    bundlePage(checkout.root, folder.path, { env }),
    (error) => error instanceof RbeeError && /esbuild.*Connection refused/i.test(error.message),
  );
});

Deno.test("bundlePage() is ended by its signal, and leaves no Deno behind", async () => {
  await using checkout = await PageCheckout.make();
  await using folder = await TemporaryFolder.make();
  await using proxy = new SilentProxy();
  const ending = new AbortController();
  const reason = new Error("enough");
  const env = proxy.env(folder.join("deno"));
  const bundling = bundlePage(checkout.root, folder.path, { env, signal: ending.signal });
  await Promise.race([proxy.came, bundling]);
  ending.abort(reason);
  await assert.rejects(bundling, reason);
  await proxy.left;
});

async function copyAll(from: string, to: string): Promise<void> {
  await Deno.mkdir(dirname(to), { recursive: true });
  if ((await Deno.stat(from)).isFile) return await Deno.copyFile(from, to);
  await Deno.mkdir(to);
  for await (const { name } of Deno.readDir(from)) {
    await copyAll(`${from}/${name}`, `${to}/${name}`);
  }
}
