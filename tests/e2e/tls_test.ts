import assert from "node:assert/strict";
import OpenAI from "openai";
import { Certificates, tlsTest } from "../helpers/certificates.ts";
import { endlessFormat } from "../helpers/openai_home.ts";
import { outerAddress } from "../helpers/open_home.ts";
import { FakeHub } from "../helpers/fake_hub.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const ADDRESS = outerAddress();
const NEEDS = ADDRESS === undefined ? "this machine has no network" : undefined;
const NAMES = `DNS:localhost,IP:127.0.0.1,IP:${ADDRESS}`;

/** An authority of its own, and homes that listen on all addresses of this machine. */
class EncryptedHomes implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly #folder: TemporaryFolder;
  readonly certificates: Certificates;

  private constructor(folder: TemporaryFolder, certificates: Certificates) {
    this.#folder = this.#stack.use(folder);
    this.certificates = certificates;
  }

  static async make(): Promise<EncryptedHomes> {
    const folder = await TemporaryFolder.make();
    return new EncryptedHomes(folder, await Certificates.make(folder.path));
  }

  async home(settings: Record<string, unknown> = {}): Promise<RbeeHome> {
    const home = this.#stack.use(await RbeeHome.create());
    await home.configure(settings);
    return home;
  }

  /** Makes a token in a home, and a file that holds it. */
  async token(home: RbeeHome, role: string): Promise<{ token: string; file: string }> {
    const { stdout } = await ok(home, ["token", "create", "--role", role]);
    const file = this.#folder.join(`${crypto.randomUUID()}.token`);
    await Deno.writeTextFile(file, stdout, { mode: 0o600 });
    return { token: stdout.trim(), file };
  }

  /** A hive with TLS, where others reach it, and a file with the token that they need. */
  async farHive() {
    const { cert, key } = await this.certificates.issue("hive", { names: NAMES });
    const far = await this.home({ hive: { host: "0.0.0.0", tls_cert: cert, tls_key: key } });
    const { file } = await this.token(far, "admin");
    await ok(far, ["hive", "start"]);
    return { far, file, url: await outerUrl(far, "hive") };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

async function ok(home: RbeeHome, args: string[]) {
  const result = await home.rbee(args);
  assert.equal(result.code, 0, `${args.join(" ")}: ${result.stderr}`);
  return result;
}

/** Where others reach a role by TLS. */
async function outerUrl(home: RbeeHome, role: "queen" | "hive"): Promise<string> {
  const { url } = await home.daemon(role);
  assert.match(url, /^https:/);
  return `https://${ADDRESS}:${new URL(url).port}`;
}

tlsTest(
  "A queen with TLS answers her own home without more, and others who trust her authority",
  async () => {
    await using homes = await EncryptedHomes.make();
    const { certificates } = homes;
    const { cert, key } = await certificates.issue("queen", { names: NAMES });
    const there = await homes.home({
      queen: { host: "0.0.0.0" },
      models: { "bee-tiny": { context: 8192 } },
    });
    await homes.token(there, "admin");
    const { file } = await homes.token(there, "infer");
    const started = await ok(there, ["queen", "start", "--tls-cert", cert, "--tls-key", key]);
    assert.match(started.stderr, /The queen runs at https:\/\/localhost:\d+ \(process \d+\)$/m);
    assert.match((await ok(there, ["status"])).stdout, /https:\/\/localhost:\d+/);
    assert.match((await ok(there, ["run", "bee-tiny", "Hello", "--max-tokens", "4"])).stdout, /\S/);

    const here = await homes.home();
    const url = await outerUrl(there, "queen");
    const asked = ["infer", "bee-tiny", "Hello", "--max-tokens", "4", "--queen", url];
    const trusting = [...asked, "--token-file", file, "--ca", certificates.ca];
    assert.match((await ok(here, trusting)).stdout, /\S/);

    const client = Deno.createHttpClient({
      caCerts: [await Deno.readTextFile(certificates.ca)],
    });
    const openai = new OpenAI({
      baseURL: `${url}/v1`,
      apiKey: (await Deno.readTextFile(file)).trim(),
      maxRetries: 0,
      fetch: (input, init) => fetch(input as string, { ...init as RequestInit, client }),
    });
    const messages = [{ role: "user" as const, content: "Hello" }];
    // Who leaves an answer in its middle cancels the job, also through TLS.
    const { data: stream, response } = await openai.chat.completions.create({
      model: "bee-tiny",
      max_tokens: 8000,
      response_format: endlessFormat(),
      stream: true,
      messages,
    }).withResponse();
    for await (const _ of stream) break;
    const id = response.headers.get("x-rbee-job-id")!;
    const watched = await there.rbee(["job", "watch", id, "--json"]);
    assert.match(watched.stdout.trimEnd().split("\n").at(-1)!, /"cancelled"/);
    client.close();

    const untrusting = await here.rbee([...asked, "--token-file", file]);
    assert.equal(untrusting.code, 3, untrusting.stderr);
    assert.match(
      untrusting.stderr,
      /Cannot trust https:\/\/\S+: no authority that is known here has issued its certificate; give the authority's file with --ca FILE, or as queen\.ca in rbee\.yaml/,
    );
    await here.configure({ queen: { ca: certificates.ca } });
    await ok(here, [...asked, "--token-file", file]);
    const plain = await here.rbee([...asked.slice(0, -1), url.replace("https:", "http:")]);
    assert.equal(plain.code, 3, plain.stderr);
    assert.match(plain.stderr, /does not speak plain HTTP; ask for https:\/\//);

    // It is started again with the same files, and its health is asked for without them.
    await ok(there, ["queen", "restart"]);
    assert.match((await there.daemon("queen")).url, /^https:/);
    await ok(there, ["down"]);
  },
  NEEDS,
);

tlsTest("A queen reaches a hive that was added by https, and sends it requests", async () => {
  await using homes = await EncryptedHomes.make();
  const { certificates } = homes;
  const { far, url, file } = await homes.farHive();

  const near = await homes.home({ queen: {} });
  await ok(near, ["queen", "start"]);
  const untrusted = await near.rbee(["hive", "add", "far", "--url", url, "--token-file", file]);
  assert.match(
    untrusted.stdout + untrusted.stderr,
    /Cannot trust https:.*queen\.ca in rbee\.yaml/,
  );
  await ok(near, ["hive", "remove", "far"]);
  await ok(near, ["queen", "restart", "--ca", certificates.ca]);
  await ok(near, ["hive", "add", "far", "--url", url, "--token-file", file]);
  const { stdout } = await ok(near, ["hive", "list"]);
  assert.match(stdout, /^far +connected/m);
  const answer = await ok(near, [
    "infer",
    "bee-tiny",
    "Hello",
    "--hive",
    "far",
    "--max-tokens",
    "4",
  ]);
  assert.match(answer.stdout, /\S/);
  await ok(near, ["down"]);
  // The hive's own home still reaches it.
  assert.match((await ok(far, ["hive", "status"])).stdout, /^Hive local runs at https:/m);
  await ok(far, ["down"]);
}, NEEDS);

tlsTest("a model goes to a hive behind TLS and comes back, and loads there", async () => {
  await using hub = await FakeHub.start();
  await using homes = await EncryptedHomes.make();
  const { certificates } = homes;
  const { far, url, file } = await homes.farHive();

  const near = await homes.home({ queen: { ca: certificates.ca } });
  near.env["HF_ENDPOINT"] = hub.url;
  await ok(near, ["up"]);
  await ok(near, ["hive", "add", "far", "--url", url, "--token-file", file]);
  const model = "hf:bees/tiny:bee-tiny-F16.gguf";
  await ok(near, ["model", "download", model, "--hive", "local"]);
  await ok(near, ["model", "copy", model, "--from", "local", "--to", "far"]);
  await ok(near, ["model", "remove", model, "--hive", "local"]);
  const answer = ["infer", model, "Hello", "--hive", "far", "--max-tokens", "4"];
  assert.match((await ok(near, answer)).stdout, /\S/);
  await ok(near, ["model", "copy", model, "--from", "far", "--to", "local"]);
  const { stdout } = await ok(near, ["model", "list"]);
  for (const hive of ["local", "far"]) assert.match(stdout, new RegExp(`^${model} +${hive} `, "m"));
  await ok(near, ["down"]);
  await ok(far, ["down"]);
}, NEEDS);

tlsTest("SIGHUP gives new connections the new certificate, and lets streams go on", async () => {
  await using homes = await EncryptedHomes.make();
  const { certificates } = homes;
  const { cert, key } = await certificates.issue("first");
  const home = await homes.home({ queen: { tls_cert: cert, tls_key: key } });
  await ok(home, ["queen", "start"]);
  const { url, pid } = await home.daemon("queen");
  const caCerts = [await Deno.readTextFile(certificates.ca)];
  // A connection each: one that is kept would have the certificate of its begin.
  const own = () => Deno.createHttpClient({ caCerts, poolMaxIdlePerHost: 0 });
  using streaming = own();
  const stream = await fetch(`${url}/v1/telemetry/stream`, { client: streaming });
  const reader = stream.body!.getReader();
  await reader.read();

  const logs = home.start(["queen", "logs", "-f", "-n", "1"]);
  await logs.line(/./);
  await Deno.writeTextFile(cert, "nonsense");
  Deno.kill(pid, "SIGHUP");
  assert.match(
    await logs.line(/certificate_kept/),
    /The certificate stays as it was: The TLS file \S+first\.pem is not a certificate/,
  );
  using before = own();
  const health = await fetch(`${url}/health`, { client: before });
  assert.equal((await health.json()).status, "ok");

  const other = await certificates.issue("other", { names: "DNS:elsewhere.example" });
  await Promise.all([Deno.copyFile(other.cert, cert), Deno.copyFile(other.key, key)]);
  Deno.kill(pid, "SIGHUP");
  await logs.line(/certificate_read/);
  logs.signal("SIGINT");
  await logs.result;
  using after = own();
  await assert.rejects(
    fetch(`${url}/health`, { client: after }),
    (error: Error) => /elsewhere\.example/.test(String((error.cause as Error).message)),
  );
  // A beat comes every two seconds.
  assert.equal((await reader.read()).done, false);
  await reader.cancel();
  // Its own home asks by no name at all.
  await ok(home, ["down"]);
}, NEEDS);

tlsTest(
  "A role does not start with files of TLS that do not fit, and says which and why",
  async () => {
    await using homes = await EncryptedHomes.make();
    const { certificates } = homes;
    const good = await certificates.issue("good");
    const old = await certificates.issue("old", { days: -1 });
    const home = await homes.home();
    const start = (cert: string, key: string) =>
      home.rbee(["queen", "start", "--tls-cert", cert, "--tls-key", key]);
    for (
      const [cert, key, why] of [
        [good.cert, old.key, /old\.key is not the key of the certificate in \S+good\.pem/],
        [old.cert, old.key, /old\.pem expired on \d{4}-\d\d-\d\d/],
        [good.cert, "/nowhere.key", /\/nowhere\.key is not there/],
      ] as const
    ) {
      const { code, stderr } = await start(cert, key);
      assert.equal(code, 1, stderr);
      assert.match(stderr, why);
    }
    const half = await home.rbee(["serve", "--role", "hive", "--tls-key", good.key]);
    assert.equal(half.code, 2);
    assert.match(half.stdout + half.stderr, /--tls-key needs --tls-cert beside it/);
    await home.configure({ hive: { tls_cert: good.cert } });
    const check = await home.rbee(["config", "check"]);
    assert.equal(check.code, 1);
    assert.match(check.stdout + check.stderr, /"hive\.tls_cert" needs tls_key beside it/);
  },
  NEEDS,
);

tlsTest("A keeper says of a certificate that it is for another name", async () => {
  await using homes = await EncryptedHomes.make();
  const { certificates } = homes;
  const { cert, key } = await certificates.issue("named", { names: "DNS:localhost" });
  const home = await homes.home({ queen: { tls_cert: cert, tls_key: key } });
  await ok(home, ["queen", "start"]);
  const { port } = new URL((await home.daemon("queen")).url);
  const other = await homes.home();
  const status = (url: string) => other.rbee(["status", "--queen", url, "--ca", certificates.ca]);
  assert.equal((await status(`https://localhost:${port}`)).code, 0);
  const wrong = await status(`https://127.0.0.1:${port}`);
  assert.equal(wrong.code, 3);
  assert.match(
    wrong.stderr,
    /its certificate is not for 127\.0\.0\.1, but for localhost; ask by a name that it is for/,
  );
  const badCa = await other.rbee(["status", "--ca", key]);
  assert.match(badCa.stderr, /The file of authorities \S+ holds no certificate/);
  await ok(home, ["down"]);
}, NEEDS);
