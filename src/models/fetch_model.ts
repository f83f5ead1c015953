import { join } from "node:path";
import { RbeeError } from "../base/rbee_error.ts";
import { narrate } from "../narration/narrate.ts";
import { requireDiskSpace } from "./disk_space.ts";
import { downloadFile, type DownloadOptions } from "./download.ts";
import { sumOfFile } from "./file_sum.ts";
import { canGoOn } from "./file_version.ts";
import { notGguf } from "./gguf_begin.ts";
import { isGguf } from "./model_file.ts";
import { PartFile, partPathOf } from "./part_file.ts";
import { ProgressMeter } from "./progress_meter.ts";
import { ProgressStory } from "./progress_story.ts";
import { nameOfFile, type RemoteFile } from "./remote_file.ts";

// What ends with these is of no use to a later attempt.
const USELESS = new Set(["not_gguf", "checksum_mismatch"]);

/** A model that is to be fetched, and how. */
export interface FetchOptions extends Omit<DownloadOptions, "onBytes" | "admit"> {
  /** What it is called. */
  name: string;
  /** The folder that the files' paths are relative to. */
  folder: string;
  files: readonly RemoteFile[];
}

/**
 * Fetches the files of a model, one after the other, and narrates how far it is: by bytes, rate and
 * time left. Each gets its own name when its size and sum are right; what was there before stays.
 *
 * @throws {RbeeError} `disk_full` If there is no room, before anything is fetched; `checksum_mismatch`
 * or `not_gguf` If a file is not what it should be, which is thrown away; or as `downloadFile`.
 * @throws {unknown} If `signal` aborts: its reason. What has come is kept.
 */
export async function fetchModel(options: FetchOptions): Promise<void> {
  const { name, folder, files } = options;
  const missing: { file: RemoteFile; part: PartFile }[] = [];
  try {
    let stored = 0;
    for (const file of files) {
      const path = join(folder, file.path);
      const bytes = await sizeOf(path);
      if (bytes !== undefined) {
        stored += bytes;
        continue;
      }
      const part = await PartFile.open(path);
      missing.push({ file, part });
      // What is of another file is not told as progress.
      if (part.bytes > 0 && !canGoOn(part.identity, file)) await part.reset({});
    }
    const sizes = missing.map(({ file, part }) => file.bytes ?? part.identity.total);
    const needed = missing.reduce(
      (sum, { part }, index) => sum + Math.max(0, (sizes[index] ?? 0) - part.bytes),
      0,
    );
    await requireDiskSpace(folder, { name, bytes: needed });
    const total = () => {
      const totals = missing.map(({ file, part }) => file.bytes ?? part.identity.total);
      if (totals.includes(undefined)) return 0;
      return stored + totals.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0);
    };
    const bytes = () => stored + missing.reduce((sum, { part }) => sum + part.bytes, 0);
    const story = new ProgressStory(`Downloading ${name}`, "model_download");
    if (bytes() > stored) story.note(`Going on with ${name} from where it broke off`);
    const meter = new ProgressMeter({ total, bytes: bytes() });
    for (const { file, part } of missing) {
      const onBytes = () => story.tell(() => meter.at(bytes()));
      const admit = (more: number) => requireDiskSpace(folder, { name, bytes: more });
      try {
        await downloadFile(part, file, { ...options, onBytes, admit });
        story.tell(() => meter.at(bytes()), { isLast: bytes() === total() });
        await check(part, file, options);
      } catch (error) {
        if (error instanceof RbeeError && USELESS.has(error.code)) {
          part.close();
          await PartFile.remove(part.path);
        }
        throw error;
      }
      await part.finish();
    }
  } finally {
    for (const { part } of missing) part.close();
  }
}

/** @throws {RbeeError} `not_gguf` or `checksum_mismatch` If it is not what it should be. */
async function check(part: PartFile, file: RemoteFile, { signal }: FetchOptions): Promise<void> {
  const { identity, path } = part;
  const name = nameOfFile(file);
  if (!await isGguf(partPathOf(path))) throw notGguf(file);
  // One that was told when the file was begun counts, also where nobody tells it now.
  const sha256 = file.sha256 ?? identity.sha256;
  if (sha256 !== undefined) await checkSum(partPathOf(path), { name, sha256, signal });
}

async function checkSum(
  file: string,
  { name, sha256, signal }: { name: string; sha256: string; signal: AbortSignal },
): Promise<void> {
  const story = new ProgressStory(`Checking ${name}`, "model_check");
  const { size } = await Deno.stat(file);
  const meter = new ProgressMeter({ total: () => size });
  const sum = await sumOfFile(file, {
    signal,
    onBytes: (bytes) => story.tell(() => meter.at(bytes), { isLast: bytes === size }),
  });
  if (sum === sha256) {
    narrate("model_check", `${name} has the right SHA-256`, { fields: { sha256 } });
    return;
  }
  throw new RbeeError(
    "checksum_mismatch",
    `${name} came with the SHA-256 ${sum.slice(0, 12)}… where ${
      sha256.slice(0, 12)
    }… is expected, and was thrown away; download it again`,
    { details: { sha256: sum, expected_sha256: sha256 } },
  );
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await Deno.stat(path)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
