/** What JSON stands for; undefined for a text that is none, which fits no schema. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
