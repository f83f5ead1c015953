import assert from "node:assert/strict";
import { parseDestination } from "../../src/ssh/destination.ts";
import { scpArguments, sshArguments, sshEnvironment } from "../../src/ssh/ssh_arguments.ts";

const UNATTENDED = [
  ...["-o", "BatchMode=yes"],
  ...["-o", "ConnectTimeout=10"],
  ...["-o", "ServerAliveInterval=15"],
  ...["-o", "ServerAliveCountMax=3"],
  ...["-o", "StrictHostKeyChecking=yes"],
  ...["-o", "LogLevel=INFO"],
];

Deno.test("sshArguments() asks nobody, trusts no new key, and ends the options before the host", () => {
  const destination = parseDestination("ann@[fe80::1]:2222");
  assert.deepEqual(
    sshArguments({ destination }, { options: ["-L", "1:h:2"], command: "uname -a" }),
    [
      "-T",
      ...UNATTENDED,
      ...["-o", "RemoteCommand=none"],
      ...["-p", "2222"],
      ...["-L", "1:h:2"],
      "--",
      "ann@fe80::1",
      "uname -a",
    ],
  );
});

Deno.test("sshArguments() leaves port and user to the person's configuration where none is named", () => {
  const args = sshArguments({ destination: { host: "gpu" } });
  assert.deepEqual(args.slice(-2), ["--", "gpu"]);
  assert.ok(!args.includes("-p"));
});

Deno.test("only what is asked for is relaxed", () => {
  const destination = { host: "gpu" };
  const normal = sshArguments({ destination });
  const differs = (args: string[]) => args.filter((arg) => !normal.includes(arg));
  const accepting = sshArguments({ destination, acceptNewHostKey: true });
  assert.deepEqual(differs(accepting), ["StrictHostKeyChecking=accept-new"]);
  const interactive = sshArguments({ destination, interactive: true });
  assert.deepEqual(differs(interactive), []);
  assert.ok(!interactive.includes("BatchMode=yes"));
});

Deno.test("scpArguments() copies a file of this machine to the home folder there", () => {
  const destination = parseDestination("ann@[fe80::1]:2222");
  const files = { localPath: "/a:b/-x", remoteName: ".rbee-1" };
  assert.deepEqual(scpArguments({ destination }, files), [
    ...UNATTENDED,
    ...["-P", "2222"],
    "--",
    "/a:b/-x",
    "ann@[fe80::1]:.rbee-1",
  ]);
});

Deno.test("no value of rbee's own reaches ssh, which could send it on", () => {
  const env = { PATH: "/bin", RBEE_TOKEN: "secret" };
  assert.deepEqual(sshEnvironment({ destination: { host: "gpu" }, env }), { PATH: "/bin" });
});
