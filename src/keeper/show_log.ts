import { delay } from "../base/delay.ts";
import { RbeeError } from "../base/rbee_error.ts";
import { PipeReaders } from "../process/pipe_readers.ts";
import type { CommandContext } from "./command_context.ts";
import type { DaemonRole } from "./daemon.ts";
import { ReadableLog } from "./readable_log.ts";
import { RotatedLog } from "./rotated_log.ts";
import { escapeControls } from "./shown_text.ts";

/** What of a log is shown. */
export interface LogFlags {
  /** How many of its last lines. */
  lines: number;
  /** Goes on showing what comes, until the person presses Ctrl-C or nobody reads any more. */
  follow?: boolean;
  /** As it stands in the file: a record of JSON a line. */
  json?: boolean;
}

// Asked again and again, since a folder on another machine tells no changes. Nobody sees the delay.
const POLL_MS = 200;

/**
 * Shows the last lines of a log on standard output, older files of it included where
 * needed. Never ahead of who reads: nothing is dropped.
 *
 * @param path Of the newest file.
 * @throws {RbeeError} `log_not_found` If there is none.
 */
export async function showLog(
  path: string,
  options: LogFlags & Pick<CommandContext, "renderer" | "signal"> & { role: DaemonRole },
): Promise<void> {
  const { lines, follow, json, renderer, signal, role } = options;
  using log = await RotatedLog.open(path, lines);
  if (log === undefined) {
    throw new RbeeError(
      "log_not_found",
      `The ${role} has no log yet (${path}); start it with rbee ${role} start, or see journalctl -u rbee-${role} where systemd runs it`,
    );
  }
  const readers = follow ? new PipeReaders() : undefined;
  const decoder = new TextDecoder();
  const readable = new ReadableLog();
  while (!signal.aborted && !renderer.isUnread) {
    const bytes = await log.read();
    if (bytes !== undefined) {
      const text = decoder.decode(bytes, { stream: true });
      renderer.text(json ? escapeControls(text) : readable.push(text));
      await renderer.flush({ signal });
      continue;
    }
    if (readers === undefined || readers.haveLeft()) break;
    await delay(POLL_MS, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
  renderer.text(readable.flush());
}
