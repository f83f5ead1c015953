import assert from "node:assert/strict";
import { delay } from "../../src/base/delay.ts";
import { requestHealth } from "../../src/http/health_client.ts";
import { JobClient } from "../../src/jobs/job_client.ts";
import { CapturedChild } from "../helpers/captured_child.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";
import { SupervisedHome } from "../helpers/supervised_home.ts";

const SERVE = ["serve", "--role", "hive", "--port", "0"];

/** Starts a hive, by a shell that says how; as it is it is the first of a session without a terminal. */
function hiveBy(home: RbeeHome, script: string): CapturedChild {
  return new CapturedChild({
    program: "/bin/sh",
    args: ["-c", script, "sh", ...home.command(SERVE)],
    env: { ...Deno.env.toObject(), ...home.env },
  });
}

const hasSaid = (child: CapturedChild, words: RegExp) =>
  child.until(() => child.logged().some((line) => words.test(line)));

/** The hive of a home that is being started, as soon as no shell is what runs in its process. */
async function hiveBegun(home: RbeeHome): Promise<number> {
  for (;;) {
    const hive = home.processes().find(({ pid, command }) =>
      command.includes("serve --role hive") && !isShell(pid)
    );
    if (hive !== undefined) return hive.pid;
    await delay(1);
  }
}

function isShell(pid: number): boolean {
  return /\/(ba|da)?sh$/.test(Deno.readLinkSync(`/proc/${pid}/exe`));
}

Deno.test("SIGHUP does not end a role whose shell has it ignored, as under nohup", async () => {
  await using home = await RbeeHome.create();
  // Something is to do after it, so that the shell stays the first of the session.
  await using hive = hiveBy(home, `trap '' HUP; "$@"; :`);
  await hasSaid(hive, /The hive is ready/);
  const { pid, url } = await home.daemon("hive");
  Deno.kill(pid, "SIGHUP");
  const end = await new JobClient(url).submitAndStream({ operation: "device_list" }, () => {});
  assert.equal(end.type, "done", JSON.stringify(end));
  assert.equal((await requestHealth(url)).status, "ok");
  Deno.kill(pid, "SIGTERM");
  await hive.ended;
  assert.match(hive.logged().at(-1)!, /The hive has stopped/);
});

Deno.test("SIGHUP while a role in the background starts has it read rbee.yaml when it is ready", async () => {
  await using home = await RbeeHome.create();
  await home.configure({});
  const settings = `${home.path}/config/rbee.yaml`;
  await Deno.rename(settings, `${settings}.later`);
  assert.ok((await new Deno.Command("mkfifo", { args: [settings] }).output()).success);
  await using hive = hiveBy(home, `exec "$@"`);
  {
    // Opens when the hive opens it to read, which waits for the end of what is written.
    using first = await Deno.open(settings, { write: true });
    Deno.kill(hive.child.pid, "SIGHUP");
    await Deno.rename(`${settings}.later`, settings);
    await new Blob(["{}"]).stream().pipeTo(first.writable, { preventClose: true });
  }
  await hasSaid(hive, /Read rbee\.yaml again/);
  const said = hive.logged();
  const at = (words: RegExp) => said.findIndex((line) => words.test(line));
  assert.ok(at(/The hive is ready/) !== -1 && at(/The hive is ready/) < at(/Read rbee\.yaml/));
  const { url } = await home.daemon("hive");
  assert.equal((await requestHealth(url)).status, "ok");
  hive.child.signalGroup("SIGTERM");
  assert.equal((await hive.ended).code, 0);
});

Deno.test("SIGHUP before a daemon can listen to it does not end its start", async () => {
  await using home = await RbeeHome.create();
  const starting = home.start(["hive", "start"]);
  Deno.kill(await hiveBegun(home), "SIGHUP");
  const { code, stderr } = await starting.result;
  assert.equal(code, 0, stderr);
});

Deno.test("SIGHUP says nothing to a worker, whose hive decides when it ends", async () => {
  await using home = await SupervisedHome.up();
  const { pid } = await home.spawn("bee-tiny");
  Deno.kill(pid!, "SIGHUP");
  const end = await home.run({ operation: "infer", model: "bee-tiny", prompt: "Hello" });
  assert.equal(end.type, "done", JSON.stringify(end));
  const worker = await home.worker("bee-tiny");
  assert.deepEqual([worker.pid, worker.restarts, worker.state], [pid, 0, "ready"]);
  await home.end();
});
