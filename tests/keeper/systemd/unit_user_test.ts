import assert from "node:assert/strict";
import { unitUser } from "../../../src/keeper/systemd/unit_user.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";

Deno.test("unitUser() finds a user of this machine and their home", async () => {
  assert.deepEqual(await unitUser("root"), { name: "root", home: "/root" });
});

Deno.test("unitUser() finds a user of a system that does not run", async () => {
  await using system = await TemporaryFolder.make();
  await Deno.mkdir(system.join("etc"));
  const users = "abe:x:1:1::/home/abe:/bin/sh\nbee:x:2:2:Bee:/srv/a bee:/bin/sh\n";
  await Deno.writeTextFile(system.join("etc/passwd"), users);
  const root = system.path;
  assert.deepEqual(await unitUser("bee", { root }), { name: "bee", home: "/srv/a bee" });
  await assert.rejects(unitUser("be", { root }), { code: "usage", message: /no user "be"/ });
});

Deno.test("unitUser() says that a folder is no system", async () => {
  await using empty = await TemporaryFolder.make();
  await assert.rejects(unitUser("bee", { root: empty.path }), {
    code: "usage",
    message: `There is no ${empty.path}/etc/passwd; give as --root the folder of a whole system`,
  });
});

Deno.test("unitUser() says that there is no such user", async () => {
  await assert.rejects(unitUser("no-such-bee"), { code: "usage", message: /name one with --as/ });
});
