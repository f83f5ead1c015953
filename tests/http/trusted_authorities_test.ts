import assert from "node:assert/strict";
import { z } from "zod";
import { EventConnection } from "../../src/http/event_connection.ts";
import { requestHealth } from "../../src/http/health_client.ts";
import { NetworkListener } from "../../src/http/network_listener.ts";
import { passOn } from "../../src/http/pass_on.ts";
import { readTlsCertificate } from "../../src/http/tls_certificate.ts";
import { readAuthorities, trustAuthorities } from "../../src/http/trusted_authorities.ts";
import { Certificates, tlsTest } from "../helpers/certificates.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const HEALTH = { status: "ok", role: "queen", version: "0.1.0", instance: crypto.randomUUID() };

/** A listener with a certificate, asked for its health by the name in `host`. */
async function ask(
  options: { names?: string; trust?: "own" | "other" | undefined; host?: string },
): Promise<string> {
  await using folder = await TemporaryFolder.make();
  const certificates = await Certificates.make(folder.path);
  const certificate = await readTlsCertificate(
    await certificates.issue("own", options.names === undefined ? {} : { names: options.names }),
  );
  const listener = await NetworkListener.open({ host: "127.0.0.1", port: 0, certificate });
  const { port } = listener.serve(() => Response.json({ ...HEALTH, uptime_ms: 1 }));
  await using other = await TemporaryFolder.make();
  const { trust = "own" } = options;
  const path = trust === "own" ? certificates.ca : (await Certificates.make(other.path)).ca;
  using _trusted = trustAuthorities(await readAuthorities(path));
  try {
    return (await requestHealth(`https://${options.host ?? "127.0.0.1"}:${port}`)).status;
  } catch (error) {
    return (error as Error).message.replaceAll(`:${port}`, "");
  } finally {
    await listener.close({ drainMs: 0 });
  }
}

tlsTest("What an authority has issued that is trusted is asked, and nothing else", async () => {
  assert.equal(await ask({}), "ok");
  assert.equal(
    await ask({ trust: "other" }),
    "Cannot trust https://127.0.0.1: no authority that is known here has issued its certificate; give the authority's file with --ca FILE, or as queen.ca in rbee.yaml",
  );
  assert.equal(
    await ask({ names: "DNS:a.example,IP:10.0.0.5" }),
    "Cannot trust https://127.0.0.1: its certificate is not for 127.0.0.1, but for a.example or 10.0.0.5; ask by a name that it is for",
  );
  assert.equal(await ask({ names: "DNS:localhost", host: "localhost" }), "ok");
});

tlsTest(
  "A certificate that expires while it is in use is refused with a sentence that says so",
  async () => {
    await using folder = await TemporaryFolder.make();
    const certificates = await Certificates.make(folder.path);
    const files = await certificates.issue("old", { days: -1 });
    const [cert, key] = await Promise.all(
      [files.cert, files.key].map((path) => Deno.readTextFile(path)),
    );
    // Not by readTlsCertificate(), which would refuse it.
    const certificate = { cert: cert!, key: key!, names: ["127.0.0.1"], validUntil: new Date() };
    const listener = await NetworkListener.open({ host: "127.0.0.1", port: 0, certificate });
    using _trusted = trustAuthorities(await readAuthorities(certificates.ca));
    await assert.rejects(requestHealth(listener.url), {
      code: "tls_untrusted",
      message:
        `Cannot trust ${listener.url}: its certificate has expired; have its operator put a new one there`,
    });
    await listener.close({ drainMs: 0 });
  },
);

tlsTest(
  "TLS asked of a plain listener, and the reverse, is said with the address to ask for",
  async () => {
    await using folder = await TemporaryFolder.make();
    const certificates = await Certificates.make(folder.path);
    const certificate = await readTlsCertificate(await certificates.issue("own"));
    const where = { host: "127.0.0.1", port: 0 };
    const plain = await NetworkListener.open(where);
    const encrypted = await NetworkListener.open({ ...where, certificate });
    const [plainHost, tlsHost] = [plain, encrypted].map(({ url }) =>
      `127.0.0.1:${new URL(url).port}`
    );
    await assert.rejects(requestHealth(`https://${plainHost}`), {
      code: "tls_mismatch",
      message:
        `Cannot reach https://${plainHost}: what listens there does not speak TLS; ask for http://${plainHost}`,
    });
    await assert.rejects(requestHealth(`http://${tlsHost}`), {
      code: "tls_mismatch",
      message:
        `Cannot reach http://${tlsHost}: what listens there does not speak plain HTTP; ask for https://${tlsHost}`,
    });
    await Promise.all([plain.close({ drainMs: 0 }), encrypted.close({ drainMs: 0 })]);
  },
);

tlsTest(
  "A listener with TLS closes a handshake that does not go on, and keeps the rest",
  async () => {
    await using folder = await TemporaryFolder.make();
    const certificates = await Certificates.make(folder.path);
    const certificate = await readTlsCertificate(await certificates.issue("own"));
    const listener = await NetworkListener.open({
      ...{ host: "127.0.0.1", port: 0, certificate, headerMs: 200 },
    });
    const { port } = listener.serve(() => Response.json({ ...HEALTH, uptime_ms: 1 }));
    using silent = await Deno.connect({ port });
    const end = await silent.read(new Uint8Array(1)).catch((error: Error) => error.name);
    assert.ok(end === null || end === "ConnectionReset", String(end));
    using _trusted = trustAuthorities(await readAuthorities(certificates.ca));
    assert.equal((await requestHealth(`https://127.0.0.1:${port}`)).status, "ok");
    await listener.close({ drainMs: 0 });
  },
);

tlsTest("Requests that are passed on, and event streams, trust the same authorities", async () => {
  await using folder = await TemporaryFolder.make();
  const certificates = await Certificates.make(folder.path);
  const certificate = await readTlsCertificate(await certificates.issue("own"));
  const listener = await NetworkListener.open({ host: "127.0.0.1", port: 0, certificate });
  const { url } = listener.serve(async (request) =>
    new URL(request.url).pathname === "/stream"
      ? new Response(`event: beat\ndata: 7\n\n`, {
        headers: { "Content-Type": "text/event-stream" },
      })
      : new Response(await request.text())
  );
  const asked = () => new Request("http://a.example", { method: "POST", body: "bees" });
  await assert.rejects(passOn(asked(), url), TypeError);
  using _trusted = trustAuthorities(await readAuthorities(certificates.ca));
  assert.equal(await (await passOn(asked(), url)).text(), "bees");
  const connection = new EventConnection();
  const beats = await Array.fromAsync(connection.data(`${url}/stream`, "beat", z.number()));
  connection.close();
  assert.deepEqual(beats, [7]);
  await listener.close({ drainMs: 0 });
});

Deno.test("readAuthorities() says which file holds none", async () => {
  await assert.rejects(readAuthorities("/nowhere.pem"), {
    code: "tls_authority",
    message: "The file of authorities /nowhere.pem is not there",
  });
  await using folder = await TemporaryFolder.make();
  const path = folder.join("ca.pem");
  for (const text of ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]) {
    await Deno.writeTextFile(path, text);
    await assert.rejects(readAuthorities(path), {
      code: "tls_authority",
      message:
        `The file of authorities ${path} holds no certificate in the form PEM (-----BEGIN CERTIFICATE-----)`,
    });
  }
});
