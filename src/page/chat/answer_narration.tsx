import { useEffect, useRef, useState } from "preact/hooks";
import type { SaidEntry } from "../job_entry.ts";
import { countText } from "../quantities.ts";

const WIDE = "(min-width: 60rem)";

/** What queen, hive and worker say of a job: beside its answer, or above it and foldable. */
export function AnswerNarration(
  { said, jobId }: { said: readonly SaidEntry[]; jobId: string },
) {
  const [isOpen] = useState(() => matchMedia(WIDE).matches);
  const list = useRef<HTMLOListElement>(null);
  const last = said.at(-1);
  useEffect(() => {
    const element = list.current;
    if (element !== null) element.scrollTop = element.scrollHeight;
  }, [said.length, last?.lastSeq]);
  return (
    <details class="answer-narration" open={isOpen}>
      <summary>What rbee does, {countText(said.length, "line")}</summary>
      <ol ref={list} tabIndex={0} aria-label="What rbee does">
        {said.map(({ seq, actor, level, text }) => (
          <li key={seq} data-level={level}>
            <a class="actor" data-role={actor.split(":")[0]} href={`/jobs/${jobId}#seq-${seq}`}>
              {actor}
            </a>{" "}
            <bdi>{text}</bdi>
          </li>
        ))}
      </ol>
    </details>
  );
}
