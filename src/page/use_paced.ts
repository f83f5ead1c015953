import { useEffect, useReducer, useRef } from "preact/hooks";
import { Pace } from "./pace.ts";

/**
 * A value as it was a moment ago, drawn anew at most every `everyMs` milliseconds: for what takes long to
 * draw. The newest one is always drawn in the end. 0: it is the value itself.
 */
export function usePaced<T>(value: T, everyMs: number): T {
  const nowMs = performance.now();
  const [, draw] = useReducer((drawn: number, _: void) => drawn + 1, 0);
  const known = useRef<Pace<T> | undefined>(undefined);
  const pace = known.current ??= new Pace(value, nowMs);
  const waitMs = pace.take(value, { everyMs, nowMs });
  useEffect(() => {
    if (waitMs === undefined) return undefined;
    const timer = setTimeout(() => draw(), waitMs);
    return () => clearTimeout(timer);
  });
  return pace.shown;
}
