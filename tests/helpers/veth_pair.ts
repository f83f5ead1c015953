import assert from "node:assert/strict";
import { output } from "./ssh_client_files.ts";

/** A cable of two network interfaces, one end here and one in the network namespace of a process. */
export class VethPair {
  /** The address of the other end. */
  readonly address: string;
  /** An address of the same network where nobody is. */
  readonly nobody: string;
  readonly #here: string;
  readonly #there: string;
  readonly #ownAddress: string;

  private constructor(id: string, network: string) {
    this.#here = `rbh${id}`;
    this.#there = `rbt${id}`;
    this.#ownAddress = `${network}.1`;
    this.address = `${network}.2`;
    this.nobody = `${network}.3`;
  }

  /** Whether this process may make one. */
  static readonly permitted: boolean = (() => {
    const name = `rbp${randomHex(4)}`;
    const made = run("ip", "link", "add", name, "type", "veth", "peer", "name", `${name}b`);
    if (made) run("ip", "link", "del", name);
    return made;
  })();

  /** Makes one with an end in the namespace of process `pid`; that end is still down. */
  static async make(pid: number): Promise<VethPair> {
    const pair = new VethPair(randomHex(4), await freeNetwork());
    const [here, there] = [pair.#here, pair.#there];
    const mac = `02:${(randomHex(5).match(/../g) ?? []).join(":")}`;
    await output(
      "ip",
      "link",
      "add",
      here,
      "type",
      "veth",
      "peer",
      "name",
      there,
      "address",
      mac,
      "netns",
      `${pid}`,
    );
    await output("ip", "addr", "add", `${pair.#ownAddress}/29`, "dev", here);
    // Who is asked and does not answer is not there: soon, and not after three seconds.
    for (const [name, value] of [["mcast_solicit", "1"], ["retrans_time_ms", "200"]]) {
      await Deno.writeTextFile(`/proc/sys/net/ipv4/neigh/${here}/${name}`, value!);
    }
    await output("ip", "link", "set", here, "up");
    // Known for good, so that a cut cable is silence and not "no route to host".
    await output(
      "ip",
      "neigh",
      "replace",
      pair.address,
      "lladdr",
      mac,
      "dev",
      here,
      "nud",
      "permanent",
    );
    return pair;
  }

  /** The end that is here. */
  get interfaceName(): string {
    return this.#here;
  }

  /** What is to be run in the namespace to bring its end up. */
  get setUp(): string {
    return `ip link set lo up; ip addr add ${this.address}/29 dev ${this.#there}; ` +
      `ip link set ${this.#there} up`;
  }

  /** What is to be run in the namespace to cut the cable, or to mend it. */
  switchTo(state: "up" | "down"): string {
    return `ip link set ${this.#there} ${state}`;
  }

  /** Removes both ends. */
  async remove(): Promise<void> {
    // It goes by itself with the namespace, which may be under way.
    run("ip", "link", "del", this.#here);
    const left = await Deno.stat(`/sys/class/net/${this.#here}`).catch(() => undefined);
    assert.equal(left, undefined, `${this.#here} is left`);
  }
}

function run(program: string, ...args: string[]): boolean {
  try {
    return new Deno.Command(program, { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

function randomHex(bytes: number): string {
  return crypto.getRandomValues(new Uint8Array(bytes)).toHex();
}

/** The first three numbers of a network that this machine has no route or address in. */
async function freeNetwork(): Promise<string> {
  const taken = await output("ip", "-4", "route", "show", "table", "all");
  for (;;) {
    const [a, b] = crypto.getRandomValues(new Uint8Array(2));
    const network = `10.${a}.${b}`;
    if (!taken.includes(`${network}.`)) return network;
  }
}
