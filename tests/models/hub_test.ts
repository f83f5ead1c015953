import assert from "node:assert/strict";
import { DEFAULT_HUB, hubOfEnvironment, listHubFiles } from "../../src/models/hub.ts";
import type { RemoteFile } from "../../src/models/remote_file.ts";
import { type Answer, FileServer } from "../helpers/file_server.ts";

const SHA = "0123456789abcdef0123456789abcdef01234567";
const SUM = "ab".repeat(32);
const PATH = "/api/models/bees/big?blobs=true";
const NEVER = new AbortController().signal;

/** What is made of a hub's answer; `HUB` stands for its address. */
async function filesOf(answer: unknown, first: Answer[] = []): Promise<RemoteFile[]> {
  const text = typeof answer === "string" ? answer : JSON.stringify(answer);
  const bytes = new TextEncoder().encode(text);
  await using server = await FileServer.start({ [PATH]: { bytes, ranges: false, first } });
  const files = await listHubFiles("bees/big", {
    endpoint: server.url,
    credentials: {},
    retry: { firstMs: 1, patience: 2 },
  }, NEVER);
  return files.map((file) => ({ ...file, url: file.url.replace(server.url, "HUB") }));
}

/** The one file of a repository of which the hub says this. */
async function fileOf(sibling: Record<string, unknown>): Promise<RemoteFile> {
  const [file] = await filesOf({ sha: SHA, siblings: [{ rfilename: "x.gguf", ...sibling }] });
  return file!;
}

Deno.test("listHubFiles() gives each file with its address at the commit that the hub tells, size and sum", async () => {
  const files = await filesOf({
    id: "bees/big",
    sha: SHA,
    gated: false,
    siblings: [
      { rfilename: "README.md", size: 12 },
      {
        rfilename: "Q8_0/big.gguf",
        size: 134,
        lfs: { sha256: SUM, size: 4_000, pointerSize: 134 },
      },
    ],
  });
  assert.deepEqual(files, [
    {
      path: "README.md",
      url: `HUB/bees/big/resolve/${SHA}/README.md`,
      bytes: 12,
      sha256: undefined,
    },
    {
      path: "Q8_0/big.gguf",
      url: `HUB/bees/big/resolve/${SHA}/Q8_0/big.gguf`,
      bytes: 4_000,
      sha256: SUM,
    },
  ]);
});

Deno.test("listHubFiles() takes the main branch where the hub tells no commit", async () => {
  const [file] = await filesOf({ siblings: [{ rfilename: "x.gguf" }] });
  assert.deepEqual(file, {
    path: "x.gguf",
    url: "HUB/bees/big/resolve/main/x.gguf",
    bytes: undefined,
    sha256: undefined,
  });
});

Deno.test("listHubFiles() writes a file's name so that it stays one in an address", async () => {
  const { path, url } = await fileOf({ rfilename: "a b/c#d?e%.gguf" });
  assert.equal(path, "a b/c#d?e%.gguf");
  assert.equal(url, `HUB/bees/big/resolve/${SHA}/a%20b/c%23d%3Fe%25.gguf`);
});

for (
  const [what, sibling, bytes, sha256] of [
    ["no size", {}, undefined, undefined],
    ["null in place of both", { size: null, lfs: null }, undefined, undefined],
    ["a sum in its older form", { size: 5, lfs: { oid: `sha256:${SUM}` } }, 5, SUM],
    ["a sum in its older form without the kind", { lfs: { oid: SUM, size: 5 } }, 5, SUM],
    ["both sums", { lfs: { sha256: SUM, oid: "cd".repeat(32) } }, undefined, SUM],
    ["a sum of another kind", { size: 5, lfs: { oid: "sha1:abcd" } }, 5, undefined],
    ["a sum that is none", { size: 5, lfs: { sha256: "x".repeat(64) } }, 5, undefined],
    ["a size of nothing", { size: 0 }, 0, undefined],
  ] as const
) {
  Deno.test(`listHubFiles() of a file with ${what} knows ${bytes} bytes and ${sha256 ? "a" : "no"} sum`, async () => {
    const file = await fileOf(sibling);
    assert.deepEqual([file.bytes, file.sha256], [bytes, sha256]);
  });
}

Deno.test("listHubFiles() of a repository without files has none", async () => {
  assert.deepEqual(await filesOf({ sha: SHA, siblings: [] }), []);
});

for (const sha of ["../../evil", "main", 5, null, undefined]) {
  Deno.test(`listHubFiles() takes the newest files where the commit is ${JSON.stringify(sha)}`, async () => {
    const [file] = await filesOf({ sha, siblings: [{ rfilename: "x.gguf" }] });
    assert.equal(file!.url, "HUB/bees/big/resolve/main/x.gguf");
  });
}

