import assert from "node:assert/strict";
import { isAlive } from "../../src/process/process_identity.ts";
import { openTunnel } from "../../src/ssh/tunnel.ts";
import { CapturedChild, fixture } from "../helpers/captured_child.ts";
import { sshTest, TestSshHost } from "../helpers/ssh_host.ts";
import { processesSaying } from "../helpers/ssh_host_processes.ts";
import { writeProgram } from "../helpers/written_program.ts";

/** What sshd says first, read through a tunnel to its own port. */
async function bannerAt(port: number): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const buffer = new Uint8Array(64);
  const read = await connection.read(buffer);
  return new TextDecoder().decode(buffer.subarray(0, read ?? 0));
}

const portOf = (machine: TestSshHost) => machine.host.destination.port ?? 22;

/** The processes of this machine's `ssh` for a tunnel. */
const sshOf = (port: number) => processesSaying(`-L 127.0.0.1:${port}:`);

async function allEnded(pids: readonly number[]): Promise<void> {
  while (pids.some(isAlive)) await Deno.stat("/proc");
}

Deno.test(
  sshTest("openTunnel() leads to a port of the host, and close() leaves nothing", async () => {
    await using machine = await TestSshHost.start();
    const tunnel = await openTunnel(machine.host, { remotePort: portOf(machine) });
    assert.equal(tunnel.url, `http://127.0.0.1:${tunnel.localPort}`);
    assert.match(await bannerAt(tunnel.localPort), /^SSH-2\.0-OpenSSH/);
    assert.match(await bannerAt(tunnel.localPort), /^SSH-2\.0-OpenSSH/);
    assert.equal(sshOf(tunnel.localPort).length, 1);
    await tunnel.close();
    assert.equal((await tunnel.ended).code, "tunnel_closed");
    assert.deepEqual(sshOf(tunnel.localPort), []);
    await machine.idle();
    await assert.rejects(bannerAt(tunnel.localPort), Deno.errors.ConnectionRefused);
    await tunnel.close();
  }),
);

Deno.test(
  sshTest("a port where nobody listens there closes the connection, not the tunnel", async () => {
    await using machine = await TestSshHost.start();
    const tunnel = await openTunnel(machine.host, { remotePort: 9 });
    assert.equal(await bannerAt(tunnel.localPort), "");
    assert.equal(await bannerAt(tunnel.localPort), "");
    await tunnel.close();
  }),
);

Deno.test(sshTest("ended tells that ssh was killed", async () => {
  await using machine = await TestSshHost.start();
  const tunnel = await openTunnel(machine.host, { remotePort: portOf(machine) });
  for (const { pid } of sshOf(tunnel.localPort)) Deno.kill(pid, "SIGKILL");
  const reason = await tunnel.ended;
  assert.equal(reason.code, "ssh_failed");
  assert.match(reason.message, /^ssh to root@\S+ failed/);
  await tunnel.close();
  await machine.idle();
}));

Deno.test(sshTest("ended tells that the other side hung up, in its words", async () => {
  await using machine = await TestSshHost.start();
  const tunnel = await openTunnel(machine.host, { remotePort: portOf(machine) });
  const session = machine.processes().find(({ command }) => command.startsWith("sshd: "));
  Deno.kill(session!.pid, "SIGKILL");
  assert.match((await tunnel.ended).message, /closed by remote host/);
}));

Deno.test(sshTest("a tunnel lives through a network that is away for a while", async () => {
  await using machine = await TestSshHost.start();
  const tunnel = await openTunnel(machine.host, { remotePort: portOf(machine) });
  await machine.cutNetwork();
  const banner = bannerAt(tunnel.localPort);
  await machine.restoreNetwork();
  assert.match(await banner, /^SSH-2\.0/);
  await tunnel.close();
}, { network: true }));

Deno.test(sshTest("close() ends at once while the network is away", async () => {
  await using machine = await TestSshHost.start();
  const tunnel = await openTunnel(machine.host, { remotePort: portOf(machine) });
  await machine.cutNetwork();
  await tunnel.close();
  assert.deepEqual(sshOf(tunnel.localPort), []);
}, { network: true }));

Deno.test(sshTest("what keeps a tunnel from being opened is told as for a command", async () => {
  await using machine = await TestSshHost.start();
  await machine.knowHostKey(undefined);
  await assert.rejects(openTunnel(machine.host, { remotePort: 22 }), {
    code: "ssh_host_key_unknown",
  });
  await machine.knowHostKey("host_key");
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await machine.files.configure({
    lines: `Host *\n  LocalForward 127.0.0.1:${taken.addr.port} 127.0.0.1:22`,
  });
  await assert.rejects(openTunnel(machine.host, { remotePort: 22 }), {
    code: "ssh_forward_failed",
    message: /LocalForward in ~\/.ssh\/config/,
  });
  await machine.idle();
}));

