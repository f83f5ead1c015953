import { CopyButton } from "../copy_button.tsx";
import { Fact } from "../fact.tsx";
import { timeText } from "../quantities.ts";
import type { JobFacts } from "./job_facts.ts";

/** When a job was, what its ids are, and how to look at it on the command line. */
export function JobAbout({ jobId, facts }: { jobId: string; facts: JobFacts }) {
  const { createdMs, startedMs, finishedMs, correlationId } = facts;
  const command = `rbee job watch ${jobId}`;
  return (
    <section class="panel" aria-labelledby="job-about">
      <h2 id="job-about">About this job</h2>
      <dl class="job-facts">
        <Fact name="Submitted" text={clockText(createdMs)} />
        {startedMs !== undefined && <Fact name="Began" text={clockText(startedMs)} />}
        {finishedMs !== undefined && <Fact name="Ended" text={clockText(finishedMs)} />}
        <div>
          <dt>Job</dt>
          <dd class="mono">{jobId}</dd>
        </div>
        {correlationId !== undefined && (
          <div>
            <dt>Its id in the logs of all machines</dt>
            <dd class="mono">{correlationId}</dd>
          </div>
        )}
        <div>
          <dt>On the command line</dt>
          <dd>
            <code>{command}</code> <CopyButton what="the command line" text={() => command} />
          </dd>
        </div>
      </dl>
    </section>
  );
}

function clockText(ms: number): string {
  return timeText(new Date(ms).toISOString());
}
