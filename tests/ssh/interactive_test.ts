import assert from "node:assert/strict";
import { CapturedChild, fixture } from "../helpers/captured_child.ts";
import { shellQuote } from "../../src/ssh/shell_quote.ts";
import { output } from "../helpers/ssh_client_files.ts";
import { sshTest, TestSshHost } from "../helpers/ssh_host.ts";

/** Runs `command` on a terminal of its own, with a key that has a passphrase. */
async function onTerminal(machine: TestSshHost, interactive: boolean): Promise<CapturedChild> {
  const key = machine.files.folder.join("id");
  await output("ssh-keygen", "-q", "-p", "-P", "", "-N", "the passphrase", "-f", key);
  const host = JSON.stringify({ ...machine.host, interactive });
  const { program, args } = fixture("remote_command.ts", host, "echo ran");
  const env = Deno.env.toObject();
  // No window may come up and ask in the terminal's place.
  for (const name of ["SSH_ASKPASS", "DISPLAY", "SSH_ASKPASS_REQUIRE"]) delete env[name];
  const line = [program, ...args].map(shellQuote).join(" ");
  return new CapturedChild({
    program: "script",
    args: ["--quiet", "--return", "--command", line, "/dev/null"],
    env,
  });
}

Deno.test(sshTest("in the foreground ssh asks for a passphrase on the terminal", async () => {
  await using machine = await TestSshHost.start();
  await using terminal = await onTerminal(machine, true);
  await terminal.until(() =>
    terminal.logged().some((line) => line.includes("Enter passphrase for key"))
  );
  await terminal.child.writeInput(new TextEncoder().encode("the passphrase\n"));
  await terminal.printed("code 0");
  assert.ok(terminal.logged().includes("ran"));
}));

Deno.test(sshTest("in the background ssh never asks", async () => {
  await using machine = await TestSshHost.start();
  await using terminal = await onTerminal(machine, false);
  await terminal.printed("failed ssh_permission_denied");
  assert.ok(!terminal.logged().some((line) => line.includes("passphrase")));
}));
