import { signal } from "@preact/signals";

/** What the job does whose page is shown, for the title; undefined as long as it is not known. */
export const shownJob = signal<string | undefined>(undefined);
