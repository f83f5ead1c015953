/** A list, and how often any of its items was looked at. */
export function countingLooks<T>(list: T[]): { counted: readonly T[]; looks: () => number } {
  let looks = 0;
  const counted = new Proxy(list, {
    get(target, name) {
      if (typeof name === "string" && /^\d+$/.test(name)) looks++;
      return Reflect.get(target, name);
    },
  });
  return { counted, looks: () => looks };
}
