import assert from "node:assert/strict";
import type { PidFile } from "../../src/contracts/pid_file.ts";
import { listenAddressOf } from "../../src/keeper/listen_address.ts";

/** The file of a process that runs `sh` with these arguments, for as long as `look` does. */
async function whileRunning(args: string[], url: string, look: (file: PidFile) => void) {
  const child = new Deno.Command("sh", {
    args: ["-c", "echo ready; read _", "sh", ...args],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  try {
    look({
      pid: child.pid,
      start_time: null,
      executable: null,
      instance: crypto.randomUUID(),
      url,
    });
  } finally {
    await child.stdin.close();
    await child.status;
    await reader.cancel();
  }
}

Deno.test("listenAddressOf() takes the host from the command line, and the port that was bound", async () => {
  const args = ["serve", "--role", "queen", "--host=0.0.0.0", "--port=0"];
  await whileRunning(args, "http://127.0.0.1:7833", (file) => {
    assert.deepEqual(listenAddressOf(file), { host: "0.0.0.0", port: 7833 });
  });
});

Deno.test("listenAddressOf() takes the host from the url where the command line names none", async () => {
  await whileRunning(["serve"], "http://[::1]:7833", (file) => {
    assert.deepEqual(listenAddressOf(file), { host: "::1", port: 7833 });
  });
});

Deno.test("listenAddressOf() tells the files of TLS that the command line names", async () => {
  const args = ["serve", "--tls-cert=/a.pem", "--tls-key", "/a.key"];
  await whileRunning(args, "https://queen.example:7833", (file) => {
    assert.deepEqual(listenAddressOf(file), {
      host: "queen.example",
      port: 7833,
      tls: { tlsCert: "/a.pem", tlsKey: "/a.key" },
    });
  });
});
