import type { ComponentChildren, TargetedSubmitEvent } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { CopyButton } from "../copy_button.tsx";
import { goTo } from "../route.ts";
import { actInDialog } from "./act_in_dialog.ts";
import type { Typed } from "./job_requests.ts";
import { closeDialog, openDialog } from "./open_dialog.ts";

/** What a dialog asks, and does. */
export interface ActionFormProps {
  /** Its fields, or what it says. */
  children: ComponentChildren;
  /** What the button that does it says. */
  verb: string;
  /** What the button that does not do it says. Default "Cancel". */
  refusal?: string;
  /** Whether it destroys something: then the focus is on the button that does not do it. */
  isDestructive?: boolean;
  /** The command line that does the same, by what is typed. Absent: there is none. */
  command?: (typed: Typed) => string;
  /**
   * Does it, and gives the address to go to, if there is one; the dialog then closes. What it throws is
   * shown, and what was typed stays.
   */
  act(typed: Typed): Promise<string | undefined>;
}

/** The form of a dialog: its fields, the command that does the same, and its two buttons. */
export function ActionForm(props: ActionFormProps) {
  const { children, verb, refusal = "Cancel", isDestructive = false } = props;
  const form = useRef<HTMLFormElement>(null);
  const [command, setCommand] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string>();
  const [dialog] = useState(() => openDialog.peek());
  const showCommand = () => setCommand(props.command?.(typedIn(form.current)) ?? "");
  useEffect(showCommand, []);
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    setRefused(undefined);
    const typed = typedIn(event.currentTarget);
    const { goesTo, refused } = await actInDialog(dialog, () => props.act(typed));
    setBusy(false);
    setRefused(refused);
    if (goesTo !== undefined) goTo(goesTo);
  };
  return (
    <form class="action" ref={form} onSubmit={submit} onInput={showCommand}>
      {children}
      {props.command !== undefined && (
        <div class="same-command">
          <span id="same-command">The same from the command line</span>
          <code tabIndex={0} aria-labelledby="same-command">{command}</code>
          <CopyButton text={() => command} what="the command" />
        </div>
      )}
      <p class="hint" role="status">
        {isBusy && "It is sent. To leave this dialog does not take it back."}
      </p>
      {refused !== undefined && <p class="failure" role="alert">{refused}</p>}
      <div class="buttons">
        <button type="button" onClick={closeDialog} autofocus={isDestructive}>{refusal}</button>
        <button type="submit" class={isDestructive ? "danger" : "primary"} aria-disabled={isBusy}>
          {verb}
        </button>
      </div>
    </form>
  );
}

function typedIn(form: HTMLFormElement | null): Typed {
  if (form === null) return {};
  const entries = [...new FormData(form)];
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}
