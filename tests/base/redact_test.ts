import assert from "node:assert/strict";
import fc from "fast-check";
import { mayHoldSecret, redact } from "../../src/base/redact.ts";
import { anyText } from "../helpers/hostile_strings.ts";

const JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N";
const KEY =
  "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7bq\n9Vx2Qw==\n-----END RSA PRIVATE KEY-----";

/** Each text with its secret, and what is to be left of it. */
const SECRETS: readonly [string, string][] = [
  ["Authorization: Bearer abc.def-123 x", "Authorization: [redacted]"],
  ["sent Bearer abc123def to it", "sent Bearer [redacted] to it"],
  ["bearer abcdefghijklmnopqrstuvwxyz", "bearer [redacted]"],
  ["Proxy-Authorization: Basic dXNlcjpwdw==", "Proxy-Authorization: [redacted]"],
  [
    `curl -H "Authorization: Basic dXNlcg==" https://x/`,
    `curl -H "Authorization: [redacted]" https://x/`,
  ],
  ["Cookie: session=a1; theme=dark", "Cookie: [redacted]"],
  ["Set-Cookie: id=a1; HttpOnly\nServer: x", "Set-Cookie: [redacted]\nServer: x"],
  ["key sk-proj-4fZk0c9Jd2_x81Lm is wrong", "key sk-[redacted] is wrong"],
  ["sk-ant-api03-AbCdEfGhIjKlMnOp", "sk-[redacted]"],
  ["(hf_AbCdEfGhIjKlMnOpQrStUvWxYz01234567)", "(hf_[redacted])"],
  ["rbee_8sJ2kd0Ls92mXq81jdKs02ks-Ab3dEf_Gh5jKl7MnO9", "rbee_[redacted]"],
  ["ghp_16C7e42F292c6912E7710c838347Ae178B4a", "ghp_[redacted]"],
  ["github_pat_11ABCDEFG0123456789_abcdef", "github_pat_[redacted]"],
  ["xoxb-123456789012-abcdefABCDEF", "xoxb-[redacted]"],
  ["AKIAIOSFODNN7EXAMPLE is ours", "[redacted] is ours"],
  ["it sent " + JWT + ".", "it sent [redacted]"],
  [`before ${KEY} after`, "before [redacted] after"],
  [`before ${KEY.slice(0, 60)}`, "before [redacted]"],
  [JSON.stringify({ key: KEY, n: 1 }), '{"key":"[redacted]","n":1}'],
  ["https://luna:pollen@host:8080/a?b=c", "https://luna:[redacted]@host:8080/a?b=c"],
  ["proxy http://u:p@ss@w0rd@host/", "proxy http://u:[redacted]@host/"],
  ["redis://:pollen@host", "redis://:[redacted]@host"],
  ["https://x/y?token=abc&n=1#end", "https://x/y?token=[redacted]&n=1#end"],
  ["https://x/y?n=1&api_key=a,b;c", "https://x/y?n=1&api_key=[redacted]"],
  ["https://x/y?X-Amz-Security-Token=a%2Fb&n=1", "https://x/y?X-Amz-Security-Token=[redacted]&n=1"],
  ["HF_TOKEN=pollen", "HF_TOKEN=[redacted]"],
  ["export HF_TOKEN='two words'; run", "export HF_TOKEN='[redacted]'; run"],
  [`env["HF_TOKEN"] = "pollen"`, `env["HF_TOKEN"] = "[redacted]"`],
  ["password: hunter2", "password: [redacted]"],
  ["PASSWORD      =   hunter2", "PASSWORD      =   [redacted]"],
  ["db_passwd=a&b#c", "db_passwd=[redacted]"],
  [`{"apiKey":"a\\"b","n":1}`, `{"apiKey":"[redacted]","n":1}`],
  [`{"clientSecret" : "a" }`, `{"clientSecret" : "[redacted]" }`],
  [String.raw`"{\"token\":\"abc\",\"n\":1}"`, String.raw`"{\"token\":\"[redacted]\",\"n\":1}"`],
  [`{"cookies":["a","b"],"n":1}`, `{"cookies":[redacted],"n":1}`],
  ["{'x-api-key': 'abc'}", "{'x-api-key': '[redacted]'}"],
  ["aws_secret_access_key = wJalrXUt/nFEMI", "aws_secret_access_key = [redacted]"],
  ["serve --api-key pollen --port 1", "serve --api-key [redacted] --port 1"],
  ["serve --hf-token=pollen --port 1", "serve --hf-token=[redacted] --port 1"],
  [`serve --password "two words" x`, `serve --password "[redacted]" x`],
  [`["serve", "--token", "pollen", "x"]`, `["serve", "--token", "[redacted]", "x"]`],
  // Named by another member.
  [`{"name": "HF_TOKEN", "value": "pollen"}`, `{"name": "HF_TOKEN", "value": "[redacted]"}`],
  [`[{'name':'API_KEY','value':'a b'},1]`, `[{'name':'API_KEY','value':'[redacted]'},1]`],
  [
    String.raw`"{\"key\":\"DB_PASSWORD\",\"value\":\"abc\",\"n\":1}"`,
    String.raw`"{\"key\":\"DB_PASSWORD\",\"value\":\"[redacted]\",\"n\":1}"`,
  ],
  // Wrapped, and behind operators of two characters.
  [`api_key: Some("hunter2"), n: 1`, "api_key: [redacted], n: 1"],
  [`api_key=SecretStr('hunter2') n`, "api_key=[redacted] n"],
  [`api_key: Some(String::from("hunter2")) }`, "api_key: [redacted] }"],
  ["password=b'hunter2' x", "password=[redacted] x"],
  ["password => hunter2 x", "password => [redacted] x"],
  ["token := hunter2 x", "token := [redacted] x"],
  [`token == "hunter2" x`, `token == "[redacted]" x`],
  [`credentials: {"aws":{"id":"a}"},"pass":"hunter2"} x`, "credentials: [redacted] x"],
  [`credentials: [["a"],["hunter2"]], n`, "credentials: [redacted], n"],
  // Beside their names.
  ["('authorization', 'Basic dXNlcg==')", "('authorization', '[redacted]')"],
  [`["x-api-key","hunter2"]`, `["x-api-key","[redacted]"]`],
  [String.raw`"["x-api-key","hunter2"]"`, String.raw`"["x-api-key","[redacted]"]"`],
  [`(b"a", 1, "x-api-key", b"hunter2")`, `(b"a", 1, "x-api-key", [redacted])`],
  [
    "[(b'authorization', b'Basic a=='), (b'x', b'y')]",
    "[(b'authorization', [redacted]), (b'x', b'y')]",
  ],
  // Names with something behind them.
  ["HF_TOKEN_READ=hunter2", "HF_TOKEN_READ=[redacted]"],
  ["OPENAI_API_KEY_2=hunter2", "OPENAI_API_KEY_2=[redacted]"],
  ["SECRET_KEY_BASE=hunter2", "SECRET_KEY_BASE=[redacted]"],
  ["DB_PASS=hunter2", "DB_PASS=[redacted]"],
  ["user=anna pass=hunter2 host=b", "user=anna pass=[redacted] host=b"],
  ["//registry.npmjs.org/:_auth=aHVudGVyMg==", "//registry.npmjs.org/:_auth=[redacted]"],
  [`PASSWORD${" ".repeat(200)}= hunter2`, `PASSWORD${" ".repeat(200)}= [redacted]`],
  // Known by how they begin.
  ...["nvapi-", "gsk_", "xai-", "r8_", "ya29.", "tskey-auth-", "whsec_", "pypi-", "dckr_pat_"]
    .map((mark): [string, string] => [`(${mark}AbC1${"dE2f".repeat(8)})`, `(${mark}[redacted])`]),
  [`at SG.${"aB3".repeat(7)}.${"cD4".repeat(14)} x`, "at SG.[redacted] x"],
  [`Bearer "abc123def"`, `Bearer "[redacted]"`],
  ["Bearer:abc123def", "Bearer:[redacted]"],
  ["bearer=abc123def&n=1", "bearer=[redacted]&n=1"],
  ["a=Bearer%20abc123def x", "a=Bearer%20[redacted] x"],
  ["https://luna:pol/len@host/x", "https://luna:[redacted]@host/x"],
  ["https://luna:pol#len@host/x", "https://luna:[redacted]@host/x"],
  ["https://0123456789abcdef0123@host/x", "https://[redacted]@host/x"],
  ["the password: hunter two", "the password: [redacted] two"],
  ["api_key: Zq9xW7vT is wrong", "api_key: [redacted] is wrong"],
  ["HF_TOKEN=pollen nectar", "HF_TOKEN=[redacted] nectar"],
  ["token=a password=b secret=c", "token=[redacted] password=[redacted] secret=[redacted]"],
];

