import assert from "node:assert/strict";
import { parseDestination } from "../../src/ssh/destination.ts";
import { runRemote } from "../../src/ssh/remote_command.ts";
import type { SshHost } from "../../src/ssh/ssh_arguments.ts";
import { sshError } from "../../src/ssh/ssh_errors.ts";
import { sshTest, TestSshHost } from "../helpers/ssh_host.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const run = (host: SshHost) => runRemote(host, ["true"]);

Deno.test(
  sshTest(
    "a host key that was never seen is refused, and accepted when that is asked for",
    async () => {
      await using machine = await TestSshHost.start();
      await machine.knowHostKey(undefined);
      await assert.rejects(run(machine.host), {
        code: "ssh_host_key_unknown",
        message: /not known yet: type: ssh .* or use --accept-new-host-key$/,
      });
      assert.equal(await Deno.readTextFile(machine.files.knownHostsPath), "");
      await run({ ...machine.host, acceptNewHostKey: true });
      // From now on it is known.
      await run(machine.host);
    },
  ),
);

Deno.test(
  sshTest("a host key that has changed is refused, also where new ones are accepted", async () => {
    await using machine = await TestSshHost.start();
    await machine.knowHostKey("other_host_key");
    for (const acceptNewHostKey of [false, true]) {
      await assert.rejects(run({ ...machine.host, acceptNewHostKey }), {
        code: "ssh_host_key_changed",
        message: /has changed.*type: ssh-keygen -R "/,
      });
    }
  }),
);

Deno.test(
  sshTest(
    "a key that the host does not take, and an agent that is gone, are told apart",
    async () => {
      await using machine = await TestSshHost.start();
      await using folder = await TemporaryFolder.make();
      await machine.files.configure({ key: "wrong_id" });
      await assert.rejects(run(machine.host), {
        code: "ssh_permission_denied",
        message: /refuses this person's keys: .*ssh-copy-id/,
      });
      const env = { ...machine.files.env, SSH_AUTH_SOCK: folder.join("agent") };
      await assert.rejects(run({ ...machine.host, env }), {
        code: "ssh_agent_gone",
        message: /the ssh agent of SSH_AUTH_SOCK is gone.*ssh-add/,
      });
      using agent = Deno.listen({ transport: "unix", path: folder.join("agent") });
      const asked = agent.accept().then(async (connection) => {
        // An agent that has no keys: it hangs up.
        connection.close();
        (await agent.accept()).close();
      });
      await assert.rejects(run({ ...machine.host, env }), { code: "ssh_permission_denied" });
      await asked;
    },
  ),
);

Deno.test(sshTest("an unknown host and a refused connection are told apart", async () => {
  await using machine = await TestSshHost.start();
  const { host } = machine;
  await assert.rejects(run({ ...host, destination: parseDestination("no-such-host.invalid") }), {
    code: "ssh_unknown_host",
    message: /Cannot find a machine called no-such-host.invalid/,
  });
  await assert.rejects(run({ ...host, destination: { ...host.destination, port: 9 } }), {
    code: "ssh_refused",
    message: /refuses the connection: .* type: ssh -p 9 /,
  });
}));

Deno.test(sshTest("an address where nobody is, and silence, are told apart", async () => {
  await using machine = await TestSshHost.start();
  const { host } = machine;
  await assert.rejects(run({ ...host, destination: { host: machine.nobodysAddress } }), {
    code: "ssh_no_route",
    message: /There is no route to 10\./,
  });
  await machine.cutNetwork();
  await assert.rejects(run({ ...host, connectTimeoutS: 1 }), {
    code: "ssh_timeout",
    message: /does not answer/,
  });
  await machine.restoreNetwork();
  await run(host);
}, { network: true }));

Deno.test(sshTest("what fails behind a jump host is told by its own reason", async () => {
  await using machine = await TestSshHost.start();
  const { user, host, port = 22 } = machine.host.destination;
  const jump = `${user}@${host}:${port}`;
  await machine.files.configure({
    lines: [
      `Host through\n  HostName 127.0.0.1\n  Port ${port}\n  User ${user}\n  HostKeyAlias ${host}`,
      `Host through closed\n  ProxyJump ${jump}`,
      "Host closed\n  HostName 127.0.0.1\n  Port 9",
    ].join("\n"),
  });
  const destination = (name: string) => ({ ...machine.host, destination: { host: name } });
  await run(destination("through"));
  await assert.rejects(run(destination("closed")), { code: "ssh_refused" });
}, { network: true }));

Deno.test("sshError() knows the words of ssh and scp in other situations", async () => {
  const cases: [code: string, line: string][] = [
    ["ssh_timeout", "Timeout, server gpu not responding."],
    ["ssh_timeout", "Connection timed out during banner exchange"],
    ["ssh_timeout", "ssh: connect to host gpu port 22: Operation timed out"],
    ["ssh_no_route", "ssh: connect to host gpu port 22: Network is unreachable"],
    ["ssh_host_key_unknown", "Host key verification failed."],
    [
      "ssh_permission_denied",
      "Received disconnect from 10.0.0.7 port 22:2: Too many authentication failures",
    ],
    ["ssh_permission_denied", "ann@gpu: Permission denied (publickey,keyboard-interactive)."],
    ["remote_disk_full", "scp: .rbee: No space left on device"],
    ["remote_disk_full", "/usr/bin/scp: .rbee: Disk quota exceeded"],
    ["no_scp", "subsystem request failed on channel 0"],
    ["no_scp", "bash: line 1: scp: command not found"],
    ["no_scp", "sh: 1: /usr/lib/sftp-server: not found"],
    ["ssh_forward_failed", "Could not request local forwarding."],
    ["ssh_failed", "kex_exchange_identification: Connection closed by remote host"],
  ];
  const host = { destination: { host: "gpu" }, env: {} };
  for (const [code, line] of cases) {
    const error = await sshError(host, ["something else", line, ""]);
    assert.equal(error.code, code, line);
    assert.equal(error.details?.["line"] ?? line, line);
  }
});

Deno.test("sshError() is not misled by a server's banner, and shows the last line of what it does not know", async () => {
  const host = { destination: { host: "gpu" }, env: {} };
  const error = await sshError(host, [
    "Permission denied to all who are not of this company",
    "No route to host is told here",
    "\u001b[2Jthe end",
  ]);
  assert.equal(error.code, "ssh_failed");
  assert.match(error.message, /^ssh to gpu failed: \[2Jthe end; type: ssh -v gpu$/);
  assert.match((await sshError(host, [])).message, /it said nothing/);
});
