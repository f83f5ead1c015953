import type { NarrationEvent } from "../contracts/job_event.ts";
import { formatNarrationText } from "./text_format.ts";

/**
 * Whether a stream gets colour: `NO_COLOR` (not empty) says no, `FORCE_COLOR` says yes (`0` no),
 * `TERM=dumb` says no, and otherwise a terminal does.
 * See https://no-color.org and https://force-color.org.
 */
export function wantsColor(
  isTerminal: boolean,
  env: (name: string) => string | undefined = (name) => Deno.env.get(name),
): boolean {
  if (env("NO_COLOR")) return false;
  const forced = env("FORCE_COLOR");
  if (forced !== undefined && forced !== "") return forced !== "0";
  return isTerminal && env("TERM") !== "dumb";
}

const RESET = "\x1b[0m";
const DIM = "\x1b[2m";
const ACTOR_COLOR: Record<string, string> = {
  queen: "\x1b[35m",
  hive: "\x1b[33m",
  worker: "\x1b[36m",
  keeper: "\x1b[32m",
};
const LEVEL_COLOR: Partial<Record<string, string>> = {
  debug: DIM,
  warn: "\x1b[33m",
  error: "\x1b[31m",
};

/** The padded text of narration, with the colour of its actor and level when `color` is set. */
export function paintNarration(
  record: Pick<NarrationEvent, "actor" | "action" | "human" | "level">,
  options: { color: boolean },
): string {
  const text = formatNarrationText(record);
  if (!options.color) return text;
  const end = text.indexOf("]") + 1;
  const role = record.actor.split(":", 1)[0]!;
  const level = LEVEL_COLOR[record.level];
  const rest = level === undefined ? text.slice(end) : `${level}${text.slice(end)}${RESET}`;
  return `${ACTOR_COLOR[role] ?? ""}${text.slice(0, end)}${RESET}${rest}`;
}
