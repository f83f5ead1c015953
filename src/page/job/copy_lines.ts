/**
 * Puts several selected lines of a timeline on the clipboard, each as one line: their parts stand in
 * columns, which a browser would copy below each other. A selection inside one line is left to it.
 */
export function copyLines(event: ClipboardEvent): void {
  if (event.target instanceof HTMLTextAreaElement) return;
  const selection = getSelection();
  if (selection === null || selection.rangeCount === 0) return;
  const lines = selection.getRangeAt(0).cloneContents().querySelectorAll(".line, .line-gap");
  if (lines.length < 2 || event.clipboardData === null) return;
  const texts = [...lines].map((line) =>
    [...line.querySelectorAll("time, .line-offset, .line-actor, .line-action, .line-text")]
      .map(({ textContent }) => textContent.trim())
      .filter((text) => text !== "")
      .join(" ") || line.textContent
  );
  event.clipboardData.setData("text/plain", texts.join("\n"));
  event.preventDefault();
}
