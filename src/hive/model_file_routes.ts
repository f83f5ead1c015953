import type { Context, Hono } from "hono";
import { join } from "node:path";
import { RbeeError } from "../base/rbee_error.ts";
import { readRequestBody } from "../http/request_body.ts";
import { fileSizeOf, isStorePath } from "../models/stored_files.ts";
import type { ModelReceipts } from "./model_receipts.ts";
import type { ModelStore } from "./model_store.ts";
import type { StoredModels } from "./stored_models.ts";

const PREFIX = "/v1/models/files/";
const CHUNK_BYTES = 64 * 1024;

/** What the routes of models work with. */
export interface ModelFileParts {
  store: Pick<ModelStore, "folder">;
  stored: Pick<StoredModels, "list">;
  receipts: ModelReceipts;
}

/**
 * Adds `GET /v1/models`, the models of this hive, and the way by which a queen copies their files:
 * `GET` with a range, and `PUT …?offset=N` with a block of at most 8 MiB.
 */
export function addModelFileRoutes(app: Hono, parts: ModelFileParts): void {
  app.get("/v1/models", async (c) => c.json({ models: await parts.stored.list() }));

  app.get(`${PREFIX}*`, (c) => sendFile(c, parts.store.folder));

  app.put(`${PREFIX}*`, async (c) => {
    const offset = c.req.query("offset") ?? "";
    if (!/^\d{1,15}$/.test(offset)) {
      throw new RbeeError("invalid_request", "offset must be where the block begins, in bytes");
    }
    const bytes = await readRequestBody(c);
    await parts.receipts.take(pathOf(c), Number(offset), bytes);
    return c.json({ bytes: bytes.length });
  });
}

async function sendFile(c: Context, folder: string): Promise<Response> {
  const path = pathOf(c);
  const file = isStorePath(path) ? await open(join(folder, path)) : undefined;
  if (file === undefined) throw new RbeeError("not_found", `There is no file "${path}" here`);
  const { size } = await file.stat();
  const asked = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(c.req.header("range") ?? "");
  const start = asked === null ? 0 : Number(asked[1]);
  const end = asked === null ? size : Math.min(size, Number(asked[2]) + 1);
  if (start >= end) {
    file.close();
    return c.body(null, 416, { "Content-Range": `bytes */${size}` });
  }
  await file.seek(start, Deno.SeekMode.Start);
  return c.body(bodyOf(file, end - start), asked === null ? 200 : 206, {
    "Content-Type": "application/octet-stream",
    "Content-Length": String(end - start),
    ...(asked !== null && { "Content-Range": `bytes ${start}-${end - 1}/${size}` }),
  });
}

/** So many bytes of a file, which is closed with them, or when the reader goes. */
function bodyOf(file: Deno.FsFile, length: number): ReadableStream<Uint8Array> {
  let left = length;
  return new ReadableStream({
    async pull(controller) {
      const bytes = new Uint8Array(Math.min(left, CHUNK_BYTES));
      const read = await file.read(bytes);
      if (read === null) {
        file.close();
        return controller.error(new Error("the file was shortened"));
      }
      controller.enqueue(bytes.subarray(0, read));
      left -= read;
      if (left > 0) return;
      file.close();
      controller.close();
    },
    cancel: () => file.close(),
  }, { highWaterMark: 0 });
}

async function open(path: string): Promise<Deno.FsFile | undefined> {
  try {
    if (await fileSizeOf(path) === undefined) return undefined;
    return await Deno.open(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function pathOf(c: Context): string {
  const { pathname } = new URL(c.req.url);
  try {
    return pathname.slice(PREFIX.length).split("/").map(decodeURIComponent).join("/");
  } catch {
    throw new RbeeError("invalid_request", "The path of the file is not encoded as it should be");
  }
}
