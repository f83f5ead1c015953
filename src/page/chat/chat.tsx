import { useEffect, useRef } from "preact/hooks";
import { watched, watchJob } from "../live_stream.ts";
import { countText } from "../quantities.ts";
import { Announcer } from "./announcer.tsx";
import { ChatHead } from "./chat_head.tsx";
import { conversation, isKept, watchedJob } from "./chat_session.ts";
import { Composer } from "./composer.tsx";
import { TurnView } from "./turn_view.tsx";
import { useFollowEnd } from "./use_follow_end.ts";

/** A conversation with a model. It goes on while the page shows something else. */
export function Chat() {
  const { turns, lostTurns } = conversation.value;
  const jobId = watchedJob.value;
  const watchedId = watched.value?.jobId;
  useEffect(() => {
    if (jobId !== undefined && watchedId !== jobId) watchJob(jobId);
  }, [jobId, watchedId]);
  const isEmpty = turns.length === 0;
  const wasEmpty = useRef(isEmpty);
  useEffect(() => {
    // After the question whether to begin anew, whose button may be gone with what was said.
    if (isEmpty && !wasEmpty.current) document.getElementById("chat-question")?.focus();
    wasEmpty.current = isEmpty;
  }, [isEmpty]);
  const log = useRef<HTMLDivElement | null>(null);
  const followEnd = useFollowEnd(log);
  return (
    <div class="chat">
      <ChatHead />
      {!isKept.value && (
        <p class="hint">The browser does not keep this conversation: a reload loses it.</p>
      )}
      <div class="turns" ref={log} role="log" aria-live="off" aria-label="Conversation">
        {lostTurns > 0 && (
          <p class="hint">
            {countText(lostTurns, "older question")}{" "}
            went with a reload, since the browser keeps only so much. The model is not told of them.
          </p>
        )}
        {isEmpty && (
          <p class="muted">
            Ask something. The model is loaded when it is needed; each step of that is shown beside
            the answer.
          </p>
        )}
        {turns.map((turn, i) => (
          <TurnView key={turn.id} turn={turn} number={i + 1} isLast={i === turns.length - 1} />
        ))}
      </div>
      <Announcer />
      <Composer onAsk={followEnd} />
    </div>
  );
}
