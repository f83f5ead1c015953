import assert from "node:assert/strict";
import { z } from "zod";
import { RbeeHome } from "../../helpers/rbee_home.ts";

const reportSchema = z.strictObject({
  checks: z.array(z.strictObject({
    name: z.string(),
    status: z.enum(["ok", "warning", "failed"]),
    message: z.string().min(1),
    next: z.string().min(1).optional(),
  })),
});

/** What the doctor says as JSON, and its exit status. */
async function report(home: RbeeHome, env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await home.rbee(["doctor", "--json"], { env });
  assert.equal(stderr, "");
  const { checks } = reportSchema.parse(JSON.parse(stdout));
  const find = (name: string) => checks.find((check) => check.name === name);
  return { code, checks, find };
}

Deno.test("rbee doctor in an empty home finds nothing that failed, and makes no files there", async () => {
  await using home = await RbeeHome.create();
  const { code, checks, find } = await report(home);
  assert.equal(code, 0, JSON.stringify(checks));
  assert.deepEqual(checks.map(({ name }) => name), [
    "rbee",
    "folders",
    "rbee.yaml",
    "queen port",
    "hive port",
    "queen",
    "hive",
    "gpu",
    "disk",
    "ssh",
  ]);
  assert.deepEqual([find("queen")?.status, find("hive")?.status], ["warning", "warning"]);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(home.path)), []);
});

Deno.test("rbee doctor finds what runs well, in lines for people", async () => {
  await using home = await RbeeHome.create();
  assert.equal((await home.rbee(["up", "-q"])).code, 0);
  const { code, stdout, stderr } = await home.rbee(["doctor"]);
  assert.deepEqual([code, stderr], [0, ""], stdout);
  const [head, ...lines] = stdout.trimEnd().split("\n");
  assert.match(head ?? "", /^STATUS +CHECK +RESULT$/);
  const { url } = await home.daemon("queen");
  assert.match(stdout, RegExp(`^ok +queen +The queen answers at ${url} `, "m"));
  assert.match(stdout, /^ok +hive local +The queen is connected, version /m);
  assert.match(stdout, /^ok +gpu +\S/m);
  assert.ok(lines.every((line) => /^(ok|warning) /.test(line)), stdout);
});

Deno.test("rbee doctor exits with 1 when something failed, and goes on past a broken rbee.yaml", async () => {
  await using home = await RbeeHome.create();
  await home.configure({ nonsense: true });
  const { code, find } = await report(home);
  assert.equal(code, 1);
  assert.equal(find("rbee.yaml")?.status, "failed");
  assert.match(find("rbee.yaml")?.message ?? "", /"nonsense" is not a known key/);
  assert.equal(find("folders")?.status, "ok");
  const { stdout } = await home.rbee(["doctor"]);
  assert.match(stdout, /^failed +rbee\.yaml +.*; next: mend .*rbee\.yaml, then rbee doctor$/m);
});

Deno.test("rbee doctor looks at the ports that are set, and says whose they are", async () => {
  await using home = await RbeeHome.create();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  const { code, find } = await report(home, { RBEE_QUEEN_PORT: String(port) });
  assert.equal(code, 1);
  assert.match(
    find("queen port")?.message ?? "",
    RegExp(`^Port ${port} on 127\\.0\\.0\\.1 is taken by .+ \\(process ${Deno.pid}\\)$`),
  );
});

Deno.test("rbee doctor warns where there is no ssh", async () => {
  await using home = await RbeeHome.create();
  const { code, find } = await report(home, { PATH: home.path });
  assert.equal(code, 0);
  assert.equal(find("ssh")?.status, "warning");
  assert.equal(find("ssh")?.next, "install openssh-client");
});

Deno.test("rbee doctor fails for a hive that the queen has lost, and says what to type", async () => {
  await using home = await RbeeHome.create();
  assert.equal((await home.rbee(["up", "-q"])).code, 0);
  Deno.kill((await home.daemon("hive")).pid, "SIGKILL");
  const { code, find } = await report(home);
  assert.equal(code, 1);
  assert.equal(find("hive")?.status, "warning");
  assert.deepEqual([find("hive local")?.status, find("hive local")?.next], [
    "failed",
    "rbee hive start",
  ]);
  assert.match(find("hive local")?.message ?? "", /^The queen is not connected: unreachable: /);
});
