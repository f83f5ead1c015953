import assert from "node:assert/strict";
import { workerListSchema } from "../../src/contracts/worker.ts";
import { requestJson } from "../../src/http/api_client.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";
import { validDocument } from "../helpers/role_document.ts";

Deno.test("queen, hive and worker each have a document of their own, and its page", async () => {
  await using home = await RbeeHome.create();
  const asked = await home.rbee(["run", "bee-tiny", "Hello", "--max-tokens", "1"]);
  assert.equal(asked.code, 0, asked.stderr);
  const [queen, hive] = await Promise.all([home.daemon("queen"), home.daemon("hive")]);
  const { workers } = await requestJson(`${hive.url}/v1/workers`, { schema: workerListSchema });
  const roles = { queen: queen.url, hive: hive.url, worker: workers[0]!.url! };
  const own = {
    queen: "/v1/chat/completions",
    hive: "/v1/models/files/{path}",
    worker: "/v1/jobs/{id}/stream",
  };
  for (const role of ["queen", "hive", "worker"] as const) {
    const { info, paths } = await validDocument(roles[role]);
    assert.equal(info.title, `rbee ${role}`);
    assert.ok(own[role] in paths);
    const page = await fetch(`${roles[role]}/docs`);
    assert.ok((await page.text()).includes(`<title>rbee ${role}</title>`));
    const foreign = await fetch(`${roles[role]}/openapi.json`, {
      headers: { Origin: "https://example.com" },
    });
    assert.equal(foreign.status, 403);
    await foreign.body?.cancel();
    const unknown = await fetch(`${roles[role]}/docs/other`);
    assert.equal(unknown.status, 404);
    await unknown.body?.cancel();
  }
});
