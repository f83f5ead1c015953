import { useLayoutEffect, useRef } from "preact/hooks";
import { connection } from "../cluster.ts";
import { route } from "../route.ts";
import { closeDialog, lateRefusals, openDialog } from "./open_dialog.ts";

/**
 * Shows the dialog that is open, above everything else. The browser keeps the focus in it, closes it by
 * Esc, and gives the focus back to where it was. A dialog ends with the view that it was opened in.
 */
export function DialogHost() {
  const dialog = openDialog.value;
  const element = useRef<HTMLDialogElement>(null);
  const isOpen = dialog !== undefined;
  const wasOpen = useRef(isOpen);
  const where = route.value;
  const isLocked = connection.value.kind === "locked";
  useLayoutEffect(closeDialog, [where, isLocked]);
  // Before anything else that follows from it: who goes to another view moves the focus there afterwards.
  useLayoutEffect(() => {
    if (isOpen && element.current?.open === false) element.current.showModal();
    if (!isOpen) {
      element.current?.close();
      // Where what it was opened by is gone, the browser gives the focus to nothing.
      if (wasOpen.current && document.activeElement === document.body) {
        document.getElementById("content")?.focus();
      }
    }
    wasOpen.current = isOpen;
  }, [isOpen]);
  const closed = () => {
    // The browser tells it somewhat later: meanwhile the next one may have been opened.
    if (element.current?.open !== true) closeDialog();
  };
  return (
    <>
      {!isOpen && <LateRefusals />}
      <dialog class="dialog" ref={element} aria-labelledby="dialog-title" onClose={closed}>
        {dialog !== undefined && (
          <>
            <h2 id="dialog-title">{dialog.title}</h2>
            <LateRefusals />
            {dialog.content}
          </>
        )}
      </dialog>
    </>
  );
}

/** In the dialog, where one is open: the browser tells nobody what is behind it. */
function LateRefusals() {
  const told = lateRefusals.value;
  if (told.length === 0) return null;
  return (
    <div class="late-refusals panel" role="alert">
      {told.map((text, i) => <p key={i} class="failure">{text}</p>)}
      <button type="button" onClick={() => lateRefusals.value = []}>Close this notice</button>
    </div>
  );
}
