import assert from "node:assert/strict";
import { SystemdNotify } from "../../src/process/systemd_notify.ts";
import { NotifySocket } from "../helpers/notify_socket.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const fail = (sentence: string): void => assert.fail(sentence);

/** Opens the way as a process does that systemd has started. */
function started(env: Record<string, string>, onFailure = fail): SystemdNotify | undefined {
  for (const [name, value] of Object.entries(env)) Deno.env.set(name, value);
  return SystemdNotify.take(onFailure);
}

Deno.test("SystemdNotify tells systemd each state, in order, over a socket in a folder", async () => {
  await using folder = await TemporaryFolder.make();
  await using socket = NotifySocket.open(folder.join("notify"));
  await using notify = started({ NOTIFY_SOCKET: socket.name });
  for (const state of ["ready", "reloading", "ready", "stopping"] as const) notify?.tell(state);
  const told = [await socket.next(), await socket.next(), await socket.next(), await socket.next()];
  assert.deepEqual(told, ["READY=1", "RELOADING=1", "READY=1", "STOPPING=1"]);
});

Deno.test("SystemdNotify reaches a socket with an abstract name", async () => {
  await using socket = NotifySocket.open(`@rbee-test-${crypto.randomUUID()}`);
  await using notify = started({ NOTIFY_SOCKET: socket.name });
  notify?.tell("ready");
  assert.equal(await socket.next(), "READY=1");
});

Deno.test("SystemdNotify takes its variables out of the environment, which children inherit", async () => {
  await using socket = NotifySocket.open(`@rbee-test-${crypto.randomUUID()}`);
  await using _notify = started({ NOTIFY_SOCKET: socket.name, WATCHDOG_PID: String(Deno.pid) });
  for (const name of ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]) {
    assert.equal(Deno.env.get(name), undefined, name);
  }
});

Deno.test("SystemdNotify is heard again and again where systemd watches", async () => {
  await using socket = NotifySocket.open(`@rbee-test-${crypto.randomUUID()}`);
  await using _notify = started({ NOTIFY_SOCKET: socket.name, WATCHDOG_USEC: "20000" });
  assert.deepEqual([await socket.next(), await socket.next()], ["WATCHDOG=1", "WATCHDOG=1"]);
});

Deno.test("SystemdNotify does not answer for another process that is watched", async () => {
  await using socket = NotifySocket.open(`@rbee-test-${crypto.randomUUID()}`);
  await using notify = started({
    NOTIFY_SOCKET: socket.name,
    WATCHDOG_USEC: "1",
    WATCHDOG_PID: "1",
  });
  notify?.tell("stopping");
  assert.equal(await socket.next(), "STOPPING=1");
});

Deno.test("SystemdNotify.take() gives nothing where systemd has not started the process", () => {
  assert.equal(SystemdNotify.take(fail), undefined);
  // An address of another kind, as of a virtual machine's host.
  assert.equal(started({ NOTIFY_SOCKET: "vsock:2:1234" }), undefined);
});

Deno.test("SystemdNotify says what it could not tell, and goes on", async () => {
  const failures: string[] = [];
  const notify = started(
    { NOTIFY_SOCKET: "/no-such-folder/notify" },
    (sentence) => void failures.push(sentence),
  );
  notify?.tell("ready");
  notify?.tell("stopping");
  await notify?.[Symbol.asyncDispose]();
  assert.equal(failures.length, 2);
  assert.match(failures[0]!, /^Cannot tell systemd "READY=1": /);
});
