import { RbeeError } from "../base/rbee_error.ts";

const MAX_FRAMES = 20;
const listeners = new Set<(line: string) => void>();

/** Has `listener` told of each defect of this program that is met, in one line. Returns what ends that. */
export function onDefect(listener: (line: string) => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/**
 * Tells the operator of an error that no code of this program has foreseen: its kind, and the way that
 * led to it. Not its words, which may be those of a request. An {@linkcode RbeeError} is none, and says
 * itself what is to be done. Never throws.
 */
export function reportDefect(error: unknown): void {
  if (listeners.size === 0 || error instanceof RbeeError || !(error instanceof Error)) return;
  const { name, message, stack = "" } = error;
  const frames = stack.slice(stack.indexOf(message) + message.length).split("\n")
    .flatMap((line) => /^ +at (.+)$/.exec(line)?.[1] ?? [])
    .slice(0, MAX_FRAMES);
  const kind = /^\w{1,60}$/.test(name) ? name : "Error";
  const line = `defect: ${kind} at ${frames.join(" < ") || "an unknown place"}`;
  for (const listener of listeners) listener(line);
}
