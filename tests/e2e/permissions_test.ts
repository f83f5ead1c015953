import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { KEPT_PERMISSIONS } from "../../src/process/permissions.ts";
import { DENO_RUN } from "../../src/process/self_command.ts";
import { InspectedProcess } from "../helpers/inspected_process.ts";
import { PERMISSION_PROBES } from "../helpers/permission_probes.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";

type Role = "queen" | "hive" | "worker";

const file = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

/** Starts a role from source, as rbee itself does, and waits until it is ready. */
function startRole(role: Role, home: RbeeHome): Promise<InspectedProcess> {
  const serve = ["serve", "--role", role, "--port=0"];
  if (role === "worker") serve.push("--model=bee-tiny");
  const command = [Deno.execPath(), ...DENO_RUN, "--config", file("deno.json"), file("main.ts")];
  return InspectedProcess.start([...command, ...serve], { env: home.env, ready: /\] \w*ready / });
}

for (const role of ["queen", "hive", "worker"] as const) {
  const kept = KEPT_PERMISSIONS[role];
  Deno.test(`a ${role} that is ready may do ${kept.join(", ") || "nothing"}, and no more`, async () => {
    await using home = await RbeeHome.create();
    await using process = await startRole(role, home);
    const held: string[] = [];
    for (const [kind, probe] of Object.entries(PERMISSION_PROBES)) {
      if (await process.evaluate(probe)) held.push(kind);
    }
    assert.deepEqual(held, kept);
  });
}

Deno.test("a worker that is ready can start no process and signal none", async () => {
  await using home = await RbeeHome.create();
  await using process = await startRole("worker", home);
  const spawn = `(async () => {
    const { spawnSync, fork } = await import("node:child_process");
    const ways = [
      () => new Deno.Command("true").spawn(),
      () => { const { error } = spawnSync("true"); if (error) throw error; },
      () => fork("/dev/null"),
      () => Deno.kill(${Deno.pid}, "SIGWINCH"),
    ];
    return ways.map((way) => { try { way(); return "done"; } catch (error) { return error.message; } });
  })()`;
  const ends = await process.evaluate(spawn) as string[];
  assert.equal(ends.length, 4);
  for (const end of ends) assert.match(end, /^Requires (run|env) access/);
});
