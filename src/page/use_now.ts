import { useEffect, useState } from "preact/hooks";
import { queenNow } from "./cluster.ts";

/**
 * Draws who asks again and again, for what changes with time alone.
 *
 * @param isRunning Whether it goes on.
 * @param stepMs How often.
 */
export function useTick(isRunning: boolean, stepMs = 1000): void {
  const [, setTicks] = useState(0);
  useEffect(() => {
    if (!isRunning) return undefined;
    const timer = setInterval(() => setTicks((ticks) => ticks + 1), stepMs);
    return () => clearInterval(timer);
  }, [isRunning, stepMs]);
}

/**
 * The time now by the queen's clock, as {@linkcode queenNow}, which goes on by itself.
 *
 * @param isRunning Whether it goes on; else it stays where it is.
 * @param stepMs How often it is looked at.
 */
export function useNow(isRunning: boolean, stepMs = 1000): number {
  const [nowMs, setNowMs] = useState(queenNow);
  useEffect(() => {
    if (!isRunning) return undefined;
    setNowMs(queenNow());
    const timer = setInterval(() => setNowMs(queenNow()), stepMs);
    return () => clearInterval(timer);
  }, [isRunning, stepMs]);
  return nowMs;
}
