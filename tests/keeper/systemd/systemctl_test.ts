import assert from "node:assert/strict";
import { scopeFlags, systemctl } from "../../../src/keeper/systemd/systemctl.ts";
import { hasSystemdTools } from "../../helpers/systemd_tools.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";

const ignore = !hasSystemdTools();
const hasSession = Deno.env.has("XDG_RUNTIME_DIR") || Deno.env.has("DBUS_SESSION_BUS_ADDRESS");

Deno.test("scopeFlags() says which systemd is meant", () => {
  assert.deepEqual(scopeFlags({ user: false }), []);
  assert.deepEqual(scopeFlags({ user: true }), ["--user"]);
  assert.deepEqual(scopeFlags({ user: false, root: "/mnt/a b" }), ["--root=/mnt/a b"]);
});

Deno.test({
  name: "systemctl() says what to type where the person's own systemd cannot be reached",
  ignore: ignore || hasSession,
  async fn() {
    await assert.rejects(systemctl({ user: true }, ["daemon-reload"]), {
      code: "no_user_session",
      message: /loginctl enable-linger \$USER/,
    });
  },
});

Deno.test({
  name: "systemctl() gives the words of systemd where it fails",
  ignore,
  async fn() {
    await using system = await TemporaryFolder.make();
    const scope = { user: false, root: system.path };
    await assert.rejects(systemctl(scope, ["enable", "no-such.service"]), {
      code: "systemctl_failed",
      message: /^systemctl enable no-such\.service failed: .*no-such\.service.*; see what it says/,
    });
  },
});
