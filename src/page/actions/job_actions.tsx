import { ApiError, cancelJob } from "../api.ts";
import { jobs } from "../cluster.ts";
import { hasEnded } from "../job_state.tsx";
import { ActionForm } from "./action_form.tsx";
import { cancelCommand } from "./job_requests.ts";
import { lossOfCancelling } from "./losses.ts";
import { showDialog } from "./open_dialog.ts";

/** A job that is to be cancelled. */
interface CancellableJob {
  jobId: string;
  operation: string;
}

/** Opens the dialog that cancels a job, which says what is lost. */
export function openCancelJob(job: CancellableJob): void {
  showDialog({ title: `Cancel this ${job.operation}`, content: <CancelForm {...job} /> });
}

function CancelForm({ jobId, operation }: CancellableJob) {
  const state = jobs.value?.find(({ job_id }) => job_id === jobId)?.state;
  const isOver = state !== undefined && hasEnded(state);
  return (
    <ActionForm
      verb="Cancel the job"
      refusal="Let it run"
      isDestructive
      command={() => cancelCommand(jobId)}
      act={async () => {
        await cancelJob(jobId).catch((error: unknown) => {
          // It has ended by itself meanwhile, which its page shows.
          if (!(error instanceof ApiError && error.code === "job_already_ended")) throw error;
        });
        return undefined;
      }}
    >
      <p>{lossOfCancelling(operation)}</p>
      <p role="status">{isOver && "It has ended meanwhile; there is nothing left to cancel."}</p>
    </ActionForm>
  );
}
