import type { CommandContext } from "../command_context.ts";

/** What a check has found. */
export interface Finding {
  /** What was looked at: `queen port`. */
  name: string;
  status: "ok" | "warning" | "failed";
  /** A sentence without its full stop. */
  message: string;
  /** What to type, or to do, about it. */
  next?: string;
}

/** What a check works with. Its signal aborts when nobody waits for it any more. */
export type CheckContext = Pick<CommandContext, "settings" | "signal">;

/** Looks at one thing and changes nothing. What it throws is a finding that failed. */
export interface Check {
  /** Names it where it finds nothing because it throws, or takes too long. */
  name: string;
  look(context: CheckContext): Promise<Finding[]>;
}
