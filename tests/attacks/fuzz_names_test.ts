import assert from "node:assert/strict";
import fc from "fast-check";
import { join } from "node:path";
import { isPrintable, parseModelRef } from "../../src/models/model_ref.ts";
import { isStorePath, nameOfPath, urlPath } from "../../src/models/stored_files.ts";
import { formatDestination, parseDestination } from "../../src/ssh/destination.ts";
import { anyOf, FUZZ, orRefused } from "../helpers/fuzz.ts";

const SSH = [
  "ann",
  "@",
  ":",
  "22",
  "99999",
  "[",
  "]",
  "::1",
  "%eth0",
  "-oProxyCommand=id",
  "$(id)",
  "`id`",
  ";",
  "|",
  "\n",
  "\u202e",
  "gpu.lan",
  "..",
  "/",
  "é",
];

Deno.test("fuzz: an ssh destination is one that no shell and no option parser reads otherwise, or refused", () => {
  fc.assert(
    fc.property(anyOf(SSH, 8), (text) => {
      const destination = orRefused(() => parseDestination(text));
      if (destination === undefined) return;
      const { user = "", host } = destination;
      for (const part of [user, host]) {
        assert.doesNotMatch(part, /^-|[\s\p{C}$`;|&<>(){}'"\\*?~!#]/u, text);
      }
      assert.deepEqual(parseDestination(formatDestination(destination)), destination);
    }),
    FUZZ,
  );
});

const MODELS = [
  "hf:",
  "org/repo",
  ":",
  "/",
  "..",
  "../",
  "/../",
  "%2e%2e",
  "%2f",
  "%252e%252e%252f",
  "%00",
  "\u0000",
  "\\",
  "file.gguf",
  ".gguf",
  "Q4_K_M",
  "https://",
  "http://127.0.0.1/",
  "host",
  "user:pass@",
  "?x=1",
  "#y",
  "\r\nX-Evil: 1",
  "bee-tiny",
  "__proto__",
  "\u001b[2J",
  "\u202e",
  "x".repeat(300),
];

Deno.test("fuzz: no name of a model, and no address, leads to a file outside the store", () => {
  const store = "/store/models";
  fc.assert(
    fc.property(anyOf(MODELS, 8), (name) => {
      const ref = orRefused(() => parseModelRef(name));
      if (ref === undefined || ref.kind === "demo" || ref.kind === "path") return;
      const path = ref.kind === "url"
        ? urlPath(ref.url)
        : `hf/${ref.repo}/${
          ref.pick !== undefined && "file" in ref.pick ? ref.pick.file : "x.gguf"
        }`;
      if (!isStorePath(path)) return;
      const at = join(store, path);
      assert.equal(at, `${store}/${path}`, "nothing in it is taken out by the way there");
      assert.match(at, /\.gguf$/i);
      assert.ok(isPrintable(path));
      const again = nameOfPath(path);
      assert.ok(again !== undefined);
      // What it is listed as means the same file, or nothing.
      const listed = orRefused(() => parseModelRef(again));
      if (listed?.kind === "url") assert.equal(urlPath(listed.url), path);
      else if (listed?.kind === "hub" && ref.kind === "hub") assert.equal(listed.repo, ref.repo);
    }),
    FUZZ,
  );
});

Deno.test("fuzz: what is said of a name that is refused does nothing to a terminal", () => {
  fc.assert(
    fc.property(anyOf([...MODELS, ...SSH], 8), (name) => {
      for (const parse of [parseModelRef, parseDestination]) {
        try {
          parse(name);
        } catch (error) {
          // deno-lint-ignore no-control-regex -- it is what must not be there
          assert.doesNotMatch((error as Error).message, /[\x00-\x1f\x7f-\x9f]/);
        }
      }
    }),
    FUZZ,
  );
});
