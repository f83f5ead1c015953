import type { z } from "zod";

/** A schema of the contracts, and what documents call it. */
export interface NamedSchema {
  name: string;
  schema: z.ZodType;
}

/** A part of a request's address or head, beside what its path names. */
export interface DescribedParameter {
  in: "query" | "header";
  name: string;
  description: string;
  schema: z.ZodType;
  /** Default: it may be left out. */
  required?: boolean;
}

/** What a request brings. */
export interface DescribedBody {
  /** Default: `application/json`. */
  type?: string;
  /** What it must fit; of several, that whose `operation` it names. None: bytes. */
  schemas: readonly NamedSchema[];
}

/** A header that an answer has in any case. */
export interface DescribedHeader {
  name: string;
  description: string;
  schema: z.ZodType;
}

/** One answer of a route. */
export interface DescribedAnswer {
  description: string;
  /** Those that are the route's own. Default: none. */
  headers?: readonly DescribedHeader[];
  /** What it is sent as, by media type. Default: an answer without a body. */
  content?: Readonly<Record<string, NamedSchema | "text" | "bytes">>;
}

/** One route of a role, as people and programs read of it; the route itself is made elsewhere. */
export interface RouteDescription {
  /** `all` stands for each of them. */
  method: "get" | "post" | "put" | "delete" | "all";
  /** In OpenAPI's form: `/v1/jobs/{id}`. `{path}` at the end stands for what may hold slashes. */
  path: string;
  tag: string;
  summary: string;
  /** What the summary leaves out. */
  description?: string;
  /**
   * For whom beside who may do everything: `infer` also tokens of that role, `open` everybody, without
   * a token. Default: nobody.
   */
  access?: "infer" | "open" | undefined;
  parameters?: readonly DescribedParameter[];
  body?: DescribedBody;
  /** By HTTP status; errors beside them have one form on every route. */
  answers: Readonly<Record<number, DescribedAnswer>>;
}
