import { useState } from "preact/hooks";
import { countText } from "../quantities.ts";

/** How much of one value is shown: a text of megabytes would hold up the page. */
const MAX_CHARACTERS = 100_000;

/** A value as indented JSON, folded until it is opened. */
export function JsonBlock({ name, value }: { name: string; value: unknown }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>{name}</summary>
      {isOpen && <Json name={name} value={value} />}
    </details>
  );
}

function Json({ name, value }: { name: string; value: unknown }) {
  const text = JSON.stringify(value, null, 2) ?? "";
  const more = text.length - MAX_CHARACTERS;
  return (
    <>
      <pre class="job-block" tabIndex={0} role="group" aria-label={name}>
        {more > 0 ? text.slice(0, MAX_CHARACTERS) : text}
      </pre>
      {more > 0 && <p class="muted">{countText(more, "more character")} not shown.</p>}
    </>
  );
}