for (const [text, left] of SECRETS) {
  Deno.test(`redact() makes ${JSON.stringify(left)} of ${JSON.stringify(text)}`, () => {
    assert.equal(redact(text), left);
    assert.ok(mayHoldSecret(text));
  });
}

const HARMLESS = [
  "",
  "Spawning worker for bee-tiny on cpu",
  "print_info: EOS token        = 128009 '<|eot_id|>'",
  "print_info: max token length = 256",
  "prompt eval time = 12.50 ms / 24 tokens (0.52 ms per token, 1920.00 tokens per second)",
  '{"completion_tokens":12,"prompt_tokens":5,"max_tokens":512,"next_token":7}',
  '{"token":null,"password":null}',
  "Cannot read --token-file /home/luna/token; --token-stdin reads a line",
  "rbee_time_to_first_token_seconds_bucket 3",
  "hf:org/repo:Q4_K_M from https://huggingface.co/org/repo/resolve/main/x.gguf?download=true",
  "ssh://luna@machine:22 and luna@machine:/srv",
  "http://127.0.0.1:7833/v1/jobs at 12:00:00",
  "the bearer token is missing",
  "task-with-a-very-long-name-that-says-nothing",
  "import hf_hub_download_with_many_parts",
  "PWD=/home/luna OLDPWD=/home",
  "-----BEGIN CERTIFICATE-----",
  "eyJhbGciOiJIUzI1NiJ9",
  "password=",
  "/data/models/hf_TheBloke_Llama-2-7B-GGUF/x.gguf",
  "hf_mistralai_Mistral-7B-Instruct-v0.3-Q4_K_M.gguf",
  "sk-learn-style-model-v2-Q4_K_M.gguf",
  "rbee_Qwen2-5-0-5B-Instruct-Q4_K_M.gguf of rbee_Qwen2-5-Coder-32B-Instruct-abliterated-Q4_K_M.gguf",
  "unexpected token: } at line 3",
  "unexpected token: { at line 3",
  "Wrong token: ask for another with rbee token create",
  "cannot read the token: No such file or directory",
  "session key: not found",
  "Authorization: needed for this route",
  "anna@gpu-box's password: Permission denied, please try again.",
  "time per token: 3.45ms, first token: 15ms",
  "{'eos_token':'</s>','pad_token':'[PAD]'}",
  `"eos_token":"</s>"`,
  "eos_token: </s>",
  "hives http://127.0.0.1:7833,anna@gpu-box",
  "http://127.0.0.1:7833/models/a@b and http://[::1]:7833/a@b and http://box:80/@anna",
  "https://anna@gpu-box.example.org/x",
  "first pass: 3.4 s, bypass=on, compass: north",
  `{"name":"token","type":"string"}`,
  `required: ["model","token","name"]`,
  `{"name":"HF_TOKEN","valueFrom":{"secretKeyRef":{"name":"hub"}}}`,
  `{"name":"eos_token","value":"</s>"}`,
  "error: no -----BEGIN PRIVATE KEY----- in /etc/key.pem",
  "error: no -----BEGIN PRIVATE KEY----- found in it\nCUDA out of memory",
];

