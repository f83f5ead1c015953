import assert from "node:assert/strict";
import { MAX_DEPTH } from "../../src/http/json_body.ts";
import { MAX_BODY_BYTES } from "../../src/http/request_body.ts";
import { startTestRole, type TestRole } from "../helpers/test_role.ts";

async function post(role: TestRole, body: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${role.url}/v1/jobs`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body,
  });
  return { status: answer.status, text: await answer.text() };
}

async function assertHealthy({ url }: TestRole): Promise<void> {
  const answer = await fetch(`${url}/health`);
  assert.equal(answer.status, 200, await answer.text());
}

function nested(levels: number): string {
  return "[".repeat(levels) + "]".repeat(levels);
}

Deno.test("a body that is nested too deeply is refused, wherever that is, and the role goes on", async () => {
  await using role = startTestRole();
  for (
    const body of [
      `{"operation":"story","words":[],"x":${nested(MAX_DEPTH)}}`,
      `{"operation":"story","words":[],"x":${nested(4_000_000)}}`,
      `{"operation":${nested(100_000)}}`,
      '{"a":'.repeat(1_000_000) + "1" + "}".repeat(1_000_000),
    ]
  ) {
    const { status, text } = await post(role, body);
    assert.equal(status, 400, text);
    assert.equal(JSON.parse(text).error.code, "invalid_json", text);
    assert.match(text, /nested more than 256 levels deep/);
  }
  await assertHealthy(role);
});

Deno.test("a body at the limit of nesting is read", async () => {
  await using role = startTestRole();
  const { status, text } = await post(
    role,
    `{"operation":"story","words":[],"x":${nested(MAX_DEPTH - 1)}}`,
  );
  assert.equal(status, 400);
  assert.equal(JSON.parse(text).error.details.field, "x", "it is refused for its field alone");
});

Deno.test("bodies as large as are taken, of any shape of JSON, are refused in words, and the role goes on", async () => {
  await using role = startTestRole();
  const room = MAX_BODY_BYTES - 1000;
  const begin = '{"operation":"story","words":[],';
  for (
    const body of [
      `${begin}"x":"${"a".repeat(room)}"}`,
      `${begin}"x":"${"\\u0000".repeat(room / 6)}"}`,
      `${begin}"x":[${"0,".repeat(room / 2)}0]}`,
      `${begin}"x":${"9".repeat(room)}}`,
      `${begin}${Array.from({ length: 400_000 }, (_, i) => `"k${i}":0`).join(",")}}`,
      `{"operation":"${"a".repeat(room)}"}`,
      `{"operation":"story","words":[],"${"a".repeat(room)}":1}`,
      `{"operation":"story","words":[],${'"x":1,'.repeat(room / 6)}"x":1}`,
      "[".repeat(room),
      '{"a":'.repeat(room / 5),
    ]
  ) {
    const { status, text } = await post(role, body);
    assert.equal(status, 400, text.slice(0, 200));
    assert.ok(text.length < 2000, `${text.length} characters of error`);
  }
  await assertHealthy(role);
});

Deno.test("fields that are named like a prototype's are unknown, and change no other object", async () => {
  await using role = startTestRole();
  for (const name of ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"]) {
    for (const value of ['{"polluted":true}', '"x"', "null"]) {
      const unknown = await post(role, `{"operation":"${name}"}`);
      assert.equal(unknown.status, 400, unknown.text);
      const field = await post(role, `{"operation":"story","words":[],"${name}":${value}}`);
      assert.ok(field.status === 400 || field.status === 202, field.text);
      const asPath = await fetch(`${role.url}/v1/jobs/${name}`);
      assert.equal(asPath.status, 404, await asPath.text());
    }
  }
  const list = await fetch(`${role.url}/v1/jobs?state=__proto__`);
  assert.equal(list.status, 400, await list.text());
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
});
