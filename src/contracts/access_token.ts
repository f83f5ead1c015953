import { z } from "zod";
import { timestampSchema } from "./identifiers.ts";

/** How a token begins, by which people and programs know one where they see it. */
export const TOKEN_PREFIX = "rbee_";

const NAME = /^(?!token-)[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** What who shows a token may do: `admin` everything, `infer` inference and what belongs to its own jobs. */
export const accessRoleSchema = z.enum(["admin", "infer"]);
export type AccessRole = z.infer<typeof accessRoleSchema>;

/** What a token is called, by who made it. Not as an id is, so that either can be meant by it. */
export const accessTokenNameSchema = z.string().regex(
  NAME,
  "must be 1 to 64 letters, digits, dots, dashes and underscores, begin with a letter or digit, and not with token-",
);

/** `token-` and 16 hexadecimal digits: never that of another token again. */
export const accessTokenIdSchema = z.string().regex(/^token-[0-9a-f]{16}$/, "must be a token's id");

/** A token as it may be shown: all but itself. */
export const accessTokenSchema = z.object({
  id: accessTokenIdSchema,
  name: accessTokenNameSchema,
  role: accessRoleSchema,
  created_at: timestampSchema,
});
export type AccessToken = z.infer<typeof accessTokenSchema>;

/** A token as it is kept. */
export const keptTokenSchema = accessTokenSchema.extend({
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256"),
});
export type KeptToken = z.infer<typeof keptTokenSchema>;

/** The file of the tokens. */
export const keptTokensSchema = z.object({ tokens: z.array(keptTokenSchema) });

/** When tokens were used last, by their ids; to the hour. */
export const tokenUsesSchema = z.record(accessTokenIdSchema, timestampSchema);
export type TokenUses = z.infer<typeof tokenUsesSchema>;
