import { type Rate, RateMeter } from "../base/rate_meter.ts";

/**
 * How often each peer does something. Of so many peers the oldest is forgotten, that is who was heard of
 * longest ago: it begins anew, and nobody's memory grows.
 */
export class PeerRates {
  readonly #meters = new Map<string, RateMeter>();
  readonly #maxPeers: number;

  /** @param options.maxPeers Default 10,000. */
  constructor(options: { maxPeers?: number } = {}) {
    this.#maxPeers = options.maxPeers ?? 10_000;
  }

  /** How many peers are known. */
  get size(): number {
    return this.#meters.size;
  }

  /** Takes one of a peer's; see `RateMeter.take`. `address` is as {@linkcode peerOf} gives it. */
  take(address: string, rate: Rate, nowMs: number): number {
    const meter = this.#meters.get(address) ?? new RateMeter();
    // A map keeps the order in which its keys came.
    this.#meters.delete(address);
    this.#meters.set(address, meter);
    if (this.#meters.size > this.#maxPeers) {
      const [oldest] = this.#meters.keys();
      this.#meters.delete(oldest!);
    }
    return meter.take(rate, nowMs);
  }
}

/**
 * What counts as one peer: an address of IPv4, and of IPv6 the first 64 bits, since a single machine
 * has all that follow to choose from.
 */
export function peerOf(address: string): string {
  const [plain = ""] = address.split("%");
  const mapped = /^::ffff:([\d.]+)$/i.exec(plain);
  if (mapped !== null) return mapped[1]!;
  if (!plain.includes(":")) return plain;
  const [head = "", tail] = plain.split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const last = tail === "" ? [] : tail.split(":");
    groups.push(...Array<string>(Math.max(0, 8 - groups.length - last.length)).fill("0"), ...last);
  }
  const first = groups.slice(0, 4).map((group) => group.toLowerCase().replace(/^0+(?=.)/, ""));
  return `${first.join(":")}::/64`;
}
