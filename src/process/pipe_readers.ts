import { type OpenFile, openFiles, openLink } from "./open_files.ts";

// The access mode among the flags of open(2), in the octal of /proc/PID/fdinfo.
const ACCESS_MODE = 0o3;
const READ_ONLY = 0;

/**
 * Knows who reads the pipe that this process writes to, so that one which writes seldom need not write
 * to learn that its reader has left.
 */
export class PipeReaders {
  readonly #pipe: string | undefined;
  #readers: OpenFile[];

  /** @param fd The descriptor that may be a pipe. Default 1, standard output. */
  constructor(fd = 1) {
    const link = openLink({ pid: Deno.pid, fd });
    this.#pipe = link?.startsWith("pipe:") ? link : undefined;
    this.#readers = this.#find();
  }

  /**
   * Whether all have left who read it at first. False where that cannot be known: it is no pipe, its
   * readers are other users', or there is no /proc.
   */
  haveLeft(): boolean {
    if (this.#readers.length === 0) return false;
    if (this.#readers.some((reader) => openLink(reader) === this.#pipe)) return false;
    // They may have handed it on.
    const found = this.#find();
    if (found.length === 0) return true;
    this.#readers = found;
    return false;
  }

  #find(): OpenFile[] {
    return this.#pipe === undefined ? [] : openFiles(this.#pipe).filter(isRead);
  }
}

function isRead({ pid, fd }: OpenFile): boolean {
  try {
    const text = Deno.readTextFileSync(`/proc/${pid}/fdinfo/${fd}`);
    const flags = /^flags:\s*([0-7]+)$/m.exec(text)?.[1];
    return flags !== undefined && (parseInt(flags, 8) & ACCESS_MODE) === READ_ONLY;
  } catch {
    return false;
  }
}
