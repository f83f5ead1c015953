import assert from "node:assert/strict";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { useToken } from "../../src/http/bearer_tokens.ts";
import { namingToken } from "../../src/keeper/refused_token.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";
import { TerminalSession } from "../helpers/terminal_session.ts";

const OTHERS = `rbee_${"o".repeat(43)}`;
const NAMES_VARIABLE =
  /^Error: The queen does not know the token of RBEE_TOKEN, or not any more; unset RBEE_TOKEN, /m;

Deno.test("a home that asks for no token says that RBEE_TOKEN is another queen's, and says it at the first run, too", async () => {
  await using home = await RbeeHome.create();
  const env = { RBEE_TOKEN: OTHERS };
  for (const which of ["first", "second"]) {
    const { code, stderr } = await home.rbee(["run", "bee-tiny", "Hello"], { env });
    assert.equal(code, 4, `${which}: ${stderr}`);
    assert.match(stderr, NAMES_VARIABLE, which);
    assert.ok(!stderr.includes(OTHERS));
  }
  const path = `${home.path}/others.token`;
  await Deno.writeTextFile(path, OTHERS);
  const { code, stderr } = await home.rbee(["job", "list", "--token-file", path]);
  assert.equal(code, 4);
  assert.ok(stderr.includes(`does not know the token in ${path}, `), stderr);
  assert.equal((await home.rbee(["job", "list"])).code, 0);
});

Deno.test("a chat says of a token that is refused where it came from, too", async () => {
  await using home = await RbeeHome.create();
  const command = home.command(["run", "bee-tiny"]);
  await using terminal = new TerminalSession(command, { ...home.env, RBEE_TOKEN: OTHERS });
  await terminal.shows(/^> $/m);
  await terminal.type("Hello\r");
  await terminal.shows(/unset\s+RBEE_TOKEN/);
  await terminal.type("\x04");
  assert.equal(await terminal.ended, 0);
});

Deno.test("namingToken() leaves alone what no given token is the cause of", () => {
  const refused = new RbeeError("unauthorized", "This needs a token; make one");
  const token = "rbee_wax";
  assert.equal(namingToken(refused, undefined), refused);
  assert.equal(namingToken(refused, {}), refused);
  assert.equal(namingToken(refused, { token }), refused, "it was shown to nobody");
  const takeBack = useToken("http://127.0.0.1:1", token);
  const other = new RbeeError("forbidden", "This may not be; ask with another");
  assert.equal(namingToken(other, { token }), other);
  assert.notEqual(namingToken(refused, { token }), refused);
  takeBack();
});
