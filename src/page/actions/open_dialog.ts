import { type Signal, signal } from "@preact/signals";
import type { VNode } from "preact";

/** A dialog that asks or tells something. */
export interface OpenDialog {
  title: string;
  /** What is in it, below its title. */
  content: VNode;
}

/** The dialog that is open; undefined: none is. Each that is opened is an object of its own. */
export const openDialog: Signal<OpenDialog | undefined> = signal(undefined);

/** What was refused after its dialog had been left, the oldest first, until the person has seen it. */
export const lateRefusals: Signal<readonly string[]> = signal([]);

/** Opens a dialog, in place of one that is open. */
export function showDialog({ title, content }: OpenDialog): void {
  openDialog.value = { title, content };
}

/** Closes the dialog that is open, if one is. */
export function closeDialog(): void {
  openDialog.value = undefined;
}
