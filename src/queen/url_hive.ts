import { readTokenFile } from "../config/token_file.ts";
import { useToken } from "../http/bearer_tokens.ts";
import { type HiveSource, MAX_RETRY_MS } from "./hive_source.ts";

/** A hive at an address that the queen reaches herself. */
export function urlHive(url: string, options: { tokenFile: string }): HiveSource {
  const { origin } = new URL(url);
  return {
    isAdded: true,
    maxRetryMs: MAX_RETRY_MS,
    async find() {
      const token = await readTokenFile(options.tokenFile);
      if (token !== undefined) useToken(origin, token);
      return { url: origin, runs: true };
    },
    advise: ({ code }) =>
      // These say themselves what to do.
      code.startsWith("tls_")
        ? ""
        : code === "unauthorized"
        ? "make a token there with rbee token create --role admin, and give it to rbee hive add with --token-file"
        : code === "version_mismatch"
        ? "install the same version on both machines"
        : `start it there, with rbee hive start, or see to the network`,
  };
}
