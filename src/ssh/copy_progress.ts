import { listProcesses } from "../process/process_table.ts";

/** Where a process has a file open. */
interface OpenFile {
  pid: number;
  fd: string;
}

/**
 * How far the processes of a group have read a file, in bytes; undefined while none has it open, and
 * where there is no /proc. See proc(5), fdinfo.
 */
export class CopyProgress {
  readonly #leader: number;
  readonly #path: string;
  #open: OpenFile | undefined;

  /**
   * @param leader The process whose group is looked at.
   * @param path Absolute and without links.
   */
  constructor(leader: number, path: string) {
    this.#leader = leader;
    this.#path = path;
  }

  /** Looks now. */
  read(): number | undefined {
    this.#open ??= this.#find();
    if (this.#open === undefined) return undefined;
    const { pid, fd } = this.#open;
    const position = /^pos:\s*(\d+)/m.exec(readProc(`${pid}/fdinfo/${fd}`) ?? "")?.[1];
    if (position === undefined) this.#open = undefined;
    return position === undefined ? undefined : Number(position);
  }

  #find(): OpenFile | undefined {
    const all = listProcesses();
    const group = all.find(({ pid }) => pid === this.#leader)?.pgid;
    for (const { pid, pgid } of all) {
      if (pgid !== group || pid === Deno.pid) continue;
      const fd = descriptors(pid).find((name) => linkOf(pid, name) === this.#path);
      if (fd !== undefined) return { pid, fd };
    }
    return undefined;
  }
}

function descriptors(pid: number): string[] {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/fd`)].map(({ name }) => name);
  } catch {
    // It has ended meanwhile.
    return [];
  }
}

function linkOf(pid: number, fd: string): string | undefined {
  try {
    return Deno.readLinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    // It has been closed meanwhile.
    return undefined;
  }
}

function readProc(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(`/proc/${path}`);
  } catch {
    return undefined;
  }
}
