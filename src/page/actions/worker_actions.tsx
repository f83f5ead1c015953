import type { WorkerTelemetry } from "../../contracts/telemetry.ts";
import { submitJob } from "../api.ts";
import { workers } from "../cluster.ts";
import { ActionForm } from "./action_form.tsx";
import { HiveField } from "./hive_field.tsx";
import { downloadCommand, downloadRequest, stopCommand } from "./job_requests.ts";
import { lossOfStopping } from "./losses.ts";
import { ModelField } from "./model_field.tsx";
import { showDialog } from "./open_dialog.ts";
import { SpawnForm } from "./spawn_form.tsx";

/** Opens the dialog that starts a worker, with what is known already filled in. */
export function openSpawnWorker({ hive, model }: { hive?: string; model?: string } = {}): void {
  showDialog({ title: "Start a worker", content: <SpawnForm hive={hive} model={model} /> });
}

/** Opens the dialog that has a hive fetch a model. */
export function openDownloadModel({ hive }: { hive?: string } = {}): void {
  showDialog({ title: "Download a model", content: <DownloadForm hive={hive} /> });
}

/** Opens the dialog that stops a worker, which says what is lost as it is in that moment. */
export function openStopWorker(worker: WorkerTelemetry): void {
  showDialog({ title: `Stop ${worker.model}`, content: <StopForm worker={worker} /> });
}

function DownloadForm({ hive }: { hive: string | undefined }) {
  return (
    <ActionForm
      verb="Download"
      command={(typed) => downloadCommand(downloadRequest(typed))}
      act={async (typed) => {
        const jobId = await submitJob(downloadRequest(typed));
        return `/jobs/${jobId}`;
      }}
    >
      <ModelField
        model={undefined}
        hint="hf:org/repo, hf:org/repo:Q4_K_M, hf:org/repo:file.gguf or https://….gguf. A download that broke off is continued."
      />
      <HiveField hive={hive} otherwise="Left to rbee: its own machine, or the only one there is" />
    </ActionForm>
  );
}

function StopForm({ worker }: { worker: WorkerTelemetry }) {
  const { worker_id, model, hive, device } = worker;
  // As it is now, not as it was when the dialog was opened.
  const now = workers.value.find((other) => other.worker_id === worker_id);
  return (
    <ActionForm
      verb="Stop it"
      refusal="Let it run"
      isDestructive
      command={() => stopCommand(worker_id)}
      act={async () => {
        await submitJob({ operation: "worker_stop", worker_id });
        return undefined;
      }}
    >
      <p>
        The worker of <bdi>{model}</bdi> on {hive}{" "}
        ({device}) ends, and its memory is free again. The next request for the model has to load it
        anew.
      </p>
      <p role="status">{lossOfStopping(now)}</p>
    </ActionForm>
  );
}
