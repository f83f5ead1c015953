import assert from "node:assert/strict";
import { readTlsCertificate } from "../../src/http/tls_certificate.ts";
import { Certificates, tlsTest } from "../helpers/certificates.ts";
import { output } from "../helpers/ssh_client_files.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

tlsTest(
  "readTlsCertificate() gives both files, and what the certificate is for and until when",
  async () => {
    await using folder = await TemporaryFolder.make();
    const certificates = await Certificates.make(folder.path);
    const files = await certificates.issue("own", {
      names: "DNS:a.example,DNS:*.b.example,IP:10.0.0.5",
    });
    const { cert, key, names, validUntil } = await readTlsCertificate(files);
    assert.equal(cert, await Deno.readTextFile(files.cert));
    assert.equal(key, await Deno.readTextFile(files.key));
    assert.deepEqual(names, ["a.example", "*.b.example", "10.0.0.5"]);
    const days = (validUntil.getTime() - Date.now()) / 86_400_000;
    assert.ok(days > 29 && days <= 30, `${days}`);
  },
);

tlsTest("readTlsCertificate() names the file that does not fit, and says why", async () => {
  await using folder = await TemporaryFolder.make();
  const certificates = await Certificates.make(folder.path);
  const good = await certificates.issue("good");
  const old = await certificates.issue("old", { days: -1 });
  const nameless = await certificates.issue("nameless", { names: "" });
  const nonsense = folder.join("nonsense");
  await Deno.writeTextFile(nonsense, "nonsense");
  const locked = folder.join("locked.key");
  await output(
    ...["openssl", "pkey", "-in", good.key, "-aes128", "-passout", "pass:bees", "-out", locked],
  );
  const authority = { cert: certificates.ca, key: folder.join("ca.key") };
  const cases: [{ cert: string; key: string }, string, RegExp][] = [
    [{ ...good, cert: "/nowhere" }, "/nowhere", / is not there$/],
    [{ ...good, key: folder.path }, folder.path, / cannot be read: /],
    [{ ...good, cert: nonsense }, nonsense, / is not a certificate in the form PEM /],
    [{ ...good, key: nonsense }, nonsense, / is not a private key in the form PEM, /],
    [{ ...good, key: locked }, locked, / has a passphrase; /],
    [{ ...good, key: old.key }, old.key, / is not the key of the certificate in .*good\.pem; /],
    [old, old.cert, / expired on \d{4}-\d\d-\d\d; /],
    [nameless, nameless.cert, / names no host \(subjectAltName\), /],
    [authority, authority.cert, / names no host/],
  ];
  for (const [files, path, why] of cases) {
    await assert.rejects(readTlsCertificate(files), (error: Error & { code: string }) => {
      assert.equal(error.code, "tls_certificate");
      assert.ok(error.message.startsWith(`The TLS file ${path} `), error.message);
      assert.match(error.message, why);
      return true;
    });
  }
});
