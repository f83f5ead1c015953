import assert from "node:assert/strict";
import { listenForRole, openNetworkListener } from "../../src/jobs/role_listener.ts";
import { readTlsCertificate } from "../../src/http/tls_certificate.ts";
import { Certificates, tlsTest } from "../helpers/certificates.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const hello = () => new Response("hello");

Deno.test("A role on loopback needs no listener for others", async () => {
  for (const host of ["127.0.0.1", "localhost", "::1"]) {
    assert.equal(await openNetworkListener({ host, port: 0 }), undefined);
  }
  const listener = listenForRole({ host: "127.0.0.1", port: 0, handler: hello });
  assert.equal(listener.localUrl, undefined);
  assert.equal(await (await fetch(listener.url)).text(), "hello");
  await listener.close();
});

Deno.test("A role that others can reach listens once, without TLS", async () => {
  const network = await openNetworkListener({ host: "0.0.0.0", port: 0 });
  const listener = listenForRole({ host: "0.0.0.0", port: 0, network, handler: hello });
  assert.equal(listener.localUrl, undefined);
  assert.equal(await (await fetch(listener.url)).text(), "hello");
  await listener.close();
});

Deno.test("A port that is taken is said with who has it, where others can reach it", async () => {
  using taken = Deno.listen({ hostname: "0.0.0.0", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  await assert.rejects(openNetworkListener({ host: "0.0.0.0", port }), {
    code: "port_in_use",
    message: new RegExp(`^Port ${port} on 0\\.0\\.0\\.0 is taken by .*; choose another`),
  });
});

tlsTest("A role with TLS is reached by its own home without it", async () => {
  await using folder = await TemporaryFolder.make();
  const certificates = await Certificates.make(folder.path);
  const certificate = await readTlsCertificate(
    await certificates.issue("own", { names: "DNS:queen.example,DNS:localhost" }),
  );
  const where = { host: "127.0.0.1", port: 0 };
  const network = await openNetworkListener({ ...where, certificate });
  const listener = listenForRole({ ...where, network, handler: hello });
  // By the first name that others can ask by.
  assert.equal(listener.url, `https://queen.example:${listener.port}`);
  assert.match(listener.localUrl ?? "", /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.equal(await (await fetch(listener.localUrl!)).text(), "hello");
  await listener.close();
  await assert.rejects(fetch(listener.localUrl!), TypeError);
});
