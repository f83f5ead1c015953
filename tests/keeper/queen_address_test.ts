import assert from "node:assert/strict";
import { join } from "node:path";
import { authorizationFor } from "../../src/http/bearer_tokens.ts";
import { daemonFiles } from "../../src/config/paths.ts";
import { type RoleServer, startRoleServer } from "../../src/jobs/role_server.ts";
import { findDaemon } from "../../src/keeper/daemon.ts";
import { findQueen, requireQueen } from "../../src/keeper/queen_address.ts";
import type { Settings } from "../../src/keeper/settings.ts";
import { stopDaemon } from "../../src/keeper/stop_daemon.ts";
import { writePidFile } from "../../src/process/pid_file.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

/** Settings in a folder of their own, whose queen is not started by anybody. */
class TestSettings implements AsyncDisposable {
  readonly settings: Settings;
  readonly #folder: TemporaryFolder;

  private constructor(folder: TemporaryFolder, port: number) {
    this.#folder = folder;
    this.settings = {
      paths: {
        config: join(folder.path, "config"),
        state: folder.path,
        data: join(folder.path, "data"),
        cache: join(folder.path, "cache"),
      },
      queenUrl: undefined,
      queen: { host: "127.0.0.1", port },
      hive: { host: "127.0.0.1", port: 0 },
    };
  }

  static async make(port = 0): Promise<TestSettings> {
    return new TestSettings(await TemporaryFolder.make(), port);
  }

  /** Says in the pid file of the queen that `server` is she. */
  async name(server: RoleServer, instance = server.health.instance): Promise<void> {
    const { pid } = daemonFiles(this.settings.paths, "queen");
    await writePidFile(pid, { instance, url: server.url });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** A role in this process that answers to its health alone. */
function startRole(role: "queen" | "hive"): RoleServer & AsyncDisposable {
  const server = startRoleServer({ role, host: "127.0.0.1", port: 0, handlers: {} });
  server.health.status = "ok";
  return Object.assign(server, { [Symbol.asyncDispose]: () => server.close() });
}

const portOf = (server: RoleServer) => Number(new URL(server.url).port);

const OPTIONS = { signal: new AbortController().signal };

Deno.test("findQueen() takes the queen that the person names, without asking her", async () => {
  await using test = await TestSettings.make();
  const queenUrl = "http://queen.invalid";
  assert.deepEqual(await findQueen({ ...test.settings, queenUrl }), {
    url: queenUrl,
    publicUrl: queenUrl,
    own: false,
  });
});

Deno.test("findQueen() has the person's token shown to the queen they name and to their own, and to no other", async () => {
  await using test = await TestSettings.make();
  const [token, queenUrl] = ["rbee_x", "http://named.invalid"];
  await findQueen({ ...test.settings, queenUrl, token });
  assert.deepEqual(authorizationFor(queenUrl), { Authorization: "Bearer rbee_x" });
  await using queen = startRole("queen");
  await test.name(queen);
  await findQueen({ ...test.settings, token });
  assert.deepEqual(authorizationFor(queen.url), { Authorization: "Bearer rbee_x" });

  await using other = startRole("queen");
  await using elsewhere = await TestSettings.make(portOf(other));
  using recorded = new RecordedNarration();
  assert.equal((await findQueen({ ...elsewhere.settings, token }))?.url, other.url);
  assert.deepEqual(authorizationFor(other.url), {});
  const said = recorded.records.map(({ human }) => human).join("\n");
  assert.match(said, new RegExp(`to show her your token, .* --queen ${other.url}$`));
});

Deno.test("findQueen() finds this home's queen by her pid file", async () => {
  await using test = await TestSettings.make();
  await using queen = startRole("queen");
  await test.name(queen);
  assert.deepEqual(await findQueen(test.settings), {
    url: queen.url,
    publicUrl: queen.url,
    own: true,
  });
});

Deno.test("findQueen() uses a queen of another home on the configured port, and says so", async () => {
  await using queen = startRole("queen");
  await using test = await TestSettings.make(portOf(queen));
  using said = new RecordedNarration();
  assert.deepEqual(await findQueen(test.settings), {
    url: queen.url,
    publicUrl: queen.url,
    own: false,
  });
  assert.deepEqual(said.records.map(({ human }) => human), [
    `Using the queen at ${queen.url}, which belongs to another home`,
  ]);
});

Deno.test("findQueen() takes no other role on the configured port for a queen", async () => {
  await using hive = startRole("hive");
  await using test = await TestSettings.make(portOf(hive));
  assert.equal(await findQueen(test.settings), undefined);
});

Deno.test("findQueen() finds none where there is neither a pid file nor a port", async () => {
  await using test = await TestSettings.make(0);
  assert.equal(await findQueen(test.settings), undefined);
  await assert.rejects(requireQueen(test.settings), {
    name: "RbeeError",
    code: "not_running",
    message: "No queen is running; start one with rbee up",
  });
});

Deno.test("findDaemon() gives the address, process and health of a daemon that answers", async () => {
  await using test = await TestSettings.make();
  await using queen = startRole("queen");
  await test.name(queen);
  const daemon = await findDaemon("queen", test.settings.paths);
  assert.deepEqual([daemon?.url, daemon?.pid], [queen.url, Deno.pid]);
  assert.equal(daemon?.health.instance, queen.health.instance);
});

for (
  const [name, role, instance] of [
    ["another instance", "queen", "019c1234-5678-7abc-8def-0123456789ab"],
    ["another role", "hive", undefined],
  ] as const
) {
  Deno.test(`findDaemon() does not take ${name} at the address for the daemon`, async () => {
    await using test = await TestSettings.make();
    await using other = startRole(role);
    await test.name(other, instance);
    await assert.rejects(findDaemon("queen", test.settings.paths), {
      code: "not_answering",
      message:
        `The queen runs as process ${Deno.pid} and does not answer: ${other.url} is another program; end it with rbee down`,
    });
  });
}

Deno.test("findDaemon() says that a daemon runs and does not answer", async () => {
  await using test = await TestSettings.make();
  const queen = startRole("queen");
  await test.name(queen);
  await queen.close();
  await assert.rejects(findDaemon("queen", test.settings.paths), {
    code: "not_answering",
    message:
      `The queen runs as process ${Deno.pid} and does not answer: Cannot reach ${queen.url}: connection refused; end it with rbee down`,
  });
});

Deno.test("findDaemon() and stopDaemon() pass over a pid file whose process has ended", async () => {
  await using test = await TestSettings.make();
  await using queen = startRole("queen");
  const { paths } = test.settings;
  // The pid lives, and is not that of the process that wrote the file.
  const file = { pid: Deno.pid, start_time: "1", executable: null };
  await Deno.writeTextFile(
    daemonFiles(paths, "queen").pid,
    JSON.stringify({ ...file, instance: queen.health.instance, url: queen.url }),
  );
  assert.equal(await findDaemon("queen", paths), undefined);
  assert.equal(await stopDaemon("queen", paths, OPTIONS), false);
});

Deno.test("stopDaemon() stops nothing where there is no pid file", async () => {
  await using test = await TestSettings.make();
  assert.equal(await stopDaemon("queen", test.settings.paths, OPTIONS), false);
});
