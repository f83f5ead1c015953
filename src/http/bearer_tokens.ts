const tokens = new Map<string, string>();

/**
 * From now on every request of this process to the origin of `url` carries the token, and none to
 * anywhere else does. Where two are given for one origin, the later holds.
 *
 * @returns Takes it back, unless another has taken its place.
 */
export function useToken(url: string, token: string): () => void {
  const { origin } = new URL(url);
  tokens.set(origin, token);
  return () => {
    if (tokens.get(origin) === token) tokens.delete(origin);
  };
}

/** Whether requests of this process to any origin carry the token. */
export function isTokenUsed(token: string): boolean {
  return tokens.values().some((each) => each === token);
}

/** The header by which a request to `url` shows its token; none where there is no token. See RFC 6750. */
export function authorizationFor(url: string): { Authorization?: string } {
  const token = tokens.get(new URL(url).origin);
  return token === undefined ? {} : { Authorization: `Bearer ${token}` };
}
