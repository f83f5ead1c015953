import { signal } from "@preact/signals";
import type { WorkerTelemetry } from "../../contracts/telemetry.ts";
import { Fact } from "../fact.tsx";
import { openStopWorker } from "../actions/worker_actions.tsx";
import { sentenceText } from "../plain_words.ts";
import { WorkerLog } from "./worker_log.tsx";
import { workerFacts, workerStateText } from "./worker_words.ts";

// One at a time: each holds a connection, of which a browser opens six to a host, for all tabs together.
const shownLog = signal<string | undefined>(undefined);

/** One worker: what it is, what it does, why it failed, and what can be done with it. */
export function WorkerItem({ worker }: { worker: WorkerTelemetry }) {
  const { worker_id, model, state, error, load_percent, hive } = worker;
  const isLogShown = shownLog.value === worker_id;
  const logId = `log-${worker_id}`;
  const which = <span class="hidden-visually">of {model} on {hive}</span>;
  const canStop = state !== "stopping" && state !== "stopped" && state !== "failed";
  return (
    <li class="worker">
      <div class="worker-head">
        <h4>{model}</h4>
        <span class="state" data-state={worker.queued === true ? "queued" : state}>
          {workerStateText(worker)}
        </span>
        <div class="worker-actions">
          <button
            type="button"
            class="quiet"
            aria-expanded={isLogShown}
            aria-controls={isLogShown ? logId : undefined}
            onClick={() => shownLog.value = isLogShown ? undefined : worker_id}
          >
            Log {which}
          </button>
          {canStop && (
            <button type="button" onClick={() => openStopWorker(worker)}>
              Stop <span class="hidden-visually">{model} on {hive}</span>
            </button>
          )}
        </div>
      </div>
      {state === "loading" && load_percent !== undefined && (
        <progress aria-label={`Loading ${model}`} max={100} value={load_percent} />
      )}
      {error !== undefined && (
        <p>
          {state !== "failed" && "It died and is started again: "}
          <span class="failure">{sentenceText(error.message)}</span>
        </p>
      )}
      <dl class="facts">
        {workerFacts(worker).map(({ name, value }) => <Fact key={name} name={name} text={value} />)}
      </dl>
      {isLogShown && <WorkerLog id={logId} workerId={worker_id} model={model} />}
    </li>
  );
}
