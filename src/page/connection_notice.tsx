import { useLayoutEffect, useRef } from "preact/hooks";
import { connection } from "./cluster.ts";
import { reconnect } from "./live_stream.ts";
import { sentenceText } from "./plain_words.ts";
import { useTick } from "./use_now.ts";

/** Says, while the page is not connected, why, and when it tries again: what is seen is not how it is now. */
export function ConnectionNotice() {
  const now = connection.value;
  const notice = useRef<HTMLDivElement>(null);
  const isLost = now.kind === "lost";
  useTick(isLost);
  useLayoutEffect(() => {
    if (!isLost) return undefined;
    const { current } = notice;
    let hasFocus = false;
    const look = ({ target }: FocusEvent) => hasFocus = current?.contains(target as Node) === true;
    document.addEventListener("focusin", look);
    return () => {
      document.removeEventListener("focusin", look);
      // Who pressed its button would else be nowhere.
      if (hasFocus) document.querySelector("h1")?.focus();
    };
  }, [isLost]);
  if (!isLost) return null;
  // By the browser's clock, as it was told.
  const seconds = Math.ceil((now.retryAtMs - Date.now()) / 1000);
  return (
    <div class="notice" role="alert" ref={notice}>
      <p>
        {sentenceText(now.message)} What is shown here is how it was.{" "}
        <span aria-hidden="true">Trying again {seconds > 0 ? `in ${seconds} s` : "now"}.</span>
      </p>
      <button type="button" onClick={reconnect}>Try now</button>
    </div>
  );
}