Deno.test(sshTest("a local port that was taken in between is given up for another", async () => {
  await using machine = await TestSshHost.start();
  const { folder, binPath } = machine.files;
  const listen =
    'using held = Deno.listen({ hostname: "127.0.0.1", port: Number(Deno.args[0]) });' +
    'const { code } = await new Deno.Command("/usr/bin/ssh", { args: Deno.args.slice(1) }).spawn()' +
    ".status; Deno.exit(code);";
  const script = `#!/bin/sh
if mkdir "${folder.join("first")}" 2>/dev/null; then
  port=$(printf %s "$*" | sed 's/.*-L 127.0.0.1:\\([0-9]*\\):.*/\\1/')
  exec "${Deno.execPath()}" eval --quiet '${listen}' "$port" -F ${folder.join("config")} "$@"
fi
exec /usr/bin/ssh -F ${folder.join("config")} "$@"
`;
  await writeProgram(`${binPath}/ssh`, script);
  const tunnel = await openTunnel(machine.host, { remotePort: portOf(machine) });
  assert.ok((await Deno.stat(folder.join("first"))).isDirectory);
  assert.match(await bannerAt(tunnel.localPort), /^SSH-2\.0/);
  await tunnel.close();
}));

Deno.test(sshTest("an abort ends the attempt, and a tunnel that is open", async () => {
  await using machine = await TestSshHost.start();
  const stop = new AbortController();
  const { signal } = stop;
  const tunnel = await openTunnel(machine.host, { remotePort: 22, signal });
  await machine.cutNetwork();
  const attempt = openTunnel(machine.host, { remotePort: 22, signal });
  const reason = new Error("enough");
  const rejected = assert.rejects(attempt, reason);
  stop.abort(reason);
  await rejected;
  assert.equal((await tunnel.ended).code, "tunnel_closed");
  assert.deepEqual(processesSaying(machine.files.folder.path), []);
  await assert.rejects(openTunnel(machine.host, { remotePort: 22, signal }), reason);
}, { network: true }));

Deno.test(sshTest("ssh does not outlive a parent that is killed", async () => {
  await using machine = await TestSshHost.start();
  const { host } = machine;
  await using parent = new CapturedChild(
    fixture("ssh_tunnel.ts", JSON.stringify(host), String(portOf(machine))),
  );
  const port = Number((await parent.printed("port ")).slice("port ".length));
  assert.match(await bannerAt(port), /^SSH-2\.0/);
  const pids = sshOf(port).map(({ pid }) => pid);
  assert.equal(pids.length, 1);
  // The parent alone: ssh is in a group of its own.
  Deno.kill(parent.child.pid, "SIGKILL");
  await allEnded(pids);
  await machine.idle();
}));

Deno.test(
  sshTest("a ControlMaster of the person is used, and keeps no forwarding afterwards", async () => {
    await using machine = await TestSshHost.start();
    const control = machine.files.folder.join("control");
    await machine.files.configure({
      lines: `Host *\n  ControlPath ${control}\n  ControlMaster auto`,
    });
    const ssh = (...args: string[]) => ({
      program: `${machine.binPath}/ssh`,
      args: [...args, machine.destination],
    });
    await using master = new CapturedChild(ssh("-v", "-N", "-p", `${portOf(machine)}`));
    await master.until(() =>
      master.logged("stderr").some((line) => /Entering interactive/.test(line))
    );
    const before = machine.log.filter((line) => line.startsWith("Accepted ")).length;
    const tunnel = await openTunnel(machine.host, { remotePort: portOf(machine) });
    assert.match(await bannerAt(tunnel.localPort), /^SSH-2\.0/);
    assert.equal(machine.log.filter((line) => line.startsWith("Accepted ")).length, before);
    await tunnel.close();
    await assert.rejects(bannerAt(tunnel.localPort), Deno.errors.ConnectionRefused);
    assert.ok(isAlive(master.child.pid));
  }, { network: true }),
);

Deno.test(sshTest("no ControlMaster is begun, which would outlive the tunnel", async () => {
  await using machine = await TestSshHost.start();
  await machine.files.configure({
    lines: `Host *\n  ControlPath ${machine.files.folder.join("control")}\n` +
      "  ControlMaster auto\n  ControlPersist yes",
  });
  const tunnel = await openTunnel(machine.host, { remotePort: portOf(machine) });
  assert.match(await bannerAt(tunnel.localPort), /^SSH-2\.0/);
  await tunnel.close();
  assert.deepEqual(processesSaying(machine.files.folder.path), []);
  await machine.idle();
}));

Deno.test(
  sshTest("a host that permits no forwarding ends the tunnel at the first connection", async () => {
    await using machine = await TestSshHost.start({ forwarding: false });
    const tunnel = await openTunnel(machine.host, { remotePort: portOf(machine) });
    assert.equal(await bannerAt(tunnel.localPort), "");
    const { code, message } = await tunnel.ended;
    assert.equal(code, "ssh_forward_failed");
    assert.match(message, /check AllowTcpForwarding there/);
    await machine.idle();
  }),
);
