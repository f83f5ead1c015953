import { connection, hives, isAdmin, telemetry, viewer, workers } from "../cluster.ts";
import { HiveCard } from "./hive_card.tsx";
import { LastFailure } from "./last_failure.tsx";
import { RunningJobs } from "./running_jobs.tsx";
import { summarySentence } from "./summary_sentence.ts";

/** What is where, now: hives with their machines and workers. */
export function Overview() {
  if (viewer.value !== undefined && !isAdmin.value) {
    return (
      <p>
        This token is for inference: hives and workers are shown to tokens of the role admin alone.
        {" "}
        <a href="/chat">The chat</a> is where to ask a model.
      </p>
    );
  }
  if (telemetry.value === undefined) {
    // Why it does not come is told above, where the page is not connected.
    return connection.value.kind === "lost"
      ? <p class="muted">Nothing is known yet of hives and workers.</p>
      : <p class="muted overview-waiting">Waiting for the queen to tell what runs where.</p>;
  }
  if (hives.value.length === 0) {
    return (
      <div class="overview">
        <NoHive />
        <WhatIsThis />
        <LastFailure />
        <RunningJobs />
      </div>
    );
  }
  return (
    <div class="overview">
      <p class="overview-summary">
        {summarySentence({ hives: hives.value, workers: workers.value })}
      </p>
      <WhatIsThis />
      <LastFailure />
      <RunningJobs />
      <div class="hives">
        {hives.value.map((hive) => (
          <HiveCard
            key={hive.name}
            hive={hive}
            workers={workers.value.filter((worker) => worker.hive === hive.name)}
          />
        ))}
      </div>
    </div>
  );
}

function WhatIsThis() {
  return (
    <details class="what-is-this">
      <summary>What is this?</summary>
      <p>
        The <b>queen</b>{" "}
        takes each request and finds a machine for it. She is the one program that you and your
        programs ask. A <b>hive</b> runs on each machine, and starts <b>workers</b>{" "}
        there: each holds one model in memory and answers with it. Whatever is asked is a{" "}
        <b>job</b>: its page tells who did what for it, and why it failed if it did.
      </p>
    </details>
  );
}

function NoHive() {
  return (
    <section class="panel" aria-labelledby="no-hive">
      <h2 id="no-hive">No hive is known</h2>
      <p>
        A hive is what runs models on a machine. <code>rbee up</code>{" "}
        starts one on the queen's own, and <code>rbee hive add NAME --ssh USER@HOST</code>{" "}
        adds another machine that is reached by ssh.
      </p>
    </section>
  );
}
