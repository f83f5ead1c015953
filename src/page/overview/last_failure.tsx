import { lastFailure } from "../cluster.ts";
import { timeText } from "../quantities.ts";
import { sentenceText } from "../plain_words.ts";

/** Why the job that failed last did, and where to see the rest of it. Nothing where none is known. */
export function LastFailure() {
  const job = lastFailure.value;
  if (job === undefined) return null;
  const { job_id, operation, model, error, finished_at, created_at } = job;
  const at = finished_at ?? created_at;
  return (
    <section class="panel last-failure" aria-labelledby="last-failure">
      <h2 id="last-failure">The last job that failed</h2>
      <p>
        <a href={`/jobs/${job_id}`}>
          {operation}
          {model === undefined ? "" : ` with ${model}`}
        </a>, at <time dateTime={at}>{timeText(at)}</time>:{" "}
        <span class="failure">
          {error === undefined ? "its reason is not known." : sentenceText(error.message)}
        </span>
      </p>
    </section>
  );
}