for (
  const [what, answer] of [
    ["a page", "<html>Sign in</html>"],
    ["nothing", ""],
    ["null", "null"],
    ["no files", { sha: SHA }],
    ["files without names", { siblings: [{ size: 5 }] }],
    ["a name that is a number", { siblings: [{ rfilename: 5 }] }],
    ["a size below nothing", { siblings: [{ rfilename: "x.gguf", size: -1 }] }],
    ["a size of parts of bytes", { siblings: [{ rfilename: "x.gguf", size: 1.5 }] }],
    ["an answer that is cut", `{"sha":"${SHA}","siblings":[{"rfilename":"x.g`],
  ] as const
) {
  Deno.test(`listHubFiles() refuses ${what}, and says where to look`, async () => {
    await assert.rejects(filesOf(answer), {
      code: "download_failed",
      message: /^http:\/\/127\.0\.0\.1:\d+ did not answer as a hub does; check HF_ENDPOINT$/,
    });
  });
}

for (
  const [status, code, message] of [
    [401, "download_unauthorized", /does not give out hf:bees\/big \(401\).*HF_TOKEN/],
    [403, "download_unauthorized", /\(403\): it is private, gated or does not exist/],
    [404, "model_not_found", /has no hf:bees\/big \(404\); check the name$/],
    [410, "model_not_found", /\(410\)/],
    [418, "download_failed", /^Cannot fetch hf:bees\/big: .* answered 418$/],
  ] as const
) {
  Deno.test(`listHubFiles() of a repository that is answered with ${status} is ${code}, at once`, async () => {
    const body = JSON.stringify({ error: "Access to model bees/big is restricted" });
    const answered = { sha: SHA, siblings: [{ rfilename: "x.gguf" }] };
    await assert.rejects(filesOf(answered, [{ status, body }]), { code, message });
  });
}

Deno.test("listHubFiles() asks again where the hub cannot answer now", async () => {
  const later: Answer[] = [{ status: 500 }, { status: 429, headers: { "Retry-After": "0" } }];
  const files = await filesOf({ siblings: [{ rfilename: "x.gguf" }] }, later);
  assert.deepEqual(files.map(({ path }) => path), ["x.gguf"]);
});

Deno.test("listHubFiles() shows the token to the hub", async () => {
  const bytes = new TextEncoder().encode(JSON.stringify({ siblings: [] }));
  await using server = await FileServer.start({ [PATH]: { bytes, ranges: false } });
  const token = { origin: server.url, value: "hf_secret" };
  await listHubFiles("bees/big", { endpoint: server.url, credentials: { token } }, NEVER);
  assert.deepEqual(server.requests.map(({ authorization }) => authorization), ["Bearer hf_secret"]);
});

/** An environment of these variables alone. */
const env = (variables: Record<string, string>) => (name: string) => variables[name];

for (
  const [what, variables, endpoint, token] of [
    ["nothing", {}, DEFAULT_HUB, undefined],
    ["an empty address", { HF_ENDPOINT: "", HF_TOKEN: " " }, DEFAULT_HUB, undefined],
    ["a mirror", { HF_ENDPOINT: "https://hub.example/hf//" }, "https://hub.example/hf", undefined],
    ["a token", { HF_TOKEN: " hf_secret\n" }, DEFAULT_HUB, {
      origin: DEFAULT_HUB,
      value: "hf_secret",
    }],
    [
      "a token for a mirror",
      { HF_ENDPOINT: "http://127.0.0.1:8/hf", HF_TOKEN: "t" },
      "http://127.0.0.1:8/hf",
      {
        origin: "http://127.0.0.1:8",
        value: "t",
      },
    ],
  ] as const
) {
  Deno.test(`hubOfEnvironment() reads ${what}`, () => {
    assert.deepEqual(hubOfEnvironment(env(variables)), { endpoint, token });
  });
}

for (
  const [endpoint, shown] of [
    ["hub.example", "hub.example"],
    ["ftp://hub.example/", "ftp://hub.example"],
    ["https://", "https:"],
  ] as const
) {
  Deno.test(`hubOfEnvironment() refuses ${endpoint} as the hub's address`, () => {
    assert.throws(() => hubOfEnvironment(env({ HF_ENDPOINT: endpoint })), {
      code: "bad_config",
      message: `HF_ENDPOINT is "${shown}", no address such as https://huggingface.co; set it anew`,
    });
  });
}
