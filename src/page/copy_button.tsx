import { useEffect, useRef, useState } from "preact/hooks";

const SAID_MS = 3000;

/**
 * Copies a text. Where the browser lets no page write to its clipboard, which it does by TLS and on
 * loopback alone, the text is shown, selected, to be copied by hand. It then stays: were it gone with the
 * focus, a button that is pressed next would move from under the pointer.
 */
export function CopyButton({ text, what }: { text: () => string; what: string }) {
  const [outcome, setOutcome] = useState<"none" | "copied" | "selected">("none");
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (outcome === "selected") field.current?.select();
    if (outcome !== "copied") return undefined;
    const timer = setTimeout(() => setOutcome("none"), SAID_MS);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = async () => {
    setOutcome(await copied(text()) ? "copied" : "selected");
    // Who asks again has it selected again.
    field.current?.select();
  };
  return (
    <span class="copy">
      <button type="button" class="quiet" aria-label={`Copy ${what}`} onClick={copy}>
        {outcome === "copied" ? "Copied" : "Copy"}
      </button>
      <span class="hidden-visually" role="status">{outcome === "copied" && "Copied"}</span>
      {outcome === "selected" && (
        <textarea
          ref={field}
          readOnly
          rows={3}
          value={text()}
          aria-label="The text, selected; copy it with the keyboard"
        />
      )}
    </span>
  );
}

async function copied(text: string): Promise<boolean> {
  // Undefined on a page that came without TLS from another machine.
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (clipboard === undefined) return false;
  return await clipboard.writeText(text).then(() => true, () => false);
}
