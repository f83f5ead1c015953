import { RbeeError } from "../base/rbee_error.ts";
import { GgufReader, TooShort } from "./gguf_reader.ts";

/** What the header of a GGUF file says of its model. What it does not say is undefined. */
export interface GgufFacts {
  architecture: string | undefined;
  /** By `general.file_type`. */
  quantisation: string | undefined;
  /** How many weights this file holds: of a split model, its part. */
  parameters: number;
  /** The longest context that it was trained for, in tokens. */
  context: number | undefined;
  /** All single values of the header; texts of more than 300 characters are cut. */
  values: Record<string, string | number | boolean>;
}

const FIRST_BYTES = 1024 * 1024;
const MAX_HEADER_BYTES = 256 * 1024 * 1024;
const MAX_TEXT = 300;
// Models have some dozens; all of them are kept.
const MAX_VALUES = 10_000;
const MAX_KEY_BYTES = 1024;

/** `general.file_type`, as llama.cpp numbers it (`enum llama_ftype`). */
const FILE_TYPES: Record<number, string> = {
  ...{ 0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K" },
  ...{ 11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S" },
  ...{ 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS" },
  ...{ 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S" },
  ...{ 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0" },
  ...{ 38: "MXFP4_MOE" },
};

/**
 * Reads the header of a GGUF file, version 2 or 3, little endian. The weights are not read.
 * See https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
 *
 * @throws {RbeeError} `not_gguf` If it is none, or its header makes no sense.
 */
export async function readGgufFacts(path: string): Promise<GgufFacts> {
  using file = await Deno.open(path);
  const { size } = await file.stat();
  for (let bytes = Math.min(size, FIRST_BYTES);; bytes = Math.min(size, bytes * 4)) {
    // Read from its begin: how long a header is shows only when it has been read.
    const head = new Uint8Array(bytes);
    await file.seek(0, Deno.SeekMode.Start);
    let have = 0;
    for (let read: number | null = 0; read !== null && have < bytes; have += read ?? 0) {
      read = await file.read(head.subarray(have));
    }
    try {
      return parseHeader(head.subarray(0, have));
    } catch (error) {
      if (!(error instanceof TooShort)) throw wrong(path, error);
      if (bytes === size || bytes >= MAX_HEADER_BYTES) throw wrong(path, error);
    }
  }
}

function parseHeader(bytes: Uint8Array): GgufFacts {
  const reader = new GgufReader(bytes);
  if (reader.magic() !== "GGUF") throw new Error("it does not begin with GGUF");
  const version = reader.u32();
  if (version !== 2 && version !== 3) throw new Error(`its version is ${version}`);
  const tensors = reader.u64();
  const pairs = reader.u64();
  if (pairs > MAX_VALUES) throw new Error(`its header claims ${pairs} values`);
  const values: GgufFacts["values"] = {};
  for (let i = 0; i < pairs; i++) {
    const key = reader.text(MAX_KEY_BYTES);
    const value = reader.value(reader.u32());
    if (value === undefined) continue;
    const isLong = typeof value === "string" && value.length > MAX_TEXT;
    Object.defineProperty(values, key, {
      value: isLong ? `${value.slice(0, MAX_TEXT)}…` : value,
      enumerable: true,
    });
  }
  let parameters = 0;
  for (let i = 0; i < tensors; i++) parameters += reader.tensor();
  const architecture = values["general.architecture"];
  const context = values[`${architecture}.context_length`];
  return {
    architecture: typeof architecture === "string" ? architecture : undefined,
    quantisation: FILE_TYPES[Number(values["general.file_type"] ?? NaN)],
    parameters,
    context: typeof context === "number" ? context : undefined,
    values,
  };
}

function wrong(path: string, error: unknown): RbeeError {
  const why = error instanceof TooShort ? "it ends within its header" : (error as Error).message;
  return new RbeeError(
    "not_gguf",
    `"${path}" is not a GGUF file that can be read: ${why}; download the model again`,
    { cause: error },
  );
}
