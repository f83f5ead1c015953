import assert from "node:assert/strict";
import { Hono } from "hono";
import { type ProxyParts, type ProxyTarget, proxyToWorker } from "../../src/hive/worker_proxy.ts";
import { errorResponse } from "../../src/http/errors.ts";
import { type AnswerWay, listen, type Listener } from "../../src/http/listen.ts";

const NEVER = new Promise<undefined>(() => {});

/** What a server saw of a request. */
export interface SeenRequest {
  method: string;
  path: string;
  headers: Headers;
  body: Uint8Array;
}

/** A server in place of a worker's, and the way to it through a hive's proxy. */
export class ProxyBench implements AsyncDisposable {
  readonly seen: SeenRequest[] = [];
  readonly worker: ProxyTarget;
  readonly #counted = new Set<symbol>();
  /** What answers for the worker's jobs, where its program knows none. */
  jobs: ReturnType<ProxyParts["jobsOf"]>;
  readonly #target: Listener;
  readonly #proxy: Listener;

  constructor(answer: (request: Request) => Response | Promise<Response>) {
    this.#target = listen({
      host: "127.0.0.1",
      port: 0,
      handler: async (request) => {
        const { pathname, search } = new URL(request.url);
        const { method, headers } = request;
        const body = new Uint8Array(await request.clone().arrayBuffer());
        this.seen.push({ method, path: pathname + search, headers, body });
        return await answer(request);
      },
    });
    this.worker = {
      id: "worker-x",
      pid: 4711,
      url: this.#target.url,
      state: "ready",
      error: undefined,
      death: NEVER,
      spec: { model: "bee-tiny", device: "cpu", engine: "llama", options: {} },
      abandon: () => {},
    };
    const parts: ProxyParts = {
      use: (id) => {
        assert.equal(id, "worker-x");
        const request = Symbol();
        this.#counted.add(request);
        return () => void this.#counted.delete(request);
      },
      jobsOf: (id) => id === "worker-x" ? this.jobs : undefined,
    };
    const app = new Hono<{ Bindings: AnswerWay }>();
    app.onError((error, c) => errorResponse(c, error));
    app.all("/*", (c) => proxyToWorker(c, this.worker, new URL(c.req.url).pathname, parts));
    this.#proxy = listen({
      host: "127.0.0.1",
      port: 0,
      handler: (request, way) => app.fetch(request, way),
    });
  }

  get url(): string {
    return this.#proxy.url;
  }

  /** Requests that the hive counts now. */
  get requests(): number {
    return this.#counted.size;
  }

  /** Closes the server, so that its address answers nobody. */
  async closeTarget(): Promise<void> {
    await this.#target.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#proxy.close({ drainMs: 0 });
    await this.#target.close({ drainMs: 0 });
  }
}
