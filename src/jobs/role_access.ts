import { isLoopbackHost } from "../base/loopback.ts";
import { RbeeError } from "../base/rbee_error.ts";
import { AccessTokens } from "../config/access_tokens.ts";
import { daemonFiles } from "../config/paths.ts";
import type { DaemonOptions } from "../config/role_options.ts";
import { newToken, readTokenFile, writeTokenFile } from "../config/token_file.ts";
import type { Access } from "../http/access.ts";

/** What decides whom a daemon answers. */
export type RoleAccessOptions =
  & Pick<DaemonOptions, "host" | "paths" | "token" | "requireToken">
  & { role: "queen" | "hive" };

/**
 * Whom queen or hive answers. Where only this machine can reach her, everybody, unless rbee.yaml or a
 * token of her own says otherwise; beyond that, who shows a token. She then has a token of her own too, in
 * a file that its owner alone can read, by which the commands and the queen of this home reach her.
 *
 * @param resources Writes at its end what is known of the use of tokens.
 * @throws {RbeeError} `token_needed` If others could reach her and there is no token to keep them out.
 * @throws {RbeeError} `bad_token` If a file of tokens cannot be read or is damaged.
 */
export async function roleAccess(
  options: RoleAccessOptions,
  resources: AsyncDisposableStack,
): Promise<Access> {
  const { role, host, paths, requireToken } = options;
  const tokens = resources.use(new AccessTokens(paths, { role }));
  const isOpen = !isLoopbackHost(host);
  if (isOpen && options.token === undefined && !tokens.hasAdmin()) {
    throw new RbeeError(
      "token_needed",
      `The ${role} does not listen on ${host}, where others can reach it, without a token; make one with rbee token create --role admin, or listen on 127.0.0.1`,
    );
  }
  const required = isOpen || requireToken || options.token !== undefined;
  const token = required ? options.token ?? await ownToken(options) : undefined;
  return { required, token, tokens };
}

/** Made when it is needed first. */
async function ownToken({ paths, role }: RoleAccessOptions): Promise<string> {
  const path = daemonFiles(paths, role).token;
  const there = await readTokenFile(path);
  if (there !== undefined) return there;
  const token = newToken();
  await writeTokenFile(path, token);
  return token;
}
