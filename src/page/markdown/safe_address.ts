const PROTOCOLS: ReadonlySet<string> = new Set(["http:", "https:", "mailto:"]);
const MAX_LENGTH = 4096;

/**
 * The address that a link may lead to, written out; undefined where it leads nowhere. It must be whole and
 * of http, https or mailto; a user's name before the host would make it look like another one.
 */
export function safeAddress(given: string): string | undefined {
  if (given.length > MAX_LENGTH || !URL.canParse(given)) return undefined;
  const { protocol, username, password, href } = new URL(given);
  return PROTOCOLS.has(protocol) && username === "" && password === "" ? href : undefined;
}
