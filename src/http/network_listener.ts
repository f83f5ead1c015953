import { createRequest, sendResponse } from "@remix-run/node-fetch-server";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { within } from "../base/delay.ts";
import { narrate } from "../narration/narrate.ts";
import {
  type AnswerWay,
  type Listener,
  listenFailure,
  type ListenOptions,
  refusal,
  urlOf,
} from "./listen.ts";
import { peerOf } from "./peer_rates.ts";
import type { TlsCertificate } from "./tls_certificate.ts";

/** Where others listen, and what they may take. */
export interface NetworkListenerOptions extends Pick<ListenOptions, "host" | "port"> {
  /** Encrypts with it. Default: plain HTTP. */
  certificate?: TlsCertificate | undefined;
  /**
   * How many connections may be open at once; one more is closed unheard. A quarter of them, but at least
   * 16, may be of one address. Default 10,000.
   */
  maxConnections?: number;
  /** The size of a request's first line and headers, in bytes; above it the answer is 431. Default 16,384. */
  maxHeaderBytes?: number;
  /** How long headers, and the handshake of TLS, may take, in milliseconds. Default 10,000. */
  headerMs?: number;
  /** How long a whole request may take, in milliseconds. Default 600,000. */
  requestMs?: number;
  /** How long a connection may be idle between two requests, in milliseconds. Default 120,000. */
  idleMs?: number;
}

// What is left of a body that nobody reads may still come for so long: a connection that is closed at
// once takes the answer with it that stands in its way.
const LINGER_MS = 2000;
// How long an end waits for streams to hear that their readers have gone.
const LAST_MS = 1000;
// Node hands out all requests that a connection has sent, answered or not. One that follows before its
// answer's end has been noted may be of who has read it already.
const MAX_UNANSWERED = 2;
const MIN_OF_PEER = 16;
// Of what two programs may each take another one, where it comes twice.
const ONCE = new Set(["host", "authorization", "content-type", "content-encoding", "origin"]);
// A flood would otherwise fill the log.
const TELL_FULL_MS = 60_000;

/**
 * A listener for addresses that others can reach. Deno's own has no limits of time and size for headers,
 * none of connections, and cannot change its certificate; Node's has all of them, and takes two to three
 * times as long for a request.
 */
export class NetworkListener {
  readonly #server: Server | TlsServer;
  readonly #sockets = new Set<Socket>();
  /** How many requests of a connection have no whole answer yet. */
  readonly #unanswered = new WeakMap<Socket, number>();
  /** How many connections an address has. */
  readonly #ofPeer = new Map<string, number>();
  readonly #open = new Set<Promise<void>>();
  #certificate: TlsCertificate | undefined;
  #handler: ListenOptions["handler"] = refusal;
  #toldMs = -Infinity;
  readonly url: string;

  private constructor(server: Server | TlsServer, options: NetworkListenerOptions) {
    this.#server = server;
    const { host, certificate } = options;
    this.#certificate = certificate;
    this.url = urlOf(host, (server.address() as AddressInfo).port, certificate?.names);
  }

  /**
   * Takes the port. Who asks before {@linkcode serve} is refused with 503.
   *
   * @throws {RbeeError} `port_in_use` If another program has the port.
   * @throws {RbeeError} `cannot_listen` If the address is not this machine's or not permitted.
   */
  static async open(options: NetworkListenerOptions): Promise<NetworkListener> {
    const { host, port, certificate } = options;
    const { headerMs = 10_000, requestMs = 600_000, idleMs = 120_000 } = options;
    const limits = {
      maxHeaderSize: options.maxHeaderBytes ?? 16_384,
      headersTimeout: headerMs,
      requestTimeout: requestMs,
      keepAliveTimeout: idleMs,
      connectionsCheckingInterval: Math.min(1000, headerMs / 2),
    };
    const server = certificate === undefined
      ? createServer(limits)
      : createTlsServer({ ...limits, handshakeTimeout: headerMs, ...pair(certificate) });
    server.maxConnections = options.maxConnections ?? 10_000;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once("error", reject);
    // Node has no brackets around an IPv6 address.
    server.listen(port, host.replace(/^\[(.*)\]$/, "$1"), resolve);
    try {
      await promise;
    } catch (error) {
      throw listenFailure(error, { host, port });
    }
    const listener = new NetworkListener(server, options);
    listener.#watch();
    return listener;
  }

  /** Whether it speaks TLS. */
  get isEncrypted(): boolean {
    return this.#certificate !== undefined;
  }

  /** What its certificate is for; none where it speaks plain HTTP. */
  get names(): readonly string[] {
    return this.#certificate?.names ?? [];
  }

  /** Begins to answer. */
  serve(handler: ListenOptions["handler"]): Listener {
    this.#handler = handler;
    const { port } = this.#server.address() as AddressInfo;
    return { url: this.url, port, close: (options) => this.close(options) };
  }

