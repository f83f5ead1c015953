import assert from "node:assert/strict";
import { FORM, VERSION, versionLine } from "../src/version.ts";

Deno.test("versionLine() names version, form and target, and no commit when run from source", () => {
  assert.equal(FORM, "source");
  assert.equal(versionLine(), `${VERSION} (source, ${Deno.build.target})`);
});
