import { distance } from "fastest-levenshtein";

const MOST_CHANGES = 3;
const LEAST_ALIKE = 0.4;

/**
 * The name that was most likely meant: the one that the fewest letters lead to, and of equals the first.
 * Case, dashes and underscores count as the same.
 *
 * @returns Undefined where none is near: more than 3 changes, or more than 6 of 10 letters.
 */
export function nearestName(given: string, names: Iterable<string>): string | undefined {
  // Of what is longer than any name by more than the changes none can be near.
  if (given.length > 100) return undefined;
  let nearest: string | undefined;
  let fewest = MOST_CHANGES + 1;
  for (const name of names) {
    const changes = distance(plain(given), plain(name));
    const alike = 1 - changes / Math.max(given.length, name.length);
    if (changes >= fewest || alike <= LEAST_ALIKE) continue;
    fewest = changes;
    nearest = name;
  }
  return nearest;
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll("-", "_");
}
