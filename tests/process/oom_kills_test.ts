import assert from "node:assert/strict";
import { oomKills } from "../../src/process/oom_kills.ts";

Deno.test("oomKills() counts as the kernel does", async () => {
  const text = await Deno.readTextFile("/proc/vmstat");
  const [, count] = /^oom_kill (\d+)$/m.exec(text) ?? [];
  assert.equal(oomKills(), count === undefined ? undefined : Number(count));
});
