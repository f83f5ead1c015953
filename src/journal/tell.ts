import { withoutNarrationContext } from "../narration/context.ts";
import { narrate, type NarrateOptions } from "../narration/narrate.ts";

/** Narrates in nobody's job: what a journal meets is no matter of the job that wrote to it last. */
export function tell(action: string, human: string, options: NarrateOptions = {}): void {
  withoutNarrationContext(() => narrate(action, human, options));
}
