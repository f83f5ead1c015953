import { join } from "node:path";
import { output } from "./ssh_client_files.ts";

/** Certificates of an authority of a test's own, made by the command `openssl`. */
export class Certificates {
  /** The certificate of the authority. */
  readonly ca: string;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.ca = join(folder, "ca.pem");
  }

  /** Makes an authority in `folder`. */
  static async make(folder: string): Promise<Certificates> {
    const made = new Certificates(folder);
    await output(
      ...["openssl", "req", "-x509", ...NEW_KEY, "-keyout", join(folder, "ca.key")],
      ...["-out", made.ca, "-days", "30", "-subj", "/CN=test authority"],
    );
    return made;
  }

  /**
   * Has the authority issue a certificate.
   *
   * @param name What its two files are called.
   * @param options.names As openssl writes them. Default: this machine's loopback names.
   * @param options.days How long it is valid from now on. Negative: it has expired so long ago.
   */
  async issue(
    name: string,
    options: { names?: string; days?: number } = {},
  ): Promise<{ cert: string; key: string }> {
    const { names = "DNS:localhost,IP:127.0.0.1", days = 30 } = options;
    const files = { cert: this.#path(`${name}.pem`), key: this.#path(`${name}.key`) };
    const request = this.#path(`${name}.csr`);
    await output(
      ...["openssl", "req", "-new", ...NEW_KEY, "-keyout", files.key, "-out", request],
      ...["-subj", `/CN=${name}`],
    );
    const extensions = this.#path(`${name}.ext`);
    await Deno.writeTextFile(
      extensions,
      `basicConstraints=critical,CA:FALSE\n${names === "" ? "" : `subjectAltName=${names}\n`}`,
    );
    const [begin, end] = days > 0 ? [-1, days] : [days - 30, days];
    await output(
      ...["openssl", "ca", "-batch", "-notext", "-config", await this.#database(name)],
      ...["-cert", this.ca, "-keyfile", this.#path("ca.key"), "-in", request, "-out", files.cert],
      ...["-extfile", extensions, "-startdate", dayAway(begin), "-enddate", dayAway(end)],
    );
    return files;
  }

  /** What `openssl ca` wants to write down, for one certificate. */
  async #database(name: string): Promise<string> {
    const [config, database] = [this.#path(`${name}.conf`), this.#path(`${name}.txt`)];
    await Deno.writeTextFile(database, "");
    await Deno.writeTextFile(
      config,
      "[ca]\ndefault_ca = own\n[own]\ndefault_md = sha256\npolicy = any\nrand_serial = yes\n" +
        `database = ${database}\nnew_certs_dir = ${this.#folder}\n[any]\ncommonName = supplied\n`,
    );
    return config;
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** As openssl takes it: `20260131120000Z`. */
function dayAway(days: number): string {
  const date = new Date(Date.now() + days * 86_400_000);
  return date.toISOString().replace(/[-:T]|\.\d+/g, "");
}

const isMissing = (() => {
  try {
    return !new Deno.Command("openssl", { args: ["version"] }).outputSync().success;
  } catch {
    return true;
  }
})();

/**
 * A test of TLS, which says so where it is left out.
 *
 * @param needs What else it needs that is not here.
 */
export function tlsTest(name: string, fn: () => Promise<void>, needs?: string): void {
  const lacking = isMissing ? "openssl is not installed here" : needs;
  Deno.test({
    name: lacking === undefined ? name : `SKIPPED, ${lacking}: ${name}`,
    ignore: lacking !== undefined,
    fn,
  });
}
