/**
 * The token of `RBEE_TOKEN`, which is taken out of the environment with it: no process that is started
 * from here on has it.
 */
export function takeEnvironmentToken(): string | undefined {
  const token = Deno.env.get("RBEE_TOKEN")?.trim();
  Deno.env.delete("RBEE_TOKEN");
  return token || undefined;
}
