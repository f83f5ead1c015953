import assert from "node:assert/strict";
import { configCheck } from "../../../src/keeper/doctor/config_check.ts";
import { diskCheck, diskFinding } from "../../../src/keeper/doctor/disk_check.ts";
import { foldersCheck } from "../../../src/keeper/doctor/folders_check.ts";
import { formCheck, isAtLeast } from "../../../src/keeper/doctor/form_check.ts";
import { versionLine } from "../../../src/version.ts";
import { DoctorContext } from "../../helpers/doctor_context.ts";

/** The names of all that is in the home. */
function contents(home: DoctorContext): string[] {
  return [...Deno.readDirSync(home.folder.path)].map(({ name }) => name).toSorted();
}

Deno.test("formCheck names this rbee and its Deno", async () => {
  await using home = await DoctorContext.make();
  assert.deepEqual(await home.look(formCheck), [{
    name: "rbee",
    status: "ok",
    message: `rbee ${versionLine()} runs with Deno ${Deno.version.deno}`,
  }]);
  assert.deepEqual(
    ["2.8.9", "2.9.0", "2.10.1", "3.0.0", "1.99.0"].map((each) => isAtLeast(each, [2, 9])),
    [false, true, true, true, false],
  );
});

Deno.test("foldersCheck is content with folders that can be made, and leaves nothing behind", async () => {
  await using home = await DoctorContext.make();
  const [finding, ...others] = await home.look(foldersCheck);
  assert.deepEqual([finding?.status, others], ["ok", []]);
  await Deno.mkdir(home.context.settings.paths.state);
  assert.equal((await home.look(foldersCheck))[0]?.status, "ok");
  assert.deepEqual(contents(home), ["state"]);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(home.folder.join("state"))), []);
});

Deno.test("foldersCheck names each folder that cannot be written", async () => {
  await using home = await DoctorContext.make();
  // A file stands where the folder should be.
  await Deno.writeTextFile(home.folder.join("data"), "");
  const [finding, ...others] = await home.look(foldersCheck);
  assert.deepEqual([finding?.status, others], ["failed", []]);
  assert.match(finding?.message ?? "", /^The data folder .*\/data cannot be written: /);
  assert.match(finding?.next ?? "", /^chmod u\+rwx .*, or set RBEE_HOME /);
});

Deno.test("configCheck tells a file that is missing from one that fits and one that does not", async () => {
  await using home = await DoctorContext.make();
  const path = home.folder.join("config", "rbee.yaml");
  const look = async () => (await home.look(configCheck))[0]!;
  assert.deepEqual(await look(), {
    name: "rbee.yaml",
    status: "ok",
    message: `There is no ${path}; the defaults hold`,
  });
  await Deno.mkdir(home.folder.join("config"));
  await Deno.writeTextFile(path, "queen:\n  port: 7900\n");
  assert.deepEqual(await look(), {
    name: "rbee.yaml",
    status: "ok",
    message: `${path} is read and fits`,
  });
  await Deno.writeTextFile(path, "queen:\n  prot: 7900\n");
  const { status, message, next } = await look();
  assert.equal(status, "failed");
  assert.match(message, /rbee\.yaml, line 2, column 3: "queen\.prot" is not a known key/);
  assert.equal(next, `mend ${path}, then rbee doctor`);
});

Deno.test("diskCheck counts what the data folder holds, also before there is one", async () => {
  await using home = await DoctorContext.make();
  const { data } = home.context.settings.paths;
  const message = async () => (await home.look(diskCheck))[0]!.message;
  assert.match(await message(), /\/data holds 0\.0 GB; \d+\.\d GB are free$/);
  await Deno.mkdir(`${data}/models/deep`, { recursive: true });
  const file = await Deno.create(`${data}/models/deep/model.gguf`);
  // Sparse: it takes no room.
  await file.truncate(3e9);
  file.close();
  await Deno.symlink("/", `${data}/all`);
  assert.match(await message(), /\/data holds 3\.0 GB; /);
});

Deno.test("diskFinding() warns when little is free and fails when hardly anything is", () => {
  const at = (freeBytes: number) => diskFinding("/data", { usedBytes: 0, freeBytes });
  assert.deepEqual(at(80e9), {
    name: "disk",
    status: "ok",
    message: "/data holds 0.0 GB; 80.0 GB are free",
  });
  assert.deepEqual([at(4.9e9).status, at(1e8).status], ["warning", "failed"]);
  assert.equal(at(0).next, "make room, or set RBEE_HOME to a larger disk");
});
