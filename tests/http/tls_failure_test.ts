import assert from "node:assert/strict";
import { tlsFailure } from "../../src/http/tls_failure.ts";

const URL_ = "https://queen.example:7833/health";
const said = (text: string, url = URL_) => tlsFailure(url, text, undefined)?.message;

Deno.test("tlsFailure() says why who answers cannot be trusted, and what to do", () => {
  const prefix = "Cannot trust https://queen.example:7833: ";
  const cases: [string, RegExp][] = [
    ["invalid peer certificate: UnknownIssuer", /no authority that is known here .* --ca FILE/],
    ["invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))", /CA:FALSE$/],
    ["invalid peer certificate: certificate expired: verification time 1 (UNIX)", /has expired; /],
    ["invalid peer certificate: certificate not valid yet: verification time 1", /clocks of both/],
    ["invalid peer certificate: BadSignature", /no authority that is known here/],
    [
      'invalid peer certificate: certificate not valid for name "queen.example"; certificate is only valid for DnsName("a.example")',
      /is not for queen\.example, but for a\.example; ask by a name that it is for$/,
    ],
    [
      'invalid peer certificate: certificate not valid for name "queen.example"; certificate is not valid for any names (according to its subjectAltName extension)',
      /is not for queen\.example; /,
    ],
  ];
  for (const [text, expected] of cases) {
    const sentence = said(text) ?? "";
    assert.ok(sentence.startsWith(prefix), `${text}: ${sentence}`);
    assert.match(sentence, expected);
  }
});

Deno.test("tlsFailure() knows who speaks TLS to whom does not, and leaves the rest to others", () => {
  assert.match(
    said("received corrupt message of type InvalidContentType") ?? "",
    /does not speak TLS; ask for http:\/\/queen\.example:7833$/,
  );
  assert.match(
    said("invalid HTTP version parsed", "http://queen.example:7833") ?? "",
    /does not speak plain HTTP; ask for https:\/\/queen\.example:7833$/,
  );
  assert.equal(said("Connection refused (os error 111)"), undefined);
  assert.equal(said("invalid HTTP version parsed"), undefined);
});
