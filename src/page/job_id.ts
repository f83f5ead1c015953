import { queenNow } from "./cluster.ts";

/**
 * Makes the id of a job that is submitted from here: `job-` and a UUIDv7, whose first bits are its time.
 * See RFC 9562, section 5.7. The browser's own `randomUUID` makes none with a time, and none without TLS.
 */
export function newJobId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const view = new DataView(bytes.buffer);
  const nowMs = queenNow();
  view.setUint16(0, nowMs / 2 ** 32);
  view.setUint32(2, nowMs);
  view.setUint8(6, 0x70 | view.getUint8(6) & 0x0f);
  view.setUint8(8, 0x80 | view.getUint8(8) & 0x3f);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `job-${hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")}`;
}
