import { useEffect, useRef, useState } from "preact/hooks";
import { useFrame } from "../use_frame.ts";
import { countText } from "../quantities.ts";
import { conversation, runningRecording } from "./chat_session.ts";
import type { Turn } from "./conversation.ts";

/** Tells who hears the page when an answer begins and how it ends; not each of its tokens. */
export function Announcer() {
  const last = conversation.value.turns.at(-1);
  const recording = runningRecording.value;
  useFrame(recording);
  const isOpen = last?.state === "asking" || last?.state === "answering";
  const hasText = (recording?.tokens ?? 0) > 0;
  const openId = useRef<number>(undefined);
  const [text, setText] = useState("");
  useEffect(() => {
    if (isOpen) {
      openId.current = last.id;
      setText(hasText ? "The answer begins" : "");
    } else if (last !== undefined && last.id === openId.current) setText(endText(last));
  }, [last?.id, last?.state, hasText]);
  return <p class="hidden-visually" role="status">{text}</p>;
}

function endText({ state, figures, error }: Turn): string {
  if (state === "failed") return `There is no answer: ${error?.message ?? ""}`;
  const tokens = countText(figures?.tokens ?? 0, "token");
  return state === "stopped"
    ? `The answer was stopped after ${tokens}`
    : `The answer has ended, after ${tokens}`;
}
