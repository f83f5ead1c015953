import assert from "node:assert/strict";
import { runProbe } from "../../src/hive/run_probe.ts";
import { shell } from "../helpers/captured_child.ts";

const NOTHING = { rbee: "probe", probe: "devices", backend: "cpu", devices: [] };

/** A worker that is a line of shell. Its arguments are $0 and on. */
const fake = (script: string) => ({ command: shell(script) });
const print = (value: unknown) => `echo '${JSON.stringify(value)}'`;
const narration = (level: string, human: string, fields?: unknown) =>
  print({
    rbee: "narration",
    at: "2026-01-02T03:04:05.678Z",
    actor: "worker",
    action: "probe",
    human,
    level,
    fields,
  });

Deno.test("runProbe() asks this very program", async () => {
  const answer = await runProbe(["--probe=devices", "--device=cpu"]);
  assert.deepEqual(answer, NOTHING);
});

Deno.test("runProbe() gives the answer, whatever else is printed", async () => {
  const answer = await runProbe(
    ["--probe=devices"],
    fake(`echo hello; ${narration("warn", "Hm")}; echo '{"rbee":1}'; ${print(NOTHING)}; echo {`),
  );
  assert.deepEqual(answer, NOTHING);
});

Deno.test("runProbe() starts a worker that speaks JSON and counts cards as nvidia-smi does", async () => {
  const script = `[ "$0 $*" = "serve --role worker --probe=devices" ] && ` +
    `[ "$RBEE_NARRATION $CUDA_DEVICE_ORDER" = "json PCI_BUS_ID" ] && ${print(NOTHING)}`;
  assert.deepEqual(await runProbe(["--probe=devices"], fake(script)), NOTHING);
});

Deno.test("runProbe() fails with the last reason that the worker narrates", async () => {
  const script = `${narration("error", "First", { code: "a" })}; ${
    narration("error", "No such device", { code: "no_such_device" })
  }; exit 1`;
  await assert.rejects(runProbe([], fake(script)), {
    name: "RbeeError",
    code: "no_such_device",
    message: "No such device",
  });
});

Deno.test("runProbe() does not believe an answer of a worker that failed", async () => {
  await assert.rejects(runProbe([], fake(`${print(NOTHING)}; exit 134`)), {
    code: "probe_failed",
    message: "Cannot ask llama.cpp: its process ended with 134: it said nothing",
  });
});

Deno.test("runProbe() tells the last words of a worker that gave no reason", async () => {
  await assert.rejects(runProbe([], fake("echo one >&2; echo 'libcuda.so: no' >&2; exit 127")), {
    code: "probe_failed",
    message: "Cannot ask llama.cpp: its process ended with 127: libcuda.so: no",
  });
  await assert.rejects(runProbe([], fake("echo nothing")), { code: "probe_failed" });
});

Deno.test("runProbe() gives up a worker that hangs", async () => {
  await assert.rejects(runProbe([], { ...fake("exec sleep 600"), limitMs: 50 }), {
    code: "timeout",
  });
});
