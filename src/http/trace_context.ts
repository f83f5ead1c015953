import type { MiddlewareHandler } from "hono";
import { currentTraceId, inTraceOf } from "../tracing/spans.ts";

/**
 * Takes up the trace of who asks. `Deno.serve` does so by itself, `node:http` under Deno does not.
 */
export function takeUpTrace(): MiddlewareHandler {
  return async (c, next) => {
    if (currentTraceId() !== undefined) return await next();
    const carrier: Record<string, string> = {};
    for (const name of ["traceparent", "tracestate"]) {
      const value = c.req.header(name);
      if (value !== undefined) carrier[name] = value;
    }
    await inTraceOf(carrier, next);
  };
}
