import assert from "node:assert/strict";
import { processesWithVariable } from "../../src/process/process_table.ts";

/** A process and its command line, words joined by spaces. */
export interface InsideProcess {
  pid: number;
  command: string;
}

/** The processes of the pid namespace that process `pid` is in, zombies left out. */
export function sameNamespace(pid: number): InsideProcess[] {
  const namespace = namespaceOf(pid);
  if (namespace === undefined) return [];
  return pids().filter((other) => namespaceOf(other) === namespace).flatMap(described);
}

/** The processes that were started with a variable of this value in their environment. */
export function withMark(name: string, value: string): InsideProcess[] {
  return [...processesWithVariable(name)].filter(([, found]) => found === value)
    .flatMap(([pid]) => described(pid));
}

/** The processes of this machine whose command line holds `text`. */
export function processesSaying(text: string): InsideProcess[] {
  return pids().flatMap(described).filter(({ command }) => command.includes(text));
}

/** The only child of process `pid`. */
export function childOf(pid: number): number {
  const children = pids().filter((other) => statFields(other)?.[1] === String(pid));
  assert.equal(children.length, 1, `children of ${pid}: ${children}`);
  return children[0]!;
}

function described(pid: number): InsideProcess[] {
  const state = statFields(pid)?.[0];
  if (state === undefined || state === "Z" || state === "X") return [];
  const words = read(`${pid}/cmdline`)?.split("\0").filter((word) => word !== "");
  return words === undefined ? [] : [{ pid, command: words.join(" ") }];
}

function pids(): number[] {
  return [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter(Number.isInteger);
}

function namespaceOf(pid: number): string | undefined {
  try {
    return Deno.readLinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}

/** See proc_pid_stat(5), from field 3. */
function statFields(pid: number): string[] | undefined {
  const stat = read(`${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function read(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(`/proc/${path}`);
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}
