import assert from "node:assert/strict";
import { probeHost } from "../../src/ssh/remote_host.ts";
import { sshTest, TestSshHost } from "../helpers/ssh_host.ts";
import { writeProgram } from "../helpers/written_program.ts";

Deno.test(sshTest("probeHost() tells what a bare host is", async () => {
  await using machine = await TestSshHost.start();
  const { freeBytes, glibc, ...probed } = await probeHost(machine.host);
  assert.deepEqual(probed, {
    os: "Linux",
    arch: Deno.build.arch,
    home: machine.isIsolated ? "/root" : machine.homePath,
    hasScp: true,
    hasFolder: false,
    installed: undefined,
  });
  assert.match(glibc ?? "", /^2\.\d+$/);
  assert.ok(freeBytes !== undefined && freeBytes > 0);
}));

Deno.test(sshTest("probeHost() tells sum and version of the program that is there", async () => {
  await using machine = await TestSshHost.start();
  const script = '#!/bin/sh\necho "rbee 1.2.3 $1"\necho more\n';
  const name = "it's a b; touch x";
  await writeProgram(`${machine.homePath}/${name}`, script);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(script));
  const { installed } = await probeHost(machine.host, { program: `~/${name}` });
  assert.deepEqual(installed, {
    sha256: new Uint8Array(digest).toHex(),
    version: "rbee 1.2.3 --version",
  });
}));

Deno.test(sshTest("probeHost() has no version of a program that does not run", async () => {
  await using machine = await TestSshHost.start();
  await Deno.mkdir(`${machine.homePath}/.local/bin`, { recursive: true });
  await Deno.writeTextFile(`${machine.homePath}/.local/bin/rbee`, "\x7fELF no program");
  const { installed } = await probeHost(machine.host);
  assert.match(installed?.sha256 ?? "", /^[0-9a-f]{64}$/);
  assert.equal(installed?.version, undefined);
}));

Deno.test(sshTest("what the login shell prints by itself is not taken for an answer", async () => {
  await using machine = await TestSshHost.start();
  // bash reads this for commands of ssh too.
  await Deno.writeTextFile(`${machine.homePath}/.bashrc`, "echo Welcome; echo os=Plan9\n");
  assert.equal((await probeHost(machine.host)).os, "Linux");
}));

Deno.test(sshTest("a host that lets nobody run anything is told", async () => {
  await using machine = await TestSshHost.start({ forceCommand: "echo This account is closed" });
  await assert.rejects(probeHost(machine.host), {
    code: "bad_answer",
    message: /did not say what it is/,
  });
}, { network: true }));
