import { z } from "zod";
import { hiveNameSchema } from "./hive.ts";
import { modelNameSchema } from "./operation.ts";

/** `stored`: all of it is there; `partial`: a download of it has begun and does not run. */
export const modelStateSchema = z.enum(["stored", "downloading", "partial"]);

const bytesSchema = z.number().int().nonnegative();

/** A file of a model, by its path in the store of its hive, with `/` between folders. */
export const modelFileSchema = z.object({ path: z.string(), bytes: bytesSchema });

/** A model that a hive has on its disk. What its files do not tell is null. */
export const storedModelSchema = z.object({
  /** What it is asked for by: `bee-tiny`, `hf:org/repo:file.gguf`, `https://…`. */
  name: z.string(),
  hive: z.string(),
  state: modelStateSchema,
  files: z.array(modelFileSchema),
  /** Of all files as they are on the disk; of a download, what has come. */
  bytes: bytesSchema,
  quantisation: z.string().nullable(),
  /** How many weights it has. */
  parameters: bytesSchema.nullable(),
  /** The longest context that it was trained for, in tokens. */
  context: bytesSchema.nullable(),
  architecture: z.string().nullable(),
  /** The ids of the workers that have it loaded, or are about to. */
  used_by: z.array(z.string()),
});
export type StoredModel = z.infer<typeof storedModelSchema>;

/** A model that is whole on a hive's disk, in short. */
export const modelSizeSchema = z.object({ name: z.string(), bytes: bytesSchema });
export type ModelSize = z.infer<typeof modelSizeSchema>;

export const storedModelListSchema = z.object({ models: z.array(storedModelSchema) });

/** What the header of a GGUF file says, without what is long. */
export const modelFactsSchema = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean()]),
);

/** A model with what its header says; and the sums of its files where they were asked for. */
export const modelDetailsSchema = storedModelSchema.extend({
  facts: modelFactsSchema,
  sha256: z.array(z.string()).optional(),
});
export type ModelDetails = z.infer<typeof modelDetailsSchema>;

const named = { model: modelNameSchema, hive: hiveNameSchema.optional() };

export const modelListOperationSchema = z.strictObject({
  operation: z.literal("model_list"),
  hive: hiveNameSchema.optional(),
});

/** Has a hive fetch a model, or tells that it has it. */
export const modelDownloadSchema = z.strictObject({
  operation: z.literal("model_download"),
  ...named,
});
export type ModelDownloadRequest = z.infer<typeof modelDownloadSchema>;

export const modelGetSchema = z.strictObject({
  operation: z.literal("model_get"),
  ...named,
  /** Whether the SHA-256 of each file is computed, which reads all of it. */
  checksum: z.boolean().default(false),
});
export type ModelGetRequest = z.infer<typeof modelGetSchema>;

export const modelDeleteSchema = z.strictObject({
  operation: z.literal("model_delete"),
  ...named,
  /** Whether workers that use it are stopped, and a download of it is ended. */
  force: z.boolean().default(false),
});
export type ModelDeleteRequest = z.infer<typeof modelDeleteSchema>;

/** Brings a model from one hive to another, through the queen. */
export const modelCopySchema = z.strictObject({
  operation: z.literal("model_copy"),
  model: modelNameSchema,
  from: hiveNameSchema,
  to: hiveNameSchema,
});
export type ModelCopyRequest = z.infer<typeof modelCopySchema>;

const sumSchema = z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in hexadecimal");

/**
 * Has a hive receive the files of a model: it tells what is missing in an event `missing`, and is done
 * when all of it has been sent and is right. Its end is the end of the copy.
 */
export const modelReceiveSchema = z.strictObject({
  operation: z.literal("model_receive"),
  model: modelNameSchema,
  files: z.array(modelFileSchema.extend({ sha256: sumSchema })).min(1).max(1000),
});
export type ModelReceiveRequest = z.infer<typeof modelReceiveSchema>;

/** The `data` event that tells what a hive lacks of the files that it is to be sent. */
export const MISSING = "missing";

/** What is missing of each file that a hive is being sent: from a byte up to, and without, another. */
export const modelReceiptSchema = z.object({
  missing: z.array(z.array(z.tuple([bytesSchema, bytesSchema]))),
});
export type ModelReceipt = z.infer<typeof modelReceiptSchema>;
