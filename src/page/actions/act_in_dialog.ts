import { failureTold } from "../failure_told.ts";
import { closeDialog, lateRefusals, type OpenDialog, openDialog } from "./open_dialog.ts";

/** What is to be done after an action: the address to go to, or what to show of a refusal. */
export interface ActionOutcome {
  goesTo?: string | undefined;
  refused?: string;
}

/**
 * Does what a dialog asked for, and closes it. A person who has left it meanwhile, by Esc say, stays where
 * she is, with whatever other dialog she has opened; only a refusal is told to her, by
 * {@linkcode lateRefusals}.
 *
 * @param act Gives the address to go to afterwards; undefined: the page stays where it is.
 */
export async function actInDialog(
  dialog: OpenDialog | undefined,
  act: () => Promise<string | undefined>,
): Promise<ActionOutcome> {
  const isLeft = () => dialog === undefined || openDialog.peek() !== dialog;
  try {
    const goesTo = await act();
    if (isLeft()) return {};
    closeDialog();
    return { goesTo };
  } catch (error) {
    const { message } = failureTold(error);
    if (!isLeft()) return { refused: message };
    lateRefusals.value = [...lateRefusals.peek(), `${dialog?.title ?? "Refused"}: ${message}`];
    return {};
  }
}