for (const text of HARMLESS) {
  Deno.test(`redact() leaves ${JSON.stringify(text)} as it is`, () => {
    assert.equal(redact(text), text);
  });
}

Deno.test("redact() changes nothing of what it has redacted", () => {
  for (const [, left] of SECRETS) assert.equal(redact(left), left);
});

// Pieces of which any may follow any: what each of them begins is ended by others, or never.
const PIECES = [
  ...["token", "password", "Authorization", "cookie", "api_key", "pwd", "--token", "--", "-"],
  ...[
    "=",
    ":",
    "://",
    "@",
    "a",
    "1",
    " ",
    "\t",
    "\n",
    "/",
    "?",
    "&",
    ".",
    '"',
    "'",
    "\\",
    "[",
    "{",
    ",",
    "Some(",
    "b'",
    "%20",
    "eos_token",
    "pass",
    "SG.",
    "ya29.",
  ],
  ...["sk-", "hf_", "rbee_", "AKIA", "AKIAIOSFODNN7EXAMPLE", "eyJ", "Bearer ", "[redacted]"],
  ...["-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "-----END", "Zq9".repeat(8)],
];

Deno.test("redact() done twice is redact() done once, for any text", () => {
  const text = fc.array(fc.oneof(fc.constantFrom(...PIECES), anyText()), { maxLength: 12 })
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, (given) => {
      const once = redact(given);
      assert.equal(redact(once), once);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("redact() leaves nothing of a secret, whatever stands around it", () => {
  const secret = "Zq9xW7vT5rS3pN1mK8jH6gF4";
  const forms = [
    `token=${secret}`,
    `"password":"${secret}"`,
    `--api-key ${secret}`,
    `https://u:${secret}@host/`,
    `Bearer ${secret}`,
    `hf_${secret}Yz01234567`,
  ];
  const around = fc.array(fc.constantFrom(" ", "\n", "a ", "x=1 ", "12:00 ", "({", "; "), {
    maxLength: 6,
  }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(around, fc.constantFrom(...forms), around, (before, form, after) => {
      assert.ok(!redact(`${before} ${form} ${after}`).includes(secret.slice(4, 12)));
    }),
    { numRuns: 1000 },
  );
});
