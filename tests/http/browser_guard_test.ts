import assert from "node:assert/strict";
import { Hono } from "hono";
import { createApp } from "../../src/http/app.ts";
import { browserGuard } from "../../src/http/browser_guard.ts";
import { HealthState } from "../../src/http/health.ts";
import { INSTANCE } from "../helpers/test_role.ts";

async function statusOf(headers: Record<string, string>, names?: string[]): Promise<number> {
  const health = new HealthState("queen", INSTANCE);
  health.status = "ok";
  const app = createApp({
    health,
    requestShutdown: () => {},
    ...(names && { names: () => names }),
  });
  const response = await app.request("http://127.0.0.1:7833/health", { headers });
  const body = await response.json();
  if (response.status === 403) {
    const kind = body.error.code;
    assert.match(kind, headers["Origin"] === undefined ? /^forbidden_host$/ : /^forbidden_/);
    assert.equal(body.error.type, "permission_error");
  }
  return response.status;
}

for (
  const host of [
    "127.0.0.1",
    "127.0.0.1:7833",
    "127.1.2.3:80",
    "localhost",
    "localhost:7833",
    "LocalHost:7833",
    "[::1]",
    "[::1]:7833",
  ]
) {
  Deno.test(`browserGuard() takes the Host ${host}`, async () => {
    assert.equal(await statusOf({ Host: host }), 200);
  });
}

for (
  const host of [
    "evil.example",
    "evil.example:7833",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "127.0.0.1.nip.io:7833",
    "evil-localhost",
    "localhost:7833.evil.example",
    "0.0.0.0:7833",
    "192.168.1.5:7833",
    "[::2]:7833",
    "[::ffff:127.0.0.1]:7833",
    "::1",
    "2130706433",
    "localhost:",
    "user@localhost",
    "",
  ]
) {
  Deno.test(`browserGuard() refuses the Host "${host}"`, async () => {
    assert.equal(await statusOf({ Host: host }), 403);
  });
}

Deno.test("browserGuard() takes configured names, in any case, with any port", async () => {
  const names = ["Bees.LAN", "192.168.1.5"];
  assert.equal(await statusOf({ Host: "bees.lan:7833" }, names), 200);
  assert.equal(await statusOf({ Host: "BEES.lan" }, names), 200);
  assert.equal(await statusOf({ Host: "192.168.1.5:7833" }, names), 200);
  assert.equal(await statusOf({ Host: "127.0.0.1:7833" }, names), 200);
  assert.equal(await statusOf({ Host: "x.bees.lan" }, names), 403);
});

Deno.test("browserGuard() takes one label in the place of a name's star, as certificates do", async () => {
  const names = ["*.bees.lan"];
  assert.equal(await statusOf({ Host: "queen.bees.lan:7833" }, names), 200);
  assert.equal(await statusOf({ Host: "bees.lan" }, names), 403);
  assert.equal(await statusOf({ Host: "a.queen.bees.lan" }, names), 403);
  assert.equal(await statusOf({ Host: ".bees.lan" }, names), 403);
});

Deno.test("browserGuard() takes the names that are given now, and those of before no more", async () => {
  let names = ["old.lan"];
  const app = new Hono();
  app.use(browserGuard({ names: () => names }));
  app.get("/", (c) => c.text(""));
  app.onError(() => new Response("", { status: 403 }));
  const status = async (Host: string) => (await app.request("/", { headers: { Host } })).status;
  assert.deepEqual([await status("old.lan"), await status("new.lan")], [200, 403]);
  names = ["new.lan"];
  assert.deepEqual([await status("old.lan"), await status("new.lan")], [403, 200]);
});

Deno.test("browserGuard() takes any address, and no name more, of a role that listens on all of them", async () => {
  const health = new HealthState("queen", INSTANCE);
  health.status = "ok";
  const app = createApp({
    health,
    requestShutdown: () => {},
    names: () => ["0.0.0.0"],
    anyAddress: true,
  });
  const cases: [host: string, status: number][] = [
    ["10.0.0.5:7833", 200],
    ["[fd00::5]:7833", 200],
    ["0.0.0.0:7833", 200],
    ["evil.example:7833", 403],
    ["10.0.0.5.evil.example", 403],
    ["1.2.3:7833", 403],
  ];
  for (const [Host, status] of cases) {
    const answer = await app.request("http://127.0.0.1/health", { headers: { Host } });
    assert.equal(answer.status, status, Host);
    await answer.body?.cancel();
  }
});

Deno.test("browserGuard() takes a configured IPv6 address", async () => {
  assert.equal(await statusOf({ Host: "[fd00::5]:7833" }, ["fd00::5"]), 200);
  assert.equal(await statusOf({ Host: "[fd00::6]:7833" }, ["fd00::5"]), 403);
});

for (
  const [origin, host] of [
    ["http://127.0.0.1:7833", "127.0.0.1:7833"],
    ["http://localhost:7833", "localhost:7833"],
    ["http://LOCALHOST:7833", "localhost:7833"],
    ["http://[::1]:7833", "[::1]:7833"],
    ["http://127.0.0.1", "127.0.0.1"],
    ["http://127.0.0.1", "127.0.0.1:80"],
    ["https://localhost", "localhost:443"],
  ] as const
) {
  Deno.test(`browserGuard() takes the Origin ${origin} for the Host ${host}`, async () => {
    assert.equal(await statusOf({ Host: host, Origin: origin }), 200);
  });
}

for (
  const [origin, host] of [
    ["https://evil.example", "127.0.0.1:7833"],
    ["http://127.0.0.1:3000", "127.0.0.1:7833"],
    ["http://127.0.0.1", "127.0.0.1:7833"],
    ["http://localhost:7833", "127.0.0.1:7833"],
    ["http://127.0.0.2:7833", "127.0.0.1:7833"],
    ["http://evil.example:7833", "127.0.0.1:7833"],
    ["http://127.0.0.1:7833.evil.example", "127.0.0.1:7833"],
    ["http://127.0.0.1:7833@evil.example", "127.0.0.1:7833"],
    ["null", "127.0.0.1:7833"],
    ["", "127.0.0.1:7833"],
    ["file://", "127.0.0.1:7833"],
    ["chrome-extension://abcdef", "127.0.0.1:7833"],
    ["127.0.0.1:7833", "127.0.0.1:7833"],
    ["http://evil.example", "evil.example"],
  ] as const
) {
  Deno.test(`browserGuard() refuses the Origin "${origin}" for the Host ${host}`, async () => {
    assert.equal(await statusOf({ Host: host, Origin: origin }), 403);
  });
}
