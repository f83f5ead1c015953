import {
  type Attributes,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span as ApiSpan,
  type SpanOptions,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { toRbeeError } from "../base/rbee_error.ts";
import { VERSION } from "../version.ts";

/**
 * Whether this process makes spans: Deno does, where `OTEL_DENO=true` stands in its environment. It
 * cannot change while the process runs.
 */
export const isTracing: boolean = propagation.fields().length > 0;

/** A span that has not ended. */
export type Span = ApiSpan;

const tracer = trace.getTracer("rbee", VERSION);
const NO_SPAN = trace.wrapSpanContext({
  traceId: "0".repeat(32),
  spanId: "0".repeat(16),
  traceFlags: 0,
});
const ended = new WeakSet<Span>();

/**
 * Does `body` inside a span that ends when it settles, as an error where it throws: with the code of that
 * error, never with its words. All that is begun inside is of the same trace, also what goes on after the
 * span. Where this process makes no spans it is `body` and nothing else.
 *
 * @param options.attributes Never prompts, answers or anything of them.
 * @param options.root Whether it begins a trace of its own. Default: only where there is none.
 * @throws {unknown} What `body` throws.
 */
export async function inSpan<T>(
  name: string,
  options: Pick<SpanOptions, "attributes" | "root" | "startTime">,
  body: (span: Span) => Promise<T>,
): Promise<T> {
  if (!isTracing) return await body(NO_SPAN);
  return await tracer.startActiveSpan(name, options, async (span) => {
    try {
      return await body(span);
    } catch (error) {
      markFailed(span, toRbeeError(error).code);
      throw error;
    } finally {
      ended.add(span);
      span.end();
    }
  });
}

/** Marks what a span stands for as failed, by the code of the error. */
export function markFailed(span: Span, code: string): void {
  span.setAttribute("error.type", code);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/**
 * Adds a span for what is over, in the trace that is in force here.
 *
 * @param times Milliseconds since 1970.
 */
export function addSpan(
  name: string,
  times: { from: number; to: number },
  attributes: Attributes = {},
): void {
  if (!isTracing) return;
  tracer.startSpan(name, { startTime: times.from, attributes }).end(times.to);
}

/** Whether the span in force is one that has not ended: what begins here is still part of it. */
export function isInOpenSpan(): boolean {
  const span = trace.getActiveSpan();
  return span !== undefined && !ended.has(span);
}

/** The trace in force here, 32 hexadecimal digits; undefined where there is none. */
export function currentTraceId(): string | undefined {
  return isTracing ? trace.getActiveSpan()?.spanContext().traceId : undefined;
}

/** Runs `body` in no trace, for work that outlives the request which happened to start it. */
export function withoutTrace<T>(body: () => T): T {
  return isTracing ? context.with(ROOT_CONTEXT, body) : body();
}

/**
 * Runs `body` in the trace that a carrier names (headers of a request, an environment), by the rules of
 * W3C Trace Context. Where it names none, or this process makes no spans, in the one in force.
 *
 * @param carrier Its names in lower case: `traceparent`, `tracestate`.
 */
export function inTraceOf<T>(carrier: Record<string, string>, body: () => T): T {
  if (!isTracing) return body();
  return context.with(propagation.extract(context.active(), carrier), body);
}