  /** New connections get this certificate; those that are open go on with theirs. */
  setCertificate(certificate: TlsCertificate): void {
    if (!("setSecureContext" in this.#server)) return;
    this.#server.setSecureContext(pair(certificate));
    this.#certificate = certificate;
  }

  /** As {@linkcode Listener.close}. */
  async close({ drainMs = 2000 }: { drainMs?: number } = {}): Promise<void> {
    this.#handler = refusal;
    if (!this.#server.listening) return;
    await within(Promise.all(this.#open), drainMs);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    // A stream hears that its reader has gone only after the server has closed.
    await within(Promise.all(this.#open), LAST_MS);
  }

  #watch(): void {
    const server = this.#server;
    server.on("connection", (socket: Socket) => this.#admit(socket));
    // Node says so and leaves it open.
    server.on("tlsClientError", (_error: Error, socket: Socket) => void socket.destroy());
    server.on(
      "request",
      (incoming: IncomingMessage, outgoing: ServerResponse) =>
        void this.#answer(incoming, outgoing),
    );
  }

  /** Takes a connection, unless its address has its share of them already. */
  #admit(socket: Socket): void {
    const { maxConnections } = this.#server;
    const peer = peerOf(socket.remoteAddress ?? "");
    const ofPeer = (this.#ofPeer.get(peer) ?? 0) + 1;
    const share = Math.max(MIN_OF_PEER, Math.floor(maxConnections / 4));
    if (ofPeer > share) {
      this.#tellFull(
        `${share} connections from ${peer} are open, which is the most of one address`,
      );
      socket.destroy();
      return;
    }
    this.#ofPeer.set(peer, ofPeer);
    this.#sockets.add(socket);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      const left = this.#ofPeer.get(peer)! - 1;
      if (left > 0) this.#ofPeer.set(peer, left);
      else this.#ofPeer.delete(peer);
    });
    if (this.#sockets.size >= maxConnections) {
      this.#tellFull(`${maxConnections} connections are open, which is the most there may be`);
    }
  }

  async #answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { socket } = incoming;
    if (socket.destroyed) return;
    const unanswered = (this.#unanswered.get(socket) ?? 0) + 1;
    if (unanswered > MAX_UNANSWERED) {
      socket.destroy();
      return;
    }
    this.#unanswered.set(socket, unanswered);
    const sent = untilSent(outgoing, socket);
    this.#open.add(sent);
    sent.then(() => {
      this.#open.delete(sent);
      this.#unanswered.set(socket, this.#unanswered.get(socket)! - 1);
    });
    outgoing.once("finish", () => closeUnlessRead(incoming));
    const request = requestOf(incoming, outgoing);
    if (request === undefined) {
      outgoing.writeHead(400, { "Connection": "close", "Content-Length": "0" }).end();
      return;
    }
    // One that listens on all addresses names those of version 4 in the form of version 6.
    const peer = socket.remoteAddress?.replace(/^::ffff:/, "");
    const way: AnswerWay = { sent, ...(peer !== undefined && { peer }) };
    try {
      const response = await this.#handler(request, way);
      if (outgoing.destroyed) {
        await response.body?.cancel();
        return;
      }
      await sendResponse(outgoing, response);
      if (incoming.method === "HEAD") await response.body?.cancel();
    } catch (error) {
      // The answer has begun: that it breaks off says that it is not whole.
      outgoing.destroy(error instanceof Error ? error : undefined);
    }
  }

  // What is refused beyond the bound is not counted: Deno says nothing of it.
  #tellFull(what: string): void {
    if (performance.now() - this.#toldMs < TELL_FULL_MS) return;
    this.#toldMs = performance.now();
    narrate("connections_full", `${what}; more are refused`, {
      level: "warn",
      fields: { limit: this.#server.maxConnections },
    });
  }
}

/** The request as the web's standard has it; undefined where it is none that may be answered. */
function requestOf(incoming: IncomingMessage, outgoing: ServerResponse): Request | undefined {
  // An address with a host in it would be understood in two ways.
  if (incoming.url?.startsWith("/") !== true || !/^1\.[01]$/.test(incoming.httpVersion)) {
    return undefined;
  }
  const once = incoming.rawHeaders.filter((_, index) => index % 2 === 0)
    .map((name) => name.toLowerCase()).filter((name) => ONCE.has(name));
  if (!once.includes("host") || new Set(once).size !== once.length) return undefined;
  try {
    return createRequest(incoming, outgoing);
  } catch {
    // No method or no host that there can be.
    return undefined;
  }
}

/**
 * Resolves when the answer has been sent, or who asked has gone. An answer that waits behind another one
 * of its connection is not told of that end by Node.
 */
function untilSent(outgoing: ServerResponse, socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      outgoing.removeListener("close", end);
      socket.removeListener("close", end);
      resolve();
    };
    outgoing.once("close", end);
    socket.once("close", end);
  });
}

/** Has the rest of a body that nobody reads come for a moment, and then closes its connection. */
function closeUnlessRead(incoming: IncomingMessage): void {
  if (incoming.complete) return;
  const { socket } = incoming;
  const timer = setTimeout(() => {
    if (!incoming.complete) socket.destroy();
  }, LINGER_MS);
  socket.once("close", () => clearTimeout(timer));
  // Whoever has begun to read it would stop it again.
  incoming.removeAllListeners("data");
  incoming.resume();
}

function pair({ cert, key }: TlsCertificate): { cert: string; key: string } {
  return { cert, key };
}
