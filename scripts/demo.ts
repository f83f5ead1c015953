/**
 * `deno task demo`: a queen, a hive and a worker as processes of their own, a story from the demo
 * model, and the end of all of them, in a home of its own that is removed afterwards.
 */
import { runCommandLine } from "../src/keeper/program.ts";
import { ownTerminal } from "../src/keeper/terminal.ts";
import { OutputQueue } from "../src/narration/output_queue.ts";

const home = await Deno.makeTempDir({ prefix: "rbee-demo-" });
// Flags that a person keeps in the environment are meant for their own rbee.
for (const name of Object.keys(Deno.env.toObject())) {
  if (name.startsWith("RBEE_")) Deno.env.delete(name);
}
Deno.env.set("RBEE_HOME", home);
// Any free port, so that an rbee that already runs here is left alone.
Deno.env.set("RBEE_QUEEN_PORT", "0");
Deno.env.set("RBEE_HIVE_PORT", "0");

const output = new OutputQueue();
const terminal = ownTerminal(output);
const interrupt = new AbortController();
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const onSignal = () => interrupt.abort(new Error("interrupted"));
for (const signal of SIGNALS) Deno.addSignalListener(signal, onSignal);

const serve = () => Promise.reject(new Error("The demo serves nothing itself"));
let status = await runCommandLine(["run", "bee-tiny", "Tell me a story about Luna."], {
  terminal,
  signal: interrupt.signal,
  serve,
});
const down = await runCommandLine(["down"], {
  terminal,
  signal: new AbortController().signal,
  serve,
});
if (status === 0) status = down;
await output.flush({ timeoutMs: 2000 });
if (down === 0) await Deno.remove(home, { recursive: true });
for (const signal of SIGNALS) Deno.removeSignalListener(signal, onSignal);
Deno.exitCode = status;
