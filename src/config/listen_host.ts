import { isIPv6 } from "node:net";

const NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/;

/**
 * Whether a text can be the host that a role listens on: a host name, or an address, one of IPv6 with or
 * without brackets. Looks nowhere whether there is such a host.
 */
export function isListenHost(host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/s, "$1");
  // What stands for an address must be a right one: 999.1.1.1 is none, and no name either.
  return isIPv6(address)
    ? URL.canParse(`http://[${address}]`)
    : NAME.test(host) && URL.canParse(`http://${host}`);
}
