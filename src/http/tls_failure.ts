import { RbeeError } from "../base/rbee_error.ts";

/**
 * What a connection has failed on, where that is its encryption: who is there cannot be trusted, or one
 * side speaks TLS and the other does not. Undefined where it is something else.
 *
 * @param text What Deno says of the failure.
 * @param cause Kept as the cause of the error.
 */
export function tlsFailure(url: string, text: string, cause: unknown): RbeeError | undefined {
  const { origin, host, hostname, protocol } = new URL(url);
  const untrusted = (sentence: string) =>
    new RbeeError("tls_untrusted", `Cannot trust ${origin}: ${sentence}`, { cause });
  if (/certificate expired|CertExpired/i.test(text)) {
    return untrusted("its certificate has expired; have its operator put a new one there");
  }
  if (/not valid yet|NotValidYet/i.test(text)) {
    return untrusted("its certificate is not valid yet; look at the clocks of both machines");
  }
  const names = /certificate is only valid for (.+?)(?:: |$)/.exec(text)?.[1];
  if (names !== undefined || /not valid for (any )?name/i.test(text)) {
    return untrusted(
      `its certificate is not for ${hostname}${
        names === undefined ? "" : `, but for ${plainNames(names)}`
      }; ask by a name that it is for`,
    );
  }
  if (/CaUsedAsEndEntity/.test(text)) {
    return untrusted("it shows the certificate of an authority; have it made with CA:FALSE");
  }
  if (/invalid peer certificate/i.test(text)) {
    return untrusted(
      "no authority that is known here has issued its certificate; give the authority's file with --ca FILE, or as queen.ca in rbee.yaml",
    );
  }
  const other = protocol === "https:" ? `http://${host}` : `https://${host}`;
  if (protocol === "https:" && /corrupt message/i.test(text)) {
    return new RbeeError(
      "tls_mismatch",
      `Cannot reach ${origin}: what listens there does not speak TLS; ask for ${other}`,
      { cause },
    );
  }
  if (protocol === "http:" && /invalid HTTP version/i.test(text)) {
    return new RbeeError(
      "tls_mismatch",
      `Cannot reach ${origin}: what listens there does not speak plain HTTP; ask for ${other}`,
      { cause },
    );
  }
  return undefined;
}

/** `DnsName("a.example") or IpAddress(10.0.0.5)`, as rustls writes it, as a person would. */
function plainNames(text: string): string {
  return text.replace(/\b(?:DnsName|IpAddress)\("?([^")]*)"?\)/g, "$1").slice(0, 200);
}
