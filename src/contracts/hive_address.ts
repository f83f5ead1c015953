import { z } from "zod";
import { hiveInfoSchema, hiveNameSchema, LOCAL_HIVE } from "./hive.ts";

// What may reach a shell is judged where ssh is called; this keeps nonsense out of files.
const line = (max: number) =>
  z.string().min(1).max(max).regex(/^\P{Cc}*$/u, "must not hold control characters");

const addressFields = {
  ssh: line(512).optional().describe("[USER@]HOST[:PORT], or a name of ~/.ssh/config"),
  // It is listed for all who may ask.
  url: z.url({ protocol: /^https?$/, error: "must be like http://HOST:PORT" })
    .refine((url) => !/^[a-z]+:\/\/[^/?#]*@/i.test(url), "must not hold a user or a password")
    .optional()
    .describe("The address at which the queen reaches it herself, with http or https"),
  path: line(4096).optional()
    .describe("Where rbee is installed there, with ssh (default: ~/.local/bin/rbee)"),
};

const hasOne = ({ ssh, url }: { ssh?: string | undefined; url?: string | undefined }) =>
  (ssh === undefined) !== (url === undefined);
const NEEDS_ONE = { message: "needs either ssh or url" };

/** Where a hive of another machine is: behind ssh, or at an address that the queen reaches herself. */
export const hiveAddressSchema = z.strictObject(addressFields).refine(hasOne, NEEDS_ONE);
export type HiveAddress = z.infer<typeof hiveAddressSchema>;

/** Whether two addresses lead to the same hive in the same way. */
export function isSameAddress(a: HiveAddress, b: HiveAddress): boolean {
  return a.ssh === b.ssh && a.url === b.url && a.path === b.path;
}

/** The name of a hive that a person adds. */
export const addedHiveNameSchema = hiveNameSchema.refine(
  (name) => name !== LOCAL_HIVE,
  { message: `must not be "${LOCAL_HIVE}", which is this machine's own` },
);

/** The hives that were added, by name. */
export const hiveAddressesSchema = z.record(addedHiveNameSchema, hiveAddressSchema);
export type HiveAddresses = z.infer<typeof hiveAddressesSchema>;

/** Adds a hive of another machine: its name beside its address. */
export const hiveAddSchema = z.strictObject({
  operation: z.literal("hive_add"),
  name: addedHiveNameSchema,
  ...addressFields,
  /** Whether another address of a hive of that name is replaced. Default: it is an error. */
  replace: z.boolean().default(false),
}).refine(hasOne, NEEDS_ONE);

/** Forgets a hive of another machine; what runs there goes on. */
export const hiveRemoveSchema = z.strictObject({
  operation: z.literal("hive_remove"),
  name: addedHiveNameSchema,
});

/** What the two answer with, and `hive_get`. */
export const hiveAnswerSchema = z.object({ hive: hiveInfoSchema });
