import { CopyButton } from "../copy_button.tsx";

const LANGUAGE = /^[\p{L}\p{N}+#._-]{1,30}/u;

/** Code with its language and a button that copies it. Long lines are scrolled, not broken. */
export function CodeBlock({ text, language }: { text: string; language: string }) {
  const label = LANGUAGE.exec(language)?.[0] ?? "";
  return (
    <figure class="code-block">
      <figcaption>
        <span>{label === "" ? "Code" : label}</span>
        <CopyButton text={() => text} what="the code" />
      </figcaption>
      <pre tabIndex={0} role="group" aria-label={label === "" ? "Code" : `Code, ${label}`}>
        <code>{text}</code>
      </pre>
    </figure>
  );
}
