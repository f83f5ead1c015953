import type { FileIdentity } from "./part_file.ts";
import type { FileAnswer } from "./range_request.ts";
import type { RemoteFile } from "./remote_file.ts";

/**
 * Whether what has come of a file can be of the one that is to be fetched: by its sum, where that is
 * known of both, else by what the same address said of it.
 */
export function canGoOn(begun: FileIdentity, file: RemoteFile): boolean {
  if (file.bytes !== undefined && file.bytes !== begun.total) return false;
  if (file.sha256 !== undefined) return file.sha256 === begun.sha256;
  return begun.validator !== undefined && begun.url === file.url;
}

/**
 * Whether an answer is of the file that was begun, from its first answer on. Where a sum is known it
 * decides at the end, and what servers call the file is of no matter: some call it another each time.
 *
 * @param known What is known of the file before this answer.
 */
export function isOfSameFile(known: FileIdentity, answer: FileAnswer): boolean {
  const { total, validator, sha256 } = known;
  if (total !== undefined && answer.total !== total) return false;
  if (sha256 !== undefined || validator === undefined) return true;
  // The answer to If-Range may leave out the date that it confirms. See RFC 9110, section 15.3.7.
  if (answer.validator === undefined && !validator.startsWith('"')) return true;
  return answer.validator === validator;
}

/** What `If-Range` is to be, where the server's word decides; undefined where it does not. */
export function conditionOf({ validator, sha256 }: FileIdentity): string | undefined {
  return sha256 === undefined ? validator : undefined;
}

/** Whether it can be told that two answers are of the same file. */
export function canBeTold({ validator, sha256 }: FileIdentity): boolean {
  return (sha256 ?? validator) !== undefined;
}
