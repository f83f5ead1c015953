import { BuiltRbee } from "../scripts/built_rbee.ts";

let built: Promise<BuiltRbee> | undefined;

Deno.test.afterAll(async () => {
  const made = await built;
  await made?.[Symbol.asyncDispose]();
});

/** One file of rbee, to be copied to other machines: `RBEE_BIN`, or one that is built for the tests. */
export async function executableFile(): Promise<string> {
  const given = Deno.env.get("RBEE_BIN");
  if (given !== undefined) return await Deno.realPath(given);
  built ??= BuiltRbee.make();
  return (await built).file;
}
