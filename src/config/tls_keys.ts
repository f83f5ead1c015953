import { dirname, resolve } from "node:path";
import { z } from "zod";
import { RbeeError } from "../base/rbee_error.ts";

/** The keys of `queen` and `hive` about connections from other machines. */
export const tlsKeys = {
  max_connections: z.number().int().min(1).max(1_000_000).optional()
    .describe(
      "How many connections may be open at once where others can reach it, a quarter of them of one address; default: 10,000, or half of the files that it may have open",
    ),
  tls_cert: z.string().min(1).optional()
    .describe("The file of the certificate (PEM) by which it speaks TLS; without one it does not"),
  tls_key: z.string().min(1).optional()
    .describe("The file of that certificate's private key (PEM), without a passphrase"),
};

interface TlsPair {
  tls_cert?: string | undefined;
  tls_key?: string | undefined;
}

/** Refuses one of `tls_cert` and `tls_key` without the other. */
export function bothOrNone({ value, issues }: z.core.ParsePayload<TlsPair>): void {
  if ((value.tls_cert === undefined) === (value.tls_key === undefined)) return;
  const [there, missing] = value.tls_cert === undefined
    ? ["tls_key", "tls_cert"]
    : ["tls_cert", "tls_key"];
  issues.push({
    code: "custom",
    input: value,
    path: [there],
    message: `needs ${missing} beside it`,
  });
}

/**
 * Where the certificate and key of a role are: as the flags say, else as rbee.yaml does, whose paths
 * begin at its own folder. Undefined where neither names one.
 *
 * @param yamlPath The path of rbee.yaml.
 * @throws {RbeeError} `usage` If one flag is given without the other.
 */
export function tlsFiles(
  flags: { tlsCert?: string | undefined; tlsKey?: string | undefined },
  file: TlsPair,
  yamlPath: string,
): { cert: string; key: string } | undefined {
  const { tlsCert, tlsKey } = flags;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    const [there, missing] = tlsCert === undefined
      ? ["--tls-key", "--tls-cert"]
      : ["--tls-cert", "--tls-key"];
    throw new RbeeError("usage", `${there} needs ${missing} beside it; give the files of both`);
  }
  if (tlsCert !== undefined && tlsKey !== undefined) {
    return { cert: resolve(tlsCert), key: resolve(tlsKey) };
  }
  const { tls_cert, tls_key } = file;
  if (tls_cert === undefined || tls_key === undefined) return undefined;
  return { cert: besideYaml(tls_cert, yamlPath), key: besideYaml(tls_key, yamlPath) };
}

/** The path of a file that rbee.yaml names: from its own folder on, unless it is absolute. */
export function besideYaml(path: string, yamlPath: string): string {
  return resolve(dirname(yamlPath), path);
}
