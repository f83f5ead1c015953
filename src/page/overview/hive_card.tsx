import type { HiveInfo } from "../../contracts/hive.ts";
import type { WorkerTelemetry } from "../../contracts/telemetry.ts";
import { openDownloadModel, openSpawnWorker } from "../actions/worker_actions.tsx";
import { DeviceMemory } from "./device_memory.tsx";
import { HiveCharts } from "./hive_charts.tsx";
import { loadText, mendingCommand } from "./hive_words.ts";
import { sentenceText } from "../plain_words.ts";
import { WorkerItem } from "./worker_item.tsx";

/** One hive: how it is reached, its machine, its workers, and how they did in the last 15 minutes. */
export function HiveCard(
  { hive, workers }: { hive: HiveInfo; workers: readonly WorkerTelemetry[] },
) {
  const { name, state, version } = hive;
  const id = `hive-${name}`;
  const facts = [loadText(hive), version === null ? undefined : `rbee ${version}`]
    .filter((fact) => fact !== undefined);
  return (
    <section class="panel hive" aria-labelledby={id}>
      <header class="hive-head">
        <h2 id={id}>
          <span class="hive-word">Hive</span> {name}
        </h2>
        <span class="state" data-state={state}>{state}</span>
        <span class="muted">{facts.join(", ")}</span>
        {state === "connected" && <HiveActions name={name} />}
      </header>
      {state === "connected" ? <Connected hive={hive} workers={workers} /> : <Away hive={hive} />}
    </section>
  );
}

function HiveActions({ name }: { name: string }) {
  const where = <span class="hidden-visually">on {name}</span>;
  return (
    <div class="hive-actions">
      <button type="button" onClick={() => openSpawnWorker({ hive: name })}>
        Start a worker {where}
      </button>
      <button type="button" onClick={() => openDownloadModel({ hive: name })}>
        Download a model {where}
      </button>
    </div>
  );
}

function Connected({ hive, workers }: { hive: HiveInfo; workers: readonly WorkerTelemetry[] }) {
  return (
    <div class="hive-parts">
      <div class="hive-machine">
        <h3>Machine</h3>
        {hive.devices.length === 0
          ? <p class="muted">Its devices are not known yet.</p>
          : (
            <ul class="devices">
              {hive.devices.map((device) => <DeviceMemory key={device.device} device={device} />)}
            </ul>
          )}
      </div>
      <div class="hive-workers">
        <h3>Workers</h3>
        {workers.length === 0
          ? (
            <p class="muted">
              No worker. One starts when a model is asked: <code>rbee run MODEL</code>.
            </p>
          )
          : (
            <ul class="workers">
              {workers.map((worker) => <WorkerItem key={worker.worker_id} worker={worker} />)}
            </ul>
          )}
      </div>
      <div class="hive-charts">
        <h3>Last 15 minutes</h3>
        <HiveCharts hive={hive} />
      </div>
    </div>
  );
}

function Away({ hive }: { hive: HiveInfo }) {
  const { state, error } = hive;
  const command = mendingCommand(hive);
  if (state === "connecting") {
    return <p class="muted">{sentenceText(error ?? "The queen connects to it")}</p>;
  }
  return (
    <p>
      The queen does not reach it{error === undefined ? "." : ": "}
      {error !== undefined && <span class="failure">{sentenceText(error)}</span>}
      {command !== undefined && (
        <>
          {" "}See to it with <code>{command}</code>.
        </>
      )}
    </p>
  );
}
