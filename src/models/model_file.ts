import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { RbeeError } from "../base/rbee_error.ts";

/** The model that comes with rbee. */
export const DEMO_MODEL = "bee-tiny";

/** A model file that is there and is GGUF. */
export interface ModelFile {
  /** What people call it. */
  name: string;
  path: string;
  bytes: number;
}

/**
 * Finds the file of a model: `bee-tiny`, or the path of a GGUF file.
 *
 * @throws {RbeeError} `model_not_found` If there is no such file.
 * @throws {RbeeError} `not_gguf` If it is something else than a GGUF file.
 */
export async function findModelFile(model: string): Promise<ModelFile> {
  const path = model === DEMO_MODEL
    ? fileURLToPath(new URL("./demo_model/bee-tiny.gguf", import.meta.url))
    : model;
  const name = model === DEMO_MODEL ? DEMO_MODEL : basename(model).replace(/\.gguf$/i, "");
  let bytes: number;
  let magic: string;
  try {
    using file = await Deno.open(path, { read: true });
    const { size, isFile } = await file.stat();
    if (!isFile) throw new RbeeError("not_gguf", `"${path}" is not a file; name a GGUF file`);
    bytes = size;
    magic = await readMagic(file);
  } catch (error) {
    if (error instanceof RbeeError) throw error;
    if (error instanceof Deno.errors.NotFound) {
      throw new RbeeError(
        "model_not_found",
        `Cannot find the model file "${path}"; check the path, or try ${DEMO_MODEL}`,
      );
    }
    throw new RbeeError(
      "model_not_found",
      `Cannot read the model file "${path}": ${error instanceof Error ? error.message : error}`,
      { cause: error },
    );
  }
  if (magic !== "GGUF") {
    throw new RbeeError(
      "not_gguf",
      `"${path}" is not a GGUF file (it does not begin with GGUF); download the model again, or convert it`,
    );
  }
  return { name, path, bytes };
}

/** Whether a file that is there begins as a GGUF file does. */
export async function isGguf(path: string): Promise<boolean> {
  using file = await Deno.open(path);
  return await readMagic(file) === "GGUF";
}

async function readMagic(file: Deno.FsFile): Promise<string> {
  const buffer = new Uint8Array(4);
  const read = await file.read(buffer) ?? 0;
  return new TextDecoder().decode(buffer.subarray(0, read));
}
