import { useEffect, useMemo, useState } from "preact/hooks";
import type { JobView } from "../../contracts/job.ts";
import { type ApiError, lookAtJob } from "../api.ts";
import { connection, jobs } from "../cluster.ts";
import type { JobRecording } from "../job_recording.ts";
import { jobName } from "../job_name.ts";
import { hasEnded } from "../job_state.tsx";
import { watchJob } from "../live_stream.ts";
import { useNow } from "../use_now.ts";
import { usePaced } from "../use_paced.ts";
import { JobAbout } from "./job_about.tsx";
import { JobAnswer } from "./job_answer.tsx";
import { factsOf, type JobFacts } from "./job_facts.ts";
import { JobHead } from "./job_head.tsx";
import { JobOutcome } from "./job_outcome.tsx";
import { StepReader } from "./steps.ts";
import { shownJob } from "./shown_job.ts";
import { Timeline } from "./timeline.tsx";
import { useRecording } from "./use_recording.ts";
import { useFrame } from "../use_frame.ts";
import { Waterfall } from "./waterfall.tsx";

/** How often what grows with time alone is drawn. */
const TICK_MS = 250;

/** One job: how it ended, and who said what when. */
export function JobPage({ jobId, seq }: { jobId: string; seq: number | undefined }) {
  const recording = useRecording(jobId);
  const version = useFrame(recording);
  const view = useView(jobId);
  const summary = jobs.value?.find(({ job_id }) => job_id === jobId);
  const end = recording?.end;
  const facts = factsOf({ summary, view, end });
  const isRunning = facts !== undefined && !hasEnded(facts.state);
  const nowMs = useNow(isRunning, TICK_MS);
  const missing = recording?.missing.value;
  useShownJob(facts === undefined ? undefined : jobName(facts));
  if (missing !== undefined && recording?.entries.length === 0) {
    return <Missing error={missing} />;
  }
  return (
    <div class="job">
      <p>
        <a href="/jobs">All jobs</a>
      </p>
      {missing !== undefined && end === undefined && <CutOff jobId={jobId} error={missing} />}
      {facts === undefined
        ? <p class="muted">Waiting for the queen to tell of this job.</p>
        : (
          <JobHead
            jobId={jobId}
            facts={facts}
            nowMs={nowMs}
            isInterrupted={end?.code === "interrupted"}
          />
        )}
      {end !== undefined && end.state !== "done" && (
        <JobOutcome end={end} operation={facts?.operation ?? ""} />
      )}
      {recording !== undefined && <JobAnswer recording={recording} isRunning={isRunning} />}
      {end?.state === "done" && <JobOutcome end={end} operation={facts?.operation ?? ""} />}
      {recording !== undefined && (
        <>
          <Steps
            recording={recording}
            version={version}
            facts={facts}
            nowMs={isRunning ? nowMs : undefined}
          />
          <Timeline
            recording={recording}
            version={version}
            seq={seq}
            createdMs={facts?.createdMs}
            isRunning={isRunning}
          />
        </>
      )}
      {facts !== undefined && <JobAbout jobId={jobId} facts={facts} />}
    </div>
  );
}

function Steps(
  { recording, version, facts, nowMs }: {
    recording: JobRecording;
    version: number;
    facts: JobFacts | undefined;
    nowMs: number | undefined;
  },
) {
  const reader = useMemo(() => new StepReader(), [recording]);
  // What went before the steps were read was no wait.
  const isWhole = useMemo(() => !recording.hasLostNarration, [recording]);
  const createdMs = isWhole ? facts?.createdMs : undefined;
  // Of a job that goes on it is enough to look with each tick, however fast its lines come.
  const read = usePaced(version, recording.end === undefined ? TICK_MS : 0);
  return useMemo(() => {
    reader.read(recording.entries);
    return <Waterfall course={reader.course({ createdMs, nowMs })} />;
  }, [reader, createdMs, nowMs, read]);
}

/** Has the title of the page say which job is shown. */
function useShownJob(name: string | undefined): void {
  useEffect(() => {
    shownJob.value = name;
    return () => {
      shownJob.value = undefined;
    };
  }, [name]);
}

/** What the queen answers of a job, which the list of the newest ones may not hold. */
function useView(jobId: string): JobView | undefined {
  const [view, setView] = useState<JobView>();
  const isLive = connection.value.kind === "live";
  useEffect(() => {
    if (!isLive) return undefined;
    let isWanted = true;
    // Its stream is refused with the same words, which the page shows; a lost connection is tried anew.
    lookAtJob(jobId).catch((_refused: ApiError) => undefined).then((answered) => {
      if (isWanted && answered !== undefined) setView(answered);
    });
    return () => {
      isWanted = false;
    };
  }, [jobId, isLive]);
  return view;
}

function Missing({ error }: { error: ApiError }) {
  return (
    <p>
      {error.message}. <a href="/jobs">The list of jobs</a> shows those that are there.
    </p>
  );
}

/** The queen cannot go on where this page has come to, because she has lost what it has. */
function CutOff({ jobId, error }: { jobId: string; error: ApiError }) {
  const readAnew = () => {
    watchJob(undefined);
    watchJob(jobId);
  };
  return (
    <p class="notice" role="alert">
      <span>{error.message}. What is shown here is what was read before.</span>{" "}
      <button type="button" onClick={readAnew}>Read it from the beginning</button>
    </p>
  );
}
