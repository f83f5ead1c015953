import type { HiveLinkOptions } from "./hive_link.ts";

/** Where a hive is found, and what a link to it must know for that. */
export type HiveSource =
  & Pick<HiveLinkOptions, "find" | "advise" | "onLost" | "isAdded" | "maxRetryMs">
  & {
    /** Lets go of what was opened to find it. */
    close?(): Promise<void>;
  };

/** The longest wait between two attempts at another machine, which may be switched off for days. */
export const MAX_RETRY_MS = 30_000;
