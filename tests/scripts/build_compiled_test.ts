import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { compileProgram } from "../../scripts/build_compiled.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const MODEL = crypto.getRandomValues(new Uint8Array(4096));

async function staged(folder: TemporaryFolder, main: string): Promise<string> {
  await Deno.mkdir(folder.join("program", "models"), { recursive: true });
  const files = { "main.js": main, "deno.json": '{"workspace":[]}', "part.js": "export {};" };
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(folder.join("program", name), text);
  }
  await Deno.writeFile(folder.join("program", "models", "tiny.gguf"), MODEL);
  return folder.join("program");
}

Deno.test("compileProgram() embeds all that is staged into the base binary", async () => {
  await using folder = await TemporaryFolder.make();
  const program = await staged(folder, 'await import("./part.js"); console.log("Hello, bee");');
  // Embedding is the same into any executable; what comes of this one is not run.
  const env = { DENORT_BIN: Deno.execPath() };
  assert.equal(await compileProgram(program, folder.join("rbee"), { env }), undefined);
  const made = await Deno.readFile(folder.join("rbee"));
  const bytes = Buffer.from(made.buffer);
  assert.ok(bytes.includes(Buffer.from(MODEL)), "the model is in it, as it is");
  for (const text of ["Hello, bee", "tiny.gguf", "part.js"]) assert.ok(bytes.includes(text), text);
});

Deno.test("compileProgram() makes nothing and says why where the base binary is not to be had", async () => {
  await using folder = await TemporaryFolder.make();
  const program = await staged(folder, "export {};");
  // A network that is closed, and a Deno that has downloaded nothing yet.
  const env = { HTTPS_PROXY: "http://127.0.0.1:1", DENO_DIR: folder.join("deno") };
  const why = await compileProgram(program, folder.join("rbee"), { env });
  assert.match(why!, /^[^\n]*[Cc]onnection refused[^\n]*$/);
  const left = (await Array.fromAsync(Deno.readDir(folder.path))).map(({ name }) => name);
  assert.deepEqual(left.sort(), ["deno", "program"]);
});

Deno.test("compileProgram() throws what Deno says when the program is at fault", async () => {
  await using folder = await TemporaryFolder.make();
  const program = await staged(folder, 'import "./missing.js";');
  const env = { DENORT_BIN: Deno.execPath() };
  await assert.rejects(
    compileProgram(program, folder.join("rbee"), { env }),
    /deno compile failed:[^]*missing\.js/,
  );
});
