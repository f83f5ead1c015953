import assert from "node:assert/strict";
import { endIfDeaf } from "../../src/hive/end_if_deaf.ts";
import { freePort } from "../../src/process/free_port.ts";
import { ChangingProgram } from "../helpers/changing_program.ts";
import { engineCommand } from "../helpers/engine_command.ts";
import { control, engineHive, FIXTURE, proxied } from "../helpers/engine_hive.ts";
import { logEvents } from "../helpers/log_events.ts";
import { TelemetryWatch } from "../helpers/telemetry_watch.ts";

/** The server is a child, and the worker's process lives on when that has ended. */
const OUTLIVES_SERVER = '"$@" & wait $!; exec sleep 600';
const INFER = { operation: "infer", model: "bee-tiny", prompt: "Fly", max_tokens: 1 };

for (const [what, isJob] of [["a job", true], ["a request to the engine itself", false]] as const) {
  Deno.test(`a worker that no longer listens is ended and started again when ${what} finds that out`, async () => {
    await using program = await ChangingProgram.make({ first: OUTLIVES_SERVER });
    await using hive = engineHive([], { engine: { command: [program.path, ...engineCommand()] } });
    await using telemetry = await TelemetryWatch.open(hive.url);
    const deaf = await hive.spawn(FIXTURE);
    await control(deaf, "die");
    if (isJob) {
      const end = await proxied(hive, deaf).submitAndStream(INFER, () => {});
      assert.equal(end.type === "error" && end.code, "worker_gone");
    } else {
      const answer = await fetch(`${hive.url}/v1/workers/${deaf.worker_id}/proxy/v1/models`);
      const { error } = await answer.json();
      assert.deepEqual([answer.status, error.code], [502, "worker_unreachable"]);
    }
    const again = await telemetry.worker(({ state, restarts }) =>
      state === "ready" && restarts === 1
    );
    assert.equal(again.worker_id, deaf.worker_id);
    const died = logEvents(hive.workers.get(deaf.worker_id).log).flatMap((event) =>
      event.type === "narration" && event.action === "worker_died" ? [event.human] : []
    );
    assert.deepEqual(died, [
      `The worker for "bee-tiny" no longer listens at ${deaf.url}, and was ended`,
    ]);
    const end = await proxied(hive, again).submitAndStream(INFER, () => {});
    assert.equal(end.type, "done");
  });
}

Deno.test("endIfDeaf() leaves a worker alone that listens, or is not ready, or has no address", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const listening = `http://127.0.0.1:${listener.addr.port}`;
  const closed = `http://127.0.0.1:${freePort()}`;
  const worker = (fields: Partial<Parameters<typeof endIfDeaf>[0]>) => ({
    url: listening,
    state: "ready" as const,
    spec: { model: "bee", device: "cpu", engine: "x", options: {} },
    abandon: () => assert.fail("it was ended"),
    ...fields,
  });
  await endIfDeaf(worker({}));
  await endIfDeaf(worker({ url: null }));
  await endIfDeaf(worker({ url: closed, state: "loading" }));
  await endIfDeaf(worker({ url: closed, state: "stopping" }));
  const abandoned: string[] = [];
  await endIfDeaf(worker({ url: closed, abandon: ({ code }) => void abandoned.push(code) }));
  assert.deepEqual(abandoned, ["worker_unresponsive"]);
});
