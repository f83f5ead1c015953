import { z } from "zod";

/** What JSON can say. A member that is undefined is left out when it is written. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | JsonValue[]
  | { [name: string]: JsonValue | undefined };

export const jsonValueSchema: z.ZodType<JsonValue> = z.json();
