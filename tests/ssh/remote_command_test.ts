import assert from "node:assert/strict";
import { runRemote, runRemoteScript } from "../../src/ssh/remote_command.ts";
import { remotePath } from "../../src/ssh/remote_path.ts";
import { CapturedChild, fixture } from "../helpers/captured_child.ts";
import { HOSTILE_STRINGS } from "../helpers/hostile_strings.ts";
import { sshTest, TestSshHost } from "../helpers/ssh_host.ts";

Deno.test(sshTest("runRemote() gives code, output and errors of a command", async () => {
  await using machine = await TestSshHost.start();
  const result = await runRemote(machine.host, ["sh", "-c", "echo out; echo err >&2; exit 7"]);
  assert.deepEqual(result, { code: 7, stdout: "out", stderr: "err" });
}));

Deno.test(
  sshTest("a command that is not there is 127, and 255 is not taken for ssh's own", async () => {
    await using machine = await TestSshHost.start();
    assert.equal((await runRemote(machine.host, ["no-such-program"])).code, 127);
    assert.equal((await runRemote(machine.host, ["sh", "-c", "exit 255"])).code, 254);
  }),
);

Deno.test(sshTest("hostile arguments arrive as they are and run nothing", async () => {
  await using machine = await TestSshHost.start();
  const args = [
    "a b; touch x",
    "$(touch x)",
    "`touch x`",
    "-oProxyCommand=touch x",
    "'; touch x; '",
    "\\",
    // Without those that the capture of lines would change.
    ...HOSTILE_STRINGS.filter((text) => /^\P{C}*$/u.test(text) && text !== "\ufeff"),
  ];
  const script = 'for arg in "$@"; do printf "<%s>\\n" "$arg"; done';
  const { stdout } = await runRemoteScript(machine.host, script, { args });
  assert.deepEqual(
    stdout.split("\n"),
    args.map((arg) => `<${arg}>`),
  );
  assert.deepEqual(await Array.fromAsync(Deno.readDir(machine.homePath)), []);
}));

Deno.test(
  sshTest("the command reads the text that is given, to its last byte, and no more", async () => {
    await using machine = await TestSshHost.start();
    const stdin = "h\u00e9llo\n'\\ $HOME `id`\n\n".repeat(500);
    const { stdout } = await runRemote(machine.host, ["sha256sum"], { stdin });
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(stdin));
    assert.equal(stdout, `${new Uint8Array(digest).toHex()}  -`);
    assert.equal((await runRemote(machine.host, ["wc", "-c"])).stdout, "0");
  }),
);

Deno.test(sshTest("lines are given as they come, and an abort ends both sides", async () => {
  await using machine = await TestSshHost.start();
  const stop = new AbortController();
  const reason = new Error("enough");
  const lines: string[] = [];
  const running = runRemote(machine.host, [
    "sh",
    "-c",
    "echo first; sleep 1000 & sleep 1001; echo late",
  ], {
    signal: stop.signal,
    onLine(stream, line) {
      lines.push(`${stream} ${line}`);
      stop.abort(reason);
    },
  });
  await assert.rejects(running, reason);
  assert.deepEqual(lines, ["stdout first"]);
  await machine.idle();
}));

Deno.test(sshTest("an abort also ends a command that was given a text to read", async () => {
  await using machine = await TestSshHost.start();
  const stop = new AbortController();
  const running = runRemote(machine.host, ["sh", "-c", "cat; exec sleep 1000"], {
    stdin: "read\n",
    signal: stop.signal,
    onLine: () => stop.abort(),
  });
  await assert.rejects(running, { name: "AbortError" });
  await machine.idle();
}));

Deno.test(
  sshTest(
    "a command that leaves something in the background with a session of its own may",
    async () => {
      await using machine = await TestSshHost.start();
      const command = "setsid sleep 1000 </dev/null >/dev/null 2>&1 & echo started";
      const { stdout } = await runRemote(machine.host, ["sh", "-c", command]);
      assert.equal(stdout, "started");
      await machine.idle((line) => line === "sleep 1000");
      assert.deepEqual(
        machine.processes().map(({ command }) => command),
        ["sleep 1000"],
      );
      await machine.run("kill $(pidof sleep)");
    },
    { network: true },
  ),
);

Deno.test(sshTest("the command ends when the process that ran it is killed", async () => {
  await using machine = await TestSshHost.start();
  await using parent = new CapturedChild({
    ...fixture("remote_command.ts", JSON.stringify(machine.host), "echo running; exec sleep 1000"),
  });
  await parent.printed("running");
  const sleeps = () => machine.processes().some(({ command }) => command === "sleep 1000");
  while (!sleeps()) await Deno.stat("/proc");
  // The parent alone: ssh is in a group of its own.
  Deno.kill(parent.child.pid, "SIGKILL");
  await machine.idle();
}));

Deno.test(sshTest("a path with ~ is under the home folder there", async () => {
  await using machine = await TestSshHost.start();
  const name = "a b; touch x";
  await Deno.writeTextFile(`${machine.homePath}/${name}`, "found\n");
  const { stdout } = await runRemote(machine.host, ["cat", remotePath(`~/${name}`)]);
  assert.equal(stdout, "found");
}));

Deno.test(sshTest("the person's RemoteCommand and LocalForward do not get in the way", async () => {
  await using machine = await TestSshHost.start();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await machine.files.configure({
    lines: [
      "Host *",
      "  RemoteCommand echo theirs",
      "  RequestTTY force",
      `  LocalForward 127.0.0.1:${taken.addr.port} 127.0.0.1:22`,
      "  ExitOnForwardFailure yes",
      "  LogLevel QUIET",
    ].join("\n"),
  });
  assert.deepEqual(await runRemote(machine.host, ["echo", "ours"]), {
    code: 0,
    stdout: "ours",
    stderr: "",
  });
}));

Deno.test("without ssh on this machine it says what to install", async () => {
  const host = { destination: { host: "gpu" }, env: { PATH: "/nowhere" } };
  await assert.rejects(runRemote(host, ["true"]), {
    code: "no_ssh",
    message: /There is no ssh on this machine: install/,
  });
});

Deno.test(
  sshTest("a host that looks like an option is none, even where it was not parsed", async () => {
    await using machine = await TestSshHost.start();
    const mark = `${machine.homePath}/x`;
    for (const host of [`-oProxyCommand=touch ${mark}`, `$(touch ${mark})`, `a b; touch ${mark}`]) {
      const destination = { host, user: "root" };
      await assert.rejects(runRemote({ ...machine.host, destination }, ["true"]), /^RbeeError: /);
      await assert.rejects(runRemote({ ...machine.host, destination: { host } }, ["true"]));
    }
    assert.deepEqual(await Array.fromAsync(Deno.readDir(machine.homePath)), []);
  }),
);
