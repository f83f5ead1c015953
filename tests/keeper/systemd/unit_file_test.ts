import assert from "node:assert/strict";
import { unitFile, unitName, type UnitOptions } from "../../../src/keeper/systemd/unit_file.ts";
import { runProgram } from "../../../src/process/run_program.ts";
import { hasSystemdTools } from "../../helpers/systemd_tools.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";

const ROLES = ["queen", "hive"] as const;
const LIMIT_MS = 30_000;
const ignore = !hasSystemdTools();

// From 0, which is none, to 10. A queen sees less of the machine than a hive with its engines.
const MAX_EXPOSURE = { queen: 2.1, hive: 2.7 } as const;

function options(given: Partial<UnitOptions> = {}): UnitOptions {
  return {
    role: "queen",
    program: "/bin/true",
    args: [],
    paths: {
      config: "/home/bee/.config/rbee",
      state: "/home/bee/.local/state/rbee",
      data: "/home/bee/.local/share/rbee",
      cache: "/home/bee/.cache/rbee",
    },
    env: { PATH: "/usr/bin:/bin" },
    user: { name: "root", home: "/home/bee" },
    ...given,
  };
}

/** The values of a key, in order. */
function valuesOf(key: string, unit: string): string[] {
  return unit.split("\n").filter((line) => line.startsWith(`${key}=`))
    .map((line) => line.slice(key.length + 1));
}

/** What `systemd-analyze` says of a unit. */
async function analyze(args: string[], unit: string, name: string) {
  await using folder = await TemporaryFolder.make();
  const path = folder.join(name);
  await Deno.writeTextFile(path, unit);
  // Where the person's own systemd would have its files.
  const env = { ...Deno.env.toObject(), XDG_RUNTIME_DIR: folder.path };
  const command = { program: "systemd-analyze", args: [...args, path], env };
  return await runProgram(command, { limitMs: LIMIT_MS });
}

for (const role of ROLES) {
  Deno.test({
    name: `systemd finds nothing wrong with the units of a ${role}`,
    ignore,
    async fn() {
      for (const given of [{}, { user: undefined }]) {
        const scope = "user" in given ? ["--user"] : [];
        const unit = unitFile(options({ role, ...given }));
        const { exit, out, err } = await analyze([...scope, "verify"], unit, unitName(role));
        assert.deepEqual([exit.code, out, err], [0, [], []]);
      }
    },
  });

  Deno.test({
    name: `systemd finds the ${role} exposed to ${MAX_EXPOSURE[role]} of 10 at most`,
    ignore,
    async fn() {
      const unit = unitFile(options({ role, user: { name: "bee", home: "/home/bee" } }));
      const args = ["security", "--offline=true", `--threshold=${MAX_EXPOSURE[role] * 10}`];
      const { exit, out } = await analyze(args, unit, unitName(role));
      assert.equal(exit.code, 0, out.at(-1));
    },
  });
}

Deno.test({
  name: "systemd finds a program whose path holds what units give a meaning to",
  ignore,
  async fn() {
    await using folder = await TemporaryFolder.make();
    const program = folder.join("100%h $HOME bee");
    const find = () => analyze(["verify"], unitFile(options({ program })), "rbee-queen.service");
    const before = await find();
    assert.notEqual(before.exit.code, 0);
    await Deno.writeTextFile(program, "#!/bin/sh\n", { mode: 0o755 });
    const after = await find();
    assert.deepEqual([after.exit.code, after.err], [0, []]);
  },
});

Deno.test("a unit starts the role in the foreground, and only a failure starts it again", () => {
  const unit = unitFile(options({ program: "/opt/rbee", role: "hive" }));
  assert.deepEqual(valuesOf("ExecStart", unit), ["/opt/rbee serve --role hive"]);
  assert.deepEqual(valuesOf("Type", unit), ["notify"]);
  assert.deepEqual(valuesOf("Restart", unit), ["on-failure"]);
  assert.deepEqual(valuesOf("KillMode", unit), ["mixed"]);
  assert.deepEqual(valuesOf("OOMPolicy", unit), ["continue"]);
});

Deno.test("a unit keeps the names of variables and folders from being read as a unit's own words", () => {
  const paths = { ...options().paths, config: "/srv/100% bee/config" };
  const unit = unitFile(options({ env: { RBEE_HOME: "/srv/100% bee" }, paths }));
  assert.deepEqual(valuesOf("Environment", unit), [
    "OTEL_SERVICE_NAME=rbee-queen",
    "OTEL_EXPORTER_OTLP_TIMEOUT=1000",
    '"RBEE_HOME=/srv/100%% bee"',
  ]);
  assert.match(valuesOf("ReadWritePaths", unit).join(), /^"-\/srv\/100%% bee\/config" -\/home/);
  assert.deepEqual(valuesOf("EnvironmentFile", unit), ["-/srv/100%% bee/config/environment"]);
});

Deno.test("a unit whose program or folders lie in /tmp has no /tmp of its own", () => {
  assert.deepEqual(valuesOf("PrivateTmp", unitFile(options())), ["yes"]);
  const state = "/tmp/home/state";
  const paths = { ...options().paths, state };
  assert.deepEqual(valuesOf("PrivateTmp", unitFile(options({ paths }))), []);
  assert.deepEqual(valuesOf("PrivateTmp", unitFile(options({ program: "/var/tmp/rbee" }))), []);
  assert.deepEqual(valuesOf("PrivateTmp", unitFile(options({ program: "/tmpfoo/rbee" }))), ["yes"]);
});

Deno.test("a unit of the person's own systemd asks for nothing that only root may give", () => {
  const unit = unitFile(options({ user: undefined }));
  for (const key of ["User", "PrivateTmp", "ProtectSystem", "PrivateDevices", "ReadWritePaths"]) {
    assert.deepEqual(valuesOf(key, unit), [], key);
  }
  assert.deepEqual(valuesOf("WantedBy", unit), ["default.target"]);
  assert.deepEqual(valuesOf("NoNewPrivileges", unit), ["yes"]);
});

Deno.test("a hive may write in the home and sees the devices, a queen has her own folders alone", () => {
  const hive = unitFile(options({ role: "hive" }));
  assert.deepEqual(valuesOf("ProtectSystem", hive), ["full"]);
  assert.deepEqual(valuesOf("PrivateDevices", hive), []);
  assert.deepEqual(valuesOf("ProtectClock", hive), []);
  const queen = unitFile(options());
  assert.deepEqual(valuesOf("ProtectSystem", queen), ["strict"]);
  assert.deepEqual(valuesOf("PrivateDevices", queen), ["yes"]);
});
