import assert from "node:assert/strict";
import { executableFile } from "../helpers/executable_file.ts";
import { sshTest } from "../helpers/ssh_host.ts";
import { TwoMachines } from "../helpers/two_machines.ts";

const ASK = ["--hive", "gpu", "--max-tokens", "4", "bee-tiny", "Hello"];
// With more threads than cores a small model takes its time.
const SLOW = ["worker", "spawn", "bee-tiny", "--hive", "gpu", "--threads", "4"];
const LONG = ["run", "--hive", "gpu", "--max-tokens", "30", "--temperature", "0", "bee-tiny"];
const PROMPT = "Tell me a story about Luna.";

Deno.test(
  sshTest(
    "a tunnel that is killed is opened again, and the hive is there for the next request",
    async () => {
      await using machines = await TwoMachines.make();
      await machines.up();
      await machines.ok("run", ...ASK);
      const tunnels = () =>
        machines.home.processes().filter(({ command }) => /ssh .*-L 127\.0\.0\.1:/.test(command));
      for (const { pid } of tunnels()) {
        Deno.kill(pid, "SIGKILL");
      }
      await machines.ok("run", ...ASK);
      await machines.down();
    },
  ),
);

Deno.test(sshTest("a queen that is killed takes her tunnel along", async () => {
  await using machines = await TwoMachines.make();
  await machines.up();
  const { pid } = JSON.parse(await Deno.readTextFile(`${machines.home.path}/state/queen.pid`));
  Deno.kill(pid, "SIGKILL");
  await machines.there.idle((command) => /serve --role/.test(command));
  await machines.ok("up");
  await machines.ok("run", ...ASK);
  await machines.down();
}));

Deno.test(sshTest("a job goes on when the network was cut", async () => {
  await using machines = await TwoMachines.make();
  await machines.up();
  const whole = await machines.ok(...LONG, PROMPT);
  await machines.ok(...SLOW);
  const { home, there } = machines;
  const running = home.start([...LONG, PROMPT]);
  await running.line(/infer_start|prompt_read|worker_reuse|placement/);
  await there.cutNetwork();
  await running.line(/reconnect|hive_wait/);
  await there.restoreNetwork();
  const { code, stdout, stderr } = await running.result;
  assert.equal(code, 0, stderr);
  assert.equal(stdout, whole.stdout);
  await machines.down();
}, { network: true }));

Deno.test(
  sshTest(
    "a hive that is killed on its machine ends its jobs with that, and starts again",
    async () => {
      await using machines = await TwoMachines.make();
      await machines.up();
      await machines.ok("run", ...ASK);
      const { there } = machines;
      const hive = there.processes().find(({ command }) => /serve --role hive/.test(command));
      Deno.kill(hive!.pid, "SIGKILL");
      const said = await machines.fails(3, "infer", ...ASK);
      assert.match(said, /it does not run; start it with rbee hive start gpu/);
      await machines.ok("hive", "start", "gpu");
      await machines.ok("infer", ...ASK);
      await machines.down();
    },
  ),
);

Deno.test(
  sshTest("what is wrong with ssh is said with what to type next, and runs nothing", async () => {
    await using machines = await TwoMachines.make();
    const { there } = machines;
    for (
      const [destination, message] of [
        ["-oProxyCommand=touch /tmp/x", /is no ssh destination: it begins with -/],
        ["a b; touch x", /is no ssh destination: it holds white space/],
        ["$(id)@host", /is no ssh destination/],
      ] as const
    ) {
      assert.match(await machines.fails(2, "hive", "add", "bad", `--ssh=${destination}`), message);
    }
    await machines.ok("hive", "add", "gpu", "--ssh", there.destination);
    assert.match(
      await machines.fails(1, "hive", "start", "gpu"),
      /install it with rbee hive install gpu/,
    );
    await there.knowHostKey(undefined);
    assert.match(await machines.fails(3, "hive", "start", "gpu"), /--accept-new-host-key/);
    await there.knowHostKey("other_host_key");
    assert.match(await machines.fails(3, "hive", "start", "gpu"), /has changed.*ssh-keygen -R/);
    await there.knowHostKey(undefined);
    await machines.ok("hive", "remove", "gpu");
    await machines.ok("hive", "add", "gpu", "--ssh", there.destination, "--accept-new-host-key");
    await there.files.configure({ key: "wrong_id" });
    assert.match(await machines.fails(4, "hive", "start", "gpu"), /ssh-copy-id/);
    await machines.ok("down");
  }),
);

