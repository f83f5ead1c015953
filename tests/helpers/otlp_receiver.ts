import assert from "node:assert/strict";
import { SignalBell } from "../../src/base/signal_bell.ts";

/** A span as a collector gets it, with the name of the service that sent it. */
export interface ReceivedSpan {
  service: string;
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId: string;
  attributes: Record<string, unknown>;
}

interface Attribute {
  key: string;
  value: Record<string, unknown>;
}

interface Resource {
  resource: { attributes: Attribute[] };
}

const WAIT_MS = 120_000;

/** A collector that speaks OTLP as JSON over HTTP, and keeps what it is sent. */
export class OtlpReceiver implements AsyncDisposable {
  readonly spans: ReceivedSpan[] = [];
  /** The bodies as they came, by what they are: `traces`, `metrics`, `logs`. */
  readonly bodies: { kind: string; text: string; headers: Headers }[] = [];
  readonly #bell = new SignalBell();
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => this.#receive(request),
  );

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** What has a process send here what it makes, but for its name. */
  get environment(): Record<string, string> {
    return {
      OTEL_DENO: "true",
      OTEL_DENO_CONSOLE: "ignore",
      OTEL_EXPORTER_OTLP_ENDPOINT: this.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_BSP_SCHEDULE_DELAY: "200",
    };
  }

  /** The first span that fits, which may be yet to come. */
  async span(fits: (span: ReceivedSpan) => boolean): Promise<ReceivedSpan> {
    const deadlineMs = performance.now() + WAIT_MS;
    for (;;) {
      const found = this.spans.find(fits);
      if (found !== undefined) return found;
      const timeoutMs = deadlineMs - performance.now();
      const shown = this.spans.map(({ service, name }) => `${service} ${name}`).join("\n");
      assert.ok(timeoutMs > 0, `no such span came in ${WAIT_MS} ms, but:\n${shown}`);
      await this.#bell.wait({ timeoutMs });
    }
  }

  /** The span that one is in; undefined where that is the first of its trace. */
  parentOf({ traceId, parentSpanId }: ReceivedSpan): ReceivedSpan | undefined {
    return this.spans.find((span) => span.traceId === traceId && span.spanId === parentSpanId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #receive(request: Request): Promise<Response> {
    const text = await request.text();
    const kind = new URL(request.url).pathname.split("/").at(-1)!;
    this.bodies.push({ kind, text, headers: request.headers });
    if (kind === "traces") this.#keep(JSON.parse(text));
    this.#bell.ring();
    return Response.json({});
  }

  #keep({ resourceSpans }: { resourceSpans: (Resource & { scopeSpans: ScopeSpans[] })[] }): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = String(valuesOf(resource.attributes)["service.name"]);
      for (const { spans } of scopeSpans) {
        for (const { attributes, ...span } of spans) {
          this.spans.push({ ...span, service, attributes: valuesOf(attributes ?? []) });
        }
      }
    }
  }
}

interface ScopeSpans {
  spans: (Omit<ReceivedSpan, "service" | "attributes"> & { attributes?: Attribute[] })[];
}

function valuesOf(attributes: Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
