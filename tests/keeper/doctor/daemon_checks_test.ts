import assert from "node:assert/strict";
import { basename } from "node:path";
import { daemonFiles } from "../../../src/config/paths.ts";
import type { HiveInfo } from "../../../src/contracts/hive.ts";
import { daemonCheck } from "../../../src/keeper/doctor/daemon_check.ts";
import { gpuCheck } from "../../../src/keeper/doctor/gpu_check.ts";
import { hiveFinding, hivesCheck } from "../../../src/keeper/doctor/hives_check.ts";
import { portCheck } from "../../../src/keeper/doctor/port_check.ts";
import { writePidFile } from "../../../src/process/pid_file.ts";
import { VERSION } from "../../../src/version.ts";
import { DoctorContext } from "../../helpers/doctor_context.ts";

Deno.test("daemonCheck() warns of a role that does not run", async () => {
  await using home = await DoctorContext.make();
  assert.deepEqual(await home.look(daemonCheck("queen")), [{
    name: "queen",
    status: "warning",
    message: "No queen runs here",
    next: "rbee queen start",
  }]);
});

Deno.test("daemonCheck() compares the version of what runs with the keeper's", async () => {
  const [major, minor] = VERSION.split(".");
  for (
    const [version, status] of [
      [VERSION, "ok"],
      [`${major}.${minor}.99`, "warning"],
      [`${major}.${Number(minor) + 1}.0`, "failed"],
    ] as const
  ) {
    await using home = await DoctorContext.make();
    const url = await home.answerAs("hive", { version });
    const message = `The hive answers at ${url} (process ${Deno.pid}), version ${version}`;
    assert.deepEqual(
      await home.look(daemonCheck("hive")),
      [
        status === "ok" ? { name: "hive", status, message } : {
          name: "hive",
          status,
          message: `${message}, and this is ${VERSION}`,
          next: "rbee hive restart",
        },
      ],
    );
  }
});

Deno.test("daemonCheck() fails for one that runs and does not answer", async () => {
  await using home = await DoctorContext.make();
  const { paths } = home.context.settings;
  const url = await home.answerAs("queen", { version: VERSION });
  // Her pid file names another instance.
  await writePidFile(daemonFiles(paths, "queen").pid, { instance: crypto.randomUUID(), url });
  const [finding] = await home.look(daemonCheck("queen"));
  assert.deepEqual([finding?.status, finding?.next], ["failed", "rbee queen restart"]);
  assert.match(finding?.message ?? "", /^The queen runs as process \d+ and does not answer: /);
});

Deno.test("portCheck() says that a port is free, and leaves it so", async () => {
  await using home = await DoctorContext.make();
  assert.deepEqual(await home.look(portCheck("queen")), [{
    name: "queen port",
    status: "ok",
    message: "The queen takes any free port",
  }]);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await using other = await DoctorContext.make({ hive: port });
  for (let round = 0; round < 2; round++) {
    assert.deepEqual(await other.look(portCheck("hive")), [{
      name: "hive port",
      status: "ok",
      message: `Port ${port} on 127.0.0.1 is free`,
    }]);
  }
});

Deno.test("portCheck() fails for a port that another program has, and names it", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  await using home = await DoctorContext.make({ queen: port });
  const message = `Port ${port} on 127.0.0.1 is taken by ${
    basename(Deno.execPath())
  } (process ${Deno.pid})`;
  assert.deepEqual(await home.look(portCheck("queen")), [{
    name: "queen port",
    status: "failed",
    message,
    next: "rbee queen start --port 0",
  }]);
  // One that runs at another port does not need this one.
  const url = await home.answerAs("queen", { version: VERSION });
  assert.deepEqual(await home.look(portCheck("queen")), [{
    name: "queen port",
    status: "ok",
    message: `${message}; the queen is at ${url}`,
  }]);
});

Deno.test("portCheck() knows the role's own port", async () => {
  await using home = await DoctorContext.make();
  const url = await home.answerAs("queen", { version: VERSION });
  const port = Number(new URL(url).port);
  home.context.settings.queen.port = port;
  assert.deepEqual(await home.look(portCheck("queen")), [{
    name: "queen port",
    status: "ok",
    message: `Port ${port} is the queen's (process ${Deno.pid})`,
  }]);
});

Deno.test("portCheck() fails for an address that is not this machine's", async () => {
  await using home = await DoctorContext.make({ queen: 7 });
  home.context.settings.queen.host = "203.0.113.1";
  const [finding] = await home.look(portCheck("queen"));
  assert.equal(finding?.status, "failed");
  assert.match(finding?.message ?? "", /^The queen cannot listen on 203\.0\.113\.1:7: /);
});

Deno.test("gpuCheck says so when no hive answers", async () => {
  await using home = await DoctorContext.make();
  assert.deepEqual(await home.look(gpuCheck), [{
    name: "gpu",
    status: "ok",
    message: "GPUs are seen by a hive, and none answers here",
  }]);
});

const HIVE: HiveInfo = {
  name: "attic",
  url: "http://127.0.0.1:1",
  state: "connected",
  version: VERSION,
  devices: [],
  load: [],
  workers: 0,
};

Deno.test("hivesCheck finds nothing without a queen, and each hive that she knows", async () => {
  await using home = await DoctorContext.make();
  assert.deepEqual(await home.look(hivesCheck), []);
  const hives = [HIVE, { ...HIVE, name: "local" }];
  await home.answerAs("queen", { version: VERSION, routes: { "/v1/hives": { hives } } });
  assert.deepEqual(await home.look(hivesCheck), hives.map(hiveFinding));
});

Deno.test("hiveFinding() tells why a hive is not connected and how to start it", () => {
  assert.deepEqual(hiveFinding(HIVE), {
    name: "hive attic",
    status: "ok",
    message: `The queen is connected, version ${VERSION}`,
  });
  assert.deepEqual(hiveFinding({ ...HIVE, state: "unreachable", error: "connection refused" }), {
    name: "hive attic",
    status: "failed",
    message: "The queen is not connected: unreachable: connection refused",
    next: "rbee hive status attic",
  });
  const local = hiveFinding({ ...HIVE, name: "local", state: "connecting" });
  assert.deepEqual([local.status, local.next], ["warning", "rbee hive start"]);
});