Deno.test(
  sshTest("hive install refuses what would not run there before it copies anything", async () => {
    await using machines = await TwoMachines.make();
    const { there, home } = machines;
    await machines.ok("hive", "add", "gpu", "--ssh", there.destination);
    const arm = `${home.path}/rbee-arm`;
    const elf = new Uint8Array(64);
    elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
    elf[18] = 183;
    await Deno.writeFile(arm, elf);
    assert.match(
      await machines.fails(1, "hive", "install", "gpu", "--program", arm),
      /its machine is Linux on x86_64, and the executable is for Linux on aarch64/,
    );
    assert.equal((await there.run("find . -type f")).stdout, "");
  }),
);

Deno.test(
  sshTest(
    "what goes wrong with an installation leaves what was there, and nothing else",
    async () => {
      await using machines = await TwoMachines.make();
      await machines.up();
      const { there, home } = machines;
      const files = async () => (await there.run("find . -name '*rbee*' -type f | sort")).stdout;
      const before = await files();
      const text = `${home.path}/text`;
      await Deno.writeTextFile(text, "no program");
      const unfit = await machines.fails(1, "hive", "upgrade", "gpu", "--program", text);
      assert.match(unfit, /does not run as rbee .* and was removed; name another with --program/);
      const missing = await machines.fails(1, "hive", "upgrade", "gpu", "--program", "/nope");
      assert.match(missing, /Cannot read the executable \/nope/);
      // It has gone on all the while.
      await machines.ok("infer", ...ASK);

      await there.run("mkdir precious && echo mine > precious/file");
      const program = await executableFile();
      for (const path of ["~/precious", "~/precious/"]) {
        const install = ["hive", "install", "gpu", "--program", program, "--path", path];
        assert.match(
          await machines.fails(1, ...install),
          /is a folder .*; name a file with --path/,
        );
      }
      await machines.ok("hive", "add", "dir", "--ssh", there.destination, "--path", "~/precious");
      assert.match(await machines.fails(1, "hive", "uninstall", "dir"), /nothing was removed$/);
      assert.equal((await there.run("cat precious/file")).stdout, "mine\n");
      await machines.ok("hive", "remove", "dir");

      const other = ["hive", "install", "gpu", "--program", program, "--path", "~/else/rbee"];
      const interrupted = home.start(other);
      await interrupted.line(/100 % of/);
      interrupted.signal("SIGINT");
      assert.equal((await interrupted.result).code, 130);
      await there.idle((command) => /serve --role|sshd/.test(command));
      assert.equal(await files(), before);
      await machines.down();
    },
  ),
);

Deno.test(
  sshTest("a hive whose program was removed is stopped all the same", async () => {
    await using machines = await TwoMachines.make();
    await machines.up();
    const { there } = machines;
    await machines.ok("run", ...ASK);
    await there.run("rm .local/bin/rbee");
    const said = await machines.ok("hive", "uninstall", "gpu", "--purge");
    assert.match(said.stderr, /There is no rbee at .*; the hive was ended by its process/);
    await there.idle((command) => command.includes("sshd"));
    await machines.down();
  }),
);

Deno.test(
  sshTest("who waits for a hive that is removed is told so", async () => {
    await using machines = await TwoMachines.make();
    await machines.up();
    await machines.ok(...SLOW);
    const running = machines.home.start([...LONG, PROMPT]);
    await running.line(/prompt_read|placement/);
    await machines.ok("hive", "remove", "gpu");
    const { code, stderr } = await running.result;
    assert.notEqual(code, 0);
    assert.match(stderr, /gpu" has gone|there is no hive "gpu"/);
    await machines.ok("hive", "add", "gpu", "--ssh", machines.there.destination);
    await machines.ok("hive", "restart", "gpu");
    await machines.down();
  }),
);
