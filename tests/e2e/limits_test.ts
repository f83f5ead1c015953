import assert from "node:assert/strict";
import OpenAI from "openai";
import { RbeeHome } from "../helpers/rbee_home.ts";

async function createToken(home: RbeeHome, name: string): Promise<string> {
  const { code, stdout, stderr } = await home.rbee(["token", "create", "--name", name]);
  assert.equal(code, 0, stderr);
  return stdout.trim();
}

async function statuses(url: string, token: string | undefined, count: number) {
  const found: number[] = [];
  for (let n = 0; n < count; n++) {
    const answer = await fetch(`${url}/v1/models`, {
      headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
    });
    await answer.body?.cancel();
    found.push(answer.status);
  }
  return found;
}

Deno.test("a queen holds tokens to the limits of rbee.yaml, and at SIGHUP to those that stand there now", async () => {
  await using home = await RbeeHome.create();
  // Slow enough for none to come back while the test runs.
  const infer = { requests_per_second: 0.001, burst: 3 };
  await home.configure({ limits: { infer, tokens: { ben: { burst: 5 } } } });
  const [ann, ben] = [await createToken(home, "ann"), await createToken(home, "ben")];
  const started = await home.rbee(["queen", "start"]);
  assert.equal(started.code, 0, started.stderr);
  const { url, pid } = await home.daemon("queen");
  assert.deepEqual(await statuses(url, ann, 5), [200, 200, 200, 429, 429]);
  assert.deepEqual(await statuses(url, ben, 6), [200, 200, 200, 200, 200, 429]);
  assert.deepEqual(await statuses(url, undefined, 120), Array(120).fill(200));

  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: ann, maxRetries: 0 });
  await assert.rejects(client.models.list(), (error) => {
    assert.ok(error instanceof OpenAI.RateLimitError);
    assert.match(String(error.headers.get("retry-after")), /^(9\d\d|1000)$/);
    return true;
  });
  const asked = await home.rbee(["infer", "bee-tiny", "Hello"], { env: { RBEE_TOKEN: ann } });
  assert.equal(asked.code, 1, asked.stderr);
  assert.match(
    asked.stderr,
    /This token may send 0\.001 requests a second, 3 at once; ask again in \d+ s/,
  );

  const logs = home.start(["queen", "logs", "-f", "-n", "1"]);
  await logs.line(/./);
  await home.configure({ limits: { infer: { requests_per_second: 0 } } });
  Deno.kill(pid, "SIGHUP");
  const read = await logs.line(/settings_read/);
  assert.match(read, /changed: limits\.infer, limits\.tokens/);
  logs.signal("SIGINT");
  await logs.result;
  assert.deepEqual(await statuses(url, ann, 120), Array(120).fill(200));
});

Deno.test("a queen that needs tokens answers a flood of wrong ones with 429 and one line, and right ones as ever", async () => {
  await using home = await RbeeHome.create();
  await home.configure({
    queen: { require_token: true },
    limits: { refused: { requests_per_second: 0.001, burst: 5 } },
  });
  const ann = await createToken(home, "ann");
  const started = await home.rbee(["queen", "start"]);
  assert.equal(started.code, 0, started.stderr);
  const { url } = await home.daemon("queen");
  const flood = await Promise.all(Array.from({ length: 50 }, () => statuses(url, "rbee_wrong", 2)));
  const found = flood.flat();
  assert.deepEqual([...new Set(found)].sort(), [401, 429]);
  assert.equal(found.filter((status) => status === 401).length, 5);
  assert.deepEqual(await statuses(url, ann, 20), Array(20).fill(200));
  const listed = await home.rbee(["job", "list"]);
  assert.equal(listed.code, 0, listed.stderr);
  assert.equal((await home.rbee(["queen", "stop"])).code, 0);
  const log = await Deno.readTextFile(`${home.path}/state/queen.log`);
  const lines = log.split("\n").filter((line) => line.includes("refused"));
  assert.ok(lines.length >= 1 && lines.length <= 3, lines.join("\n"));
  assert.match(lines.at(-1)!, /Refused \d+ requests: .*rate_limit_exceeded \d+/);
});
