import { context, propagation } from "@opentelemetry/api";
import type { Role } from "../contracts/identifiers.ts";
import { inTraceOf, isInOpenSpan, isTracing } from "./spans.ts";

// What a program is told of the trace that it is started in. Not one of those that a child just inherits.
const CARRIED = ["TRACEPARENT", "TRACESTATE"] as const;
// Given by rbee itself, so no wish of the person.
const OWN_NAME = /^rbee-(keeper|queen|hive|worker)$/;
// Deno waits for the collector when a process ends, three times so long: by default half a minute.
const EXPORT_MS = "1000";

/**
 * What a role that this process starts finds in its environment about traces, beside what it inherits:
 * its name there (`rbee-queen`), unless the person has chosen one; that its console is no log to be
 * exported; how long a collector may hold up its end.
 *
 * @param options.joins Whether its start is part of the trace in force here, if that is still open.
 * Default: false.
 */
export function traceEnvironment(
  role: Role,
  options: { joins?: boolean } = {},
): Record<string, string> {
  if (!isTracing) return {};
  const name = Deno.env.get("OTEL_SERVICE_NAME");
  const environment: Record<string, string> = {
    OTEL_SERVICE_NAME: name === undefined || OWN_NAME.test(name) ? `rbee-${role}` : name,
    OTEL_DENO_CONSOLE: Deno.env.get("OTEL_DENO_CONSOLE") ?? "ignore",
    OTEL_EXPORTER_OTLP_TIMEOUT: Deno.env.get("OTEL_EXPORTER_OTLP_TIMEOUT") ?? EXPORT_MS,
  };
  if (options.joins !== true || !isInOpenSpan()) return environment;
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  for (const name of CARRIED) {
    const value = carrier[name.toLowerCase()];
    if (value) environment[name] = value;
  }
  return environment;
}

/** The environment without what it says of the trace that this process was started in. */
export function withoutCarriedTrace(environment: Record<string, string>): Record<string, string> {
  const kept = { ...environment };
  for (const name of CARRIED) delete kept[name];
  return kept;
}

/**
 * The environment of a program that is none of ours: without the name that rbee has in traces, and
 * without the headers of exports, which may hold the key of a collector.
 */
export function withoutTraceKeys(environment: Record<string, string>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (/^OTEL_EXPORTER_OTLP_(\w+_)?HEADERS$/.test(name)) continue;
    if (name === "OTEL_SERVICE_NAME" && OWN_NAME.test(value)) continue;
    kept[name] = value;
  }
  return kept;
}

/** Runs `body` in the trace that this process was started in, if its environment names one. */
export function inTraceOfEnvironment<T>(body: () => T): T {
  if (!isTracing) return body();
  const carrier: Record<string, string> = {};
  for (const name of CARRIED) {
    const value = Deno.env.get(name);
    if (value !== undefined) carrier[name.toLowerCase()] = value;
  }
  return inTraceOf(carrier, body);
}
