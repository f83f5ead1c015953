import { RbeeError } from "../base/rbee_error.ts";

/** The kinds of Deno's permissions. See https://docs.deno.com/runtime/fundamentals/security/. */
export const PERMISSION_KINDS = [
  "read",
  "write",
  "net",
  "env",
  "sys",
  "run",
  "ffi",
  "import",
] as const;

/** One of {@linkcode PERMISSION_KINDS}. */
export type PermissionKind = typeof PERMISSION_KINDS[number];

/** What a process has turned out to be, for its permissions. */
export type PermissionHolder =
  /** A command that starts nothing and asks nobody. */
  | "keeper_alone"
  /** Any other command. */
  | "keeper"
  /** A queen that is ready. */
  | "queen"
  | "hive"
  /** A worker whose model is loaded. */
  | "worker";

/**
 * What each may go on doing; the rest is given up for good. Every process begins with all kinds, since
 * Deno opens /proc, /sys and /dev only to who holds each of them in full: with one of them less, or with
 * a list of paths for one, no process can be told from another that has its pid, and no container's
 * memory is known. So who goes on needing those keeps all.
 */
export const KEPT_PERMISSIONS: Readonly<Record<PermissionHolder, readonly PermissionKind[]>> = {
  keeper_alone: ["read", "write", "env"],
  keeper: PERMISSION_KINDS,
  queen: ["read", "write", "net", "env", "run"],
  hive: PERMISSION_KINDS,
  worker: [],
};

/** Commands that are {@linkcode PermissionHolder} `keeper_alone`, whatever their subcommand. */
const ALONE: ReadonlySet<string> = new Set(["completions", "config", "token"]);

/** What a command of the keeper holds. */
export function holderOfCommand(command: string): PermissionHolder {
  return ALONE.has(command) ? "keeper_alone" : "keeper";
}

/**
 * What Deno is told when a process of this program starts. Nobody is asked for a permission, and no code
 * is taken from elsewhere, though `import` is granted.
 */
export function permissionFlags(): string[] {
  return [...PERMISSION_KINDS.map((kind) => `--allow-${kind}`), "--no-prompt", "--no-remote"];
}

/**
 * Gives up, for good, what the holder does not keep. Deno takes away whole kinds alone: to revoke a
 * single path or program of a kind that is granted in full does nothing.
 *
 * @param also Kinds that this one keeps beside those of the table.
 */
export function givePermissionsUp(
  holder: PermissionHolder,
  also: readonly PermissionKind[] = [],
): void {
  for (const name of PERMISSION_KINDS) {
    if (KEPT_PERMISSIONS[holder].includes(name) || also.includes(name)) continue;
    Deno.permissions.revokeSync({ name });
  }
}

/**
 * Makes sure that this process was started with what it begins with.
 *
 * @throws {RbeeError} `not_permitted` If Deno was told to withhold a kind.
 */
export function requirePermissions(): void {
  const missing = PERMISSION_KINDS.filter((name) =>
    Deno.permissions.querySync({ name }).state !== "granted"
  );
  if (missing.length === 0) return;
  throw new RbeeError(
    "not_permitted",
    `rbee was started by Deno without the permission${missing.length === 1 ? "" : "s"} ${
      missing.join(", ")
    }, which it needs until it knows what to give up; start it with deno task rbee`,
  );
}
