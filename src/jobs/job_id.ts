import { v7 } from "uuid";

/** Makes a job id: `job-` and a UUIDv7, whose first bits are its time. */
export function newJobId(): string {
  return `job-${v7()}`;
}

/** The time in a job's id, in milliseconds since 1970. See RFC 9562, section 5.7. */
export function jobIdTimeMs(id: string): number {
  return parseInt(id.slice(4, 12) + id.slice(13, 17), 16);
}
