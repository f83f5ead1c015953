import assert from "node:assert/strict";
import { stopThere } from "../../src/keeper/stop_there.ts";
import { sshTest, TestSshHost } from "../helpers/ssh_host.ts";

// A process that looks like a hive, and a pid file that names it with the start time of another one or
// its own.
const DECOY = (startTime: string) =>
  `mkdir -p .local/state/rbee; bash -c 'exec -a "rbee serve --role hive" sleep 600' >/dev/null 2>&1 &
  pid=$!; until grep -q "serve --role hive" /proc/$pid/cmdline; do :; done
  start=${startTime}
  echo "{\\"pid\\":$pid,\\"start_time\\":\\"$start\\",\\"executable\\":\\"$(readlink /proc/$pid/exe)\\"}" \
    > .local/state/rbee/hive.pid; echo $pid`;
const OWN = "$(sed 's/.*) //' /proc/$pid/stat | cut -d' ' -f20)";

for (const [what, startTime, isStopped] of [["ends", OWN, true], ["spares", "1", false]] as const) {
  Deno.test(
    sshTest(
      `stopThere() without a program ${what} who ${
        isStopped ? "is" : "is not"
      } the process of the pid file`,
      async () => {
        await using there = await TestSshHost.start();
        const pid = (await there.run(DECOY(startTime))).stdout.trim();
        const rbee = { name: "gpu", host: there.host, path: "~/.local/bin/rbee" };
        const { signal } = new AbortController();
        assert.equal(await stopThere(rbee, { signal }), isStopped);
        const alive = (await there.run(`kill -0 ${pid} && echo yes`)).stdout;
        assert.equal(alive, isStopped ? "" : "yes\n");
        await there.run(`kill ${pid}`);
      },
    ),
  );
}
