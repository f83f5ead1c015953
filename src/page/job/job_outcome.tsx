import { Fact } from "../fact.tsx";
import type { EndEntry } from "../job_entry.ts";
import { readDetails } from "./error_details.ts";
import { JsonBlock } from "./json_block.tsx";
import { resultSentence } from "./result_sentence.ts";

/** How a job ended: why it failed, why it was cancelled, or what came out of it. */
export function JobOutcome({ end, operation }: { end: EndEntry; operation: string }) {
  switch (end.state) {
    case "error":
      return <Failure end={end} />;
    case "cancelled":
      return (
        <section class="panel" aria-labelledby="job-outcome">
          <h2 id="job-outcome">Why it was cancelled</h2>
          <p class="told">{end.message}</p>
        </section>
      );
    case "done": {
      const sentence = resultSentence(operation, end.result);
      const isEmpty = end.result === undefined || end.result === null;
      return (
        <section class="panel" aria-labelledby="job-outcome">
          <h2 id="job-outcome">Result</h2>
          {sentence !== undefined && <p class="told">{sentence}</p>}
          {isEmpty
            ? <p>It ended well. This operation returns nothing.</p>
            : <JsonBlock name="Result as JSON" value={end.result} />}
        </section>
      );
    }
  }
}

function Failure({ end }: { end: EndEntry }) {
  const { lastLines, facts } = readDetails(end.details);
  const isInterrupted = end.code === "interrupted";
  return (
    <section class="panel job-failure" aria-labelledby="job-outcome">
      <h2 id="job-outcome">{isInterrupted ? "Why it was interrupted" : "Why it failed"}</h2>
      <p class="failure told">{end.message}</p>
      {lastLines.length > 0 && (
        <>
          <h3 id="job-last-lines">Last lines of the program that ended</h3>
          <pre
            ref={toEnd}
            class="job-block"
            tabIndex={0}
            role="group"
            aria-labelledby="job-last-lines"
          >
            {lastLines.join("\n")}
          </pre>
        </>
      )}
      <dl class="job-facts">
        <Fact name="Code" text={end.code ?? ""} />
        {facts.map(({ name, text }) => <Fact key={name} name={name} text={text} />)}
      </dl>
    </section>
  );
}

/** Shows the last line first: it is the one that tells why. */
function toEnd(box: HTMLElement | null): void {
  if (box !== null) box.scrollTop = box.scrollHeight;
}
