/** A file that a process has open. */
export interface OpenFile {
  pid: number;
  /** The number of its descriptor. */
  fd: number;
}

/**
 * Who has a thing without a path open, in the order of pids.
 *
 * @param link As /proc names it: `socket:[INODE]` or `pipe:[INODE]`.
 * @returns The processes of other users are left out where those cannot be looked into. Empty where
 * there is no /proc.
 */
export function openFiles(link: string): OpenFile[] {
  const pids = numbersIn("/proc").toSorted((a, b) => a - b);
  return pids.flatMap((pid) =>
    numbersIn(`/proc/${pid}/fd`).filter((fd) => openLink({ pid, fd }) === link)
      .map((fd) => ({ pid, fd }))
  );
}

/** What a descriptor of a process leads to, as /proc names it; undefined when it is closed. */
export function openLink({ pid, fd }: OpenFile): string | undefined {
  try {
    return Deno.readLinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return undefined;
  }
}

/** Empty when the process has ended, or is another user's. */
function numbersIn(folder: string): number[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => Number(name)).filter(Number.isInteger);
  } catch {
    return [];
  }
}
