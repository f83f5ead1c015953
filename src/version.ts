/**
 * The version of this program, in semantic versioning. Roles of the same major and minor version
 * work together. Equal to `version` in deno.json, which a test holds.
 */
export const VERSION = "0.1.0";
