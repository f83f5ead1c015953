import { join } from "node:path";
import { isMap, parseDocument } from "yaml";
import { RbeeError } from "../base/rbee_error.ts";
import { type HiveAddress, type HiveAddresses, isSameAddress } from "../contracts/hive_address.ts";
import { ensureFolder, hiveTokenFile, type Paths } from "./paths.ts";
import { parseRbeeYaml, rbeeYamlPath, readRbeeYaml, readRbeeYamlText } from "./rbee_yaml.ts";
import { newToken, readTokenFile, writeTokenFile } from "./token_file.ts";

/**
 * The hives that rbee.yaml names, in its order.
 *
 * @throws {RbeeError} `bad_config` If the file does not fit.
 */
export async function readHiveEntries(folder: string): Promise<HiveAddresses> {
  return (await readRbeeYaml(folder)).hives;
}

/**
 * Adds a hive to this home: writes it into rbee.yaml, and makes the token that a hive behind ssh will
 * ask for, since other people of its machine could reach it otherwise.
 *
 * @throws {RbeeError} As {@linkcode addHiveEntry}; `bad_token` If the token that is there is none.
 */
export async function addHive(
  paths: Paths,
  name: string,
  address: HiveAddress,
  options: { replace?: boolean } = {},
): Promise<void> {
  using _lock = await lockEntries(paths);
  await addHiveEntry(paths.config, name, address, options);
  const path = hiveTokenFile(paths, name);
  if (address.ssh === undefined || await readTokenFile(path) !== undefined) return;
  await writeTokenFile(path, newToken());
}

/**
 * Keeps the token that a hive at an address of its own asks for, in place of one that was kept before.
 *
 * @throws {RbeeError} `hive_exists` If there is another hive of that name.
 */
export async function keepHiveToken(
  paths: Paths,
  name: string,
  address: HiveAddress,
  token: string,
): Promise<void> {
  using _lock = await lockEntries(paths);
  const entries = await readHiveEntries(paths.config);
  const there = Object.hasOwn(entries, name) ? entries[name] : undefined;
  if (there !== undefined && !isSameAddress(there, address)) throw hiveExists(name, there);
  await writeTokenFile(hiveTokenFile(paths, name), token);
}

/**
 * Forgets a hive of this home, and the token for it.
 *
 * @throws {RbeeError} As {@linkcode removeHiveEntry}.
 */
export async function removeHive(paths: Paths, name: string): Promise<void> {
  using _lock = await lockEntries(paths);
  await removeHiveEntry(paths.config, name);
  await Deno.remove(hiveTokenFile(paths, name)).catch((error: unknown) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

/** Of several processes one at a time reads the file and writes it. */
async function lockEntries({ state }: Paths): Promise<Disposable> {
  await ensureFolder(state);
  const options = { create: true, write: true, mode: 0o600 };
  const file = await Deno.open(join(state, "hives.lock"), options);
  await file.lock(true);
  return { [Symbol.dispose]: () => file.close() };
}

/**
 * Writes a hive into rbee.yaml, which is made where there is none. All else in the file stays, comments
 * too. To be called by one process at a time, as {@linkcode addHive} sees to.
 *
 * @param options.replace Whether another one of that name gives way.
 * @throws {RbeeError} `hive_exists` If there is another one of that name; the same again is fine.
 * @throws {RbeeError} `bad_config` If the file, or what it would become, does not fit.
 */
export async function addHiveEntry(
  folder: string,
  name: string,
  address: HiveAddress,
  options: { replace?: boolean } = {},
): Promise<void> {
  const entries = await readHiveEntries(folder);
  const there = Object.hasOwn(entries, name) ? entries[name] : undefined;
  if (there !== undefined && isSameAddress(there, address)) return;
  if (there !== undefined && !options.replace) {
    throw hiveExists(name, there);
  }
  await edit(folder, (document) => {
    // A key without a value is no map to put anything into.
    if (!isMap(document.get("hives", true))) document.delete("hives");
    document.setIn(["hives", name], document.createNode(address));
  });
}

/**
 * Takes a hive out of rbee.yaml. All else in the file stays, comments too.
 *
 * @throws {RbeeError} `hive_not_found` If the file does not name it.
 */
export async function removeHiveEntry(folder: string, name: string): Promise<void> {
  const entries = await readHiveEntries(folder);
  if (!Object.hasOwn(entries, name)) {
    throw new RbeeError("hive_not_found", `There is no hive "${name}"; see rbee hive list`);
  }
  const isLast = Object.keys(entries).length === 1;
  await edit(folder, (document) => document.deleteIn(isLast ? ["hives"] : ["hives", name]));
}

function hiveExists(name: string, there: HiveAddress): RbeeError {
  return new RbeeError(
    "hive_exists",
    `There is a hive "${name}" already (${there.ssh ?? there.url}); first rbee hive remove ${name}`,
  );
}

async function edit(
  folder: string,
  change: (document: ReturnType<typeof parseDocument>) => void,
): Promise<void> {
  const path = rbeeYamlPath(folder);
  const document = parseDocument(await readRbeeYamlText(path));
  // A file of comments alone has no contents to put a key into.
  if (document.contents === null) document.contents = document.createNode({}) as never;
  change(document);
  const text = document.toString({ lineWidth: 0 });
  parseRbeeYaml(path, text);
  await ensureFolder(folder);
  await replaceFile(path, text);
}

/** Never half written; its rights stay as they are, and a link to it stays a link. */
async function replaceFile(path: string, text: string): Promise<void> {
  const real = await Deno.realPath(path).catch(() => path);
  const mode = await Deno.stat(real).then((file) => file.mode ?? undefined, () => undefined);
  const temporary = `${real}.${crypto.randomUUID()}.new`;
  try {
    await Deno.writeTextFile(temporary, text, { mode: 0o600 });
    if (mode !== undefined) await Deno.chmod(temporary, mode & 0o777);
    await Deno.rename(temporary, real);
  } catch (error) {
    throw new RbeeError("cannot_write", `Cannot write ${path}: ${String(error)}`, { cause: error });
  }
}
