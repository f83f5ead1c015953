/** How long something has lasted, in whole steps, so that it does not flicker while it is watched. */
export function spanText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} days`;
}

/** Names one after the other: `a`, `a and b`, `a, b and c`; past six of them how many more there are. */
export function listText(names: readonly string[]): string {
  const told = names.length > 7 ? [...names.slice(0, 6), `${names.length - 6} more`] : names;
  const last = told.at(-1) ?? "";
  return told.length < 2 ? last : `${told.slice(0, -1).join(", ")} and ${last}`;
}

/** A name without the marks that turn the text around it: a request may name its model as it likes. */
export function plainName(name: string): string {
  return name.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "");
}

/** A sentence with its end, whether or not it came with one. */
export function sentenceText(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
