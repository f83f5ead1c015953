import type { Caller } from "../http/caller.ts";

/** Whether somebody may see, read and cancel a job: their own, or any where they may do everything. */
export function mayReach(caller: Caller, job: { owner: string | undefined }): boolean {
  if (caller.role === "admin") return true;
  return caller.tokenId !== undefined && caller.tokenId === job.owner;
}
