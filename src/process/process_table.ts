/** A process as /proc tells it. */
export interface ProcessEntry {
  pid: number;
  /** Its process group. */
  pgid: number;
  /** As {@linkcode processStartTime} gives it. */
  startTime: string;
  /** Time on a processor since it started, in milliseconds. */
  cpuMs: number;
  /** What it holds in memory, in bytes; pages shared with others included. */
  memoryBytes: number;
}

// The kernel's own unit for user space, see times(2) and proc_pid_stat(5); 100 on every Linux.
const MS_PER_TICK = 10;
const DEFAULT_PAGE_BYTES = 4096;

let pageBytes: number | undefined;

/** All processes that run, zombies left out. Empty where there is no /proc. */
export function listProcesses(): ProcessEntry[] {
  const found: ProcessEntry[] = [];
  for (const pid of pids()) {
    const entry = readEntry(pid);
    if (entry !== undefined) found.push(entry);
  }
  return found;
}

/**
 * The processes that have a variable in the environment they were started with, and its value, whoever
 * started them and whatever group they have moved to. Those of other users cannot be seen.
 */
export function processesWithVariable(name: string): Map<number, string> {
  const begin = `\0${name}=`;
  const found = new Map<number, string>();
  for (const pid of pids()) {
    const environment = `\0${readProc(`${pid}/environ`) ?? ""}`;
    const at = environment.indexOf(begin);
    if (at === -1) continue;
    found.set(pid, environment.slice(at + begin.length).split("\0", 1)[0]!);
  }
  return found;
}

function pids(): number[] {
  try {
    return [...Deno.readDirSync("/proc")].map(({ name }) => Number(name))
      .filter((pid) => Number.isInteger(pid));
  } catch {
    // Another system than Linux.
    return [];
  }
}

function readEntry(pid: number): ProcessEntry | undefined {
  const stat = readProc(`${pid}/stat`);
  if (stat === undefined) return undefined;
  // The fields after the name, which may itself hold spaces: see proc_pid_stat(5), from field 3.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state] = fields;
  if (state === "Z" || state === "X") return undefined;
  return {
    pid,
    pgid: Number(fields[2]),
    startTime: fields[19] ?? "",
    cpuMs: (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK,
    memoryBytes: Number(fields[21]) * (pageBytes ??= readPageBytes()),
  };
}

function readPageBytes(): number {
  const size = /^KernelPageSize:\s+(\d+) kB$/m.exec(readProc("self/smaps") ?? "")?.[1];
  return size === undefined ? DEFAULT_PAGE_BYTES : Number(size) * 1024;
}

/** Undefined when the process has ended meanwhile, or is another user's. */
function readProc(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(`/proc/${path}`);
  } catch {
    return undefined;
  }
}
