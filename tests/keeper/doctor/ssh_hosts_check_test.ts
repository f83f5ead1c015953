import assert from "node:assert/strict";
import { addHiveEntry } from "../../../src/config/hive_entries.ts";
import { sshHostsCheck } from "../../../src/keeper/doctor/ssh_hosts_check.ts";
import { DoctorContext } from "../../helpers/doctor_context.ts";

Deno.test("the check of ssh hosts finds nothing where no hive was added by ssh", async () => {
  await using context = await DoctorContext.make();
  await addHiveEntry(context.context.settings.paths.config, "desk", {
    url: "http://10.0.0.5:7835",
  });
  assert.deepEqual(await context.look(sshHostsCheck), []);
});

Deno.test("the check of ssh hosts says why one cannot be reached, and what to type", async () => {
  await using context = await DoctorContext.make();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await addHiveEntry(context.context.settings.paths.config, "gpu", { ssh: `127.0.0.1:${port}` });
  const [finding] = await context.look(sshHostsCheck);
  assert.deepEqual([finding?.name, finding?.status], ["ssh to gpu", "failed"]);
  assert.match(finding!.message, /refuses the connection/);
});
