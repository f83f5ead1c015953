/**
 * Where the built program begins, as main.js: what is asked most often by other programs, the version,
 * is answered without loading the rest.
 */
import { versionLine } from "../src/version.ts";

if (Deno.args.length === 1 && Deno.args[0] === "--version") {
  Deno.stdout.writeSync(new TextEncoder().encode(versionLine() + "\n"));
} else {
  await import("../main.ts");
}
