import assert from "node:assert/strict";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { parseRbeeYaml, type RbeeYaml } from "../../src/config/rbee_yaml.ts";
import { RereadSettings } from "../../src/jobs/reread_settings.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";

/** A hive whose file is `text`, and what it was told to take up. */
class Reread {
  text = "";
  readonly taken: RbeeYaml[] = [];
  readonly settings = new RereadSettings({
    role: "hive",
    yaml: parseRbeeYaml("FILE", ""),
    reread: () => Promise.resolve().then(() => parseRbeeYaml("FILE", this.text)),
    reconfigure: (yaml) => void this.taken.push(yaml),
  });

  /** What is said of the file when it is read again. */
  async read(text: string): Promise<string[]> {
    using narration = new RecordedNarration();
    this.text = text;
    await this.settings.reread();
    return narration.records.map(({ action, human }) => `${action}: ${human}`);
  }
}

Deno.test("RereadSettings takes up what the file says, and names what is new in it once", async () => {
  const hive = new Reread();
  assert.deepEqual(await hive.read("hive: {idle: 1m}\nmodels: {a: {}}\n"), [
    "settings_read: Read rbee.yaml again; changed: hive.idle, models.a",
  ]);
  assert.deepEqual(hive.taken.map(({ hive }) => hive.idle), [60_000]);
  assert.deepEqual(await hive.read("hive: {idle: 60}\nmodels: {a: {}}\n"), [
    "settings_read: Read rbee.yaml again; nothing has changed that the hive takes up while it runs",
  ]);
  assert.deepEqual(hive.taken.map(({ hive }) => hive.idle), [60_000, 60_000]);
});

Deno.test("RereadSettings names what waits for a restart, each time until it is as it was", async () => {
  const hive = new Reread();
  for (const _ of [1, 2]) {
    const [, waiting] = await hive.read("journal: {max_jobs: 1}\n");
    assert.equal(waiting, "settings_wait: journal.max_jobs will hold after rbee hive restart");
  }
  const [, moving] = await hive.read("hive: {port: 1}\njournal: {max_jobs: 1}\n");
  assert.equal(
    moving,
    "settings_wait: hive.port, journal.max_jobs will hold after rbee hive stop, then rbee hive start",
  );
  assert.equal((await hive.read("")).length, 1);
});

Deno.test("RereadSettings changes nothing for a file that does not fit, and reads the next one", async () => {
  const hive = new Reread();
  await hive.read("hive: {idle: 1m}\n");
  assert.deepEqual(await hive.read("hive: {idle: soon}\n"), [
    'settings_kept: The settings stay as they were: FILE, line 1, column 14: "hive.idle" must be a time ' +
    "such as 90s, 5m or 1h, or 0; mend it, then rbee config check",
  ]);
  assert.equal(hive.taken.length, 1);
  await hive.read("hive: {idle: 2m}\n");
  assert.deepEqual(hive.taken.map(({ hive }) => hive.idle), [60_000, 120_000]);
});

Deno.test("RereadSettings.close() waits for what is being read, and has nothing read after it", async () => {
  const hive = new Reread();
  hive.text = "hive: {idle: 1m}\n";
  hive.settings.reread();
  await hive.settings.close();
  assert.equal(hive.taken.length, 1);
  await hive.settings.reread();
  assert.equal(hive.taken.length, 1);
});

Deno.test("RereadSettings reads one after another when it is asked several times at once", async () => {
  let reading = 0;
  let read = 0;
  const settings = new RereadSettings({
    role: "queen",
    yaml: parseRbeeYaml("FILE", ""),
    async reread() {
      assert.equal(++reading, 1);
      await Promise.resolve();
      reading--;
      if (++read === 2) throw new RbeeError("bad_config", "no");
      return parseRbeeYaml("FILE", "");
    },
    reconfigure() {},
  });
  using narration = new RecordedNarration();
  await Promise.all([settings.reread(), settings.reread(), settings.reread()]);
  assert.deepEqual(narration.actionsOf(undefined), [
    "settings_read",
    "settings_kept",
    "settings_read",
  ]);
});
