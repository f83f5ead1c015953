import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { MarkdownStream } from "./markdown_stream.tsx";

/** Shows a Markdown text. While it grows it may lag behind a little where reading it takes long. */
export function Markdown({ text, isGrowing }: { text: string; isGrowing: boolean }) {
  const stream = useRef<MarkdownStream>(undefined);
  const reader = stream.current ??= new MarkdownStream();
  const [shown, setShown] = useState(text);
  useEffect(() => {
    if (!isGrowing || text === shown) return undefined;
    // The rest is counted from the last reading, so that text that keeps coming does not put it off.
    const timer = setTimeout(() => setShown(text), reader.restMs);
    return () => clearTimeout(timer);
  }, [text, shown, isGrowing]);
  const read = isGrowing ? shown : text;
  const nodes = useMemo(
    () => isGrowing ? reader.grown(read) : reader.whole(read),
    [read, isGrowing],
  );
  return <div class="markdown" dir="auto">{nodes}</div>;
}
