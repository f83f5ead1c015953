import { messageOf } from "../base/rbee_error.ts";
import type { NetworkListener } from "../http/network_listener.ts";
import { readTlsCertificate, type TlsFiles } from "../http/tls_certificate.ts";
import { narrate } from "../narration/narrate.ts";
import { Rereading } from "./rereading.ts";

/** Reads the certificate of a listener again while it listens, and says what came of it. */
export class CertificateReload {
  readonly #files: TlsFiles;
  readonly #listener: Pick<NetworkListener, "setCertificate">;
  readonly #reading = new Rereading(
    () => this.#read(),
    (error) =>
      narrate("certificate_kept", `The certificate stays as it was: ${messageOf(error)}`, {
        level: "error",
      }),
  );

  constructor(files: TlsFiles, listener: Pick<NetworkListener, "setCertificate">) {
    this.#files = files;
    this.#listener = listener;
  }

  /**
   * Reads certificate and key: new connections get them, those that are open go on. What does not fit
   * changes nothing. Several at once take turns. Never rejects: what is wrong is narrated.
   */
  reread(): Promise<void> {
    return this.#reading.again();
  }

  /** Resolves when nothing is read any more; later calls do nothing. */
  async close(): Promise<void> {
    await this.#reading.close();
  }

  async #read(): Promise<void> {
    const certificate = await readTlsCertificate(this.#files);
    this.#listener.setCertificate(certificate);
    const until = certificate.validUntil.toISOString();
    narrate(
      "certificate_read",
      `Read the certificate again, which is valid until ${
        until.slice(0, 10)
      }; new connections get it`,
      { fields: { valid_until: until } },
    );
  }
}
