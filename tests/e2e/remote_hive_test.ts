import assert from "node:assert/strict";
import { executableFile } from "../helpers/executable_file.ts";
import { sshTest } from "../helpers/ssh_host.ts";
import { TwoMachines } from "../helpers/two_machines.ts";
import { writeProgram } from "../helpers/written_program.ts";

const STORY = ["--max-tokens", "8", "--temperature", "0", "bee-tiny", "Tell me of Luna."];

Deno.test(
  sshTest(
    "a person adds, installs, starts, uses and removes a hive on another machine",
    async () => {
      const program = await executableFile();
      await using machines = await TwoMachines.make();
      const { there } = machines;
      await machines.ok("up");
      const added = await machines.ok("hive", "add", "gpu", "--ssh", there.destination);
      assert.match(added.stderr, /Hive gpu is not connected yet: .*rbee hive install gpu/);

      const installed = await machines.ok("hive", "install", "gpu", "--program", program);
      assert.match(installed.stderr, /Copying rbee on gpu: 100 % of \d+ MiB/);
      assert.match(installed.stderr, /Hive gpu has rbee 0\.1\.0 \(.*portable/);
      const again = await machines.ok("hive", "install", "gpu", "--program", program);
      assert.match(again.stderr, /The same rbee is there already/);
      assert.doesNotMatch(again.stderr, /Copying/);

      const started = await machines.ok("hive", "start", "gpu");
      assert.match(started.stderr, /^\[hive:gpu {2}\] ready {10}: The hive is ready at/m);
      assert.match(started.stderr, /The queen is connected to hive gpu/);

      const { stdout, stderr } = await machines.ok("run", "--hive", "gpu", ...STORY);
      assert.ok(stdout.trim().length > 0);
      assert.match(stderr, /^\[queen {5}\] placement {6}: Chose hive gpu: it was asked for/m);
      assert.match(stderr, /^\[hive:gpu {2}\] worker_spawn {3}: Spawning worker for bee-tiny/m);
      assert.match(stderr, /^\[worker:gpu\] model_load {5}: Loading bee-tiny: 100 %/m);
      assert.match(stderr, /^\[worker:gpu\] infer_done {5}: Answered with/m);

      const list = await machines.ok("hive", "list");
      assert.match(list.stdout, /^gpu +connected +0\.1\.0 +1 /m);
      const status = await machines.ok("hive", "status", "gpu");
      assert.match(status.stdout, /^Hive gpu runs at /m);
      const logs = await machines.ok("hive", "logs", "gpu", "-n", "1000");
      assert.match(logs.stdout, /The hive is ready at/);

      // Another file of the same program, as another version is.
      const other = `${machines.home.path}/other`;
      await writeProgram(other, await withOtherComment(program));
      await there.run("mkdir .cache/rbee/program-old");
      const upgraded = await machines.ok("hive", "upgrade", "gpu", "--program", other);
      assert.match(upgraded.stderr, /Replacing rbee 0\.1\.0/);
      assert.equal((await there.run("ls .cache/rbee | grep -c program-")).stdout, "1\n");
      assert.match(upgraded.stderr, /Hive gpu has version 0\.1\.0 and runs/);
      const healthy = await machines.home.rbee(["doctor", "--json"]);
      assert.match(healthy.stdout, /answers, and has rbee 0\.1\.0/);

      await machines.ok("hive", "stop", "gpu");
      await there.idle((command) => command.includes("sshd"));
      // What is missing is started, also there.
      const story = await machines.ok("run", "--hive", "gpu", ...STORY);
      assert.equal(story.stdout, stdout);
      await machines.ok("hive", "uninstall", "gpu", "--purge");
      assert.equal((await there.run("find . -type f")).stdout, "");
      await machines.ok("hive", "remove", "gpu");
      assert.doesNotMatch((await machines.ok("hive", "list")).stdout, /gpu/);
      await machines.down();
    },
  ),
);

/** The portable file with another letter in the first comment of its head. */
async function withOtherComment(path: string): Promise<Uint8Array> {
  const bytes = await Deno.readFile(path);
  const at = new TextDecoder().decode(bytes.subarray(0, 200)).indexOf(" for Linux");
  assert.ok(at > 0);
  bytes[at + 1] = "F".charCodeAt(0);
  return bytes;
}
