import { join } from "node:path";

const HASH_DIGITS = 10;
/** How a part names another that it loads. */
const NAMED = /"\.\/([\w-]+\.js)"/g;

/**
 * Gives the parts of a script names by what is in them: `chat-2f05a1c93b.js`. The bundler's own are by where
 * the sources lie as well, so that the same sources would make another page elsewhere.
 *
 * @param folder What the bundler has written, with all parts.
 * @param entry The part that keeps its name.
 * @throws {Deno.errors} If they cannot be read or written.
 */
export async function nameParts(folder: string, entry: string): Promise<void> {
  const texts = new Map<string, string>();
  for await (const { name } of Deno.readDir(folder)) {
    if (name.endsWith(".js")) texts.set(name, await Deno.readTextFile(join(folder, name)));
  }
  const named = new Map<string, { name: string; text: string }>();
  // Those that a part loads come first, since their names are in it; none is loaded by its own.
  const nameOf = async (before: string): Promise<string> => {
    const known = named.get(before);
    if (known !== undefined) return known.name;
    let text = texts.get(before)!;
    for (const [, loaded] of text.matchAll(NAMED)) {
      if (texts.has(loaded!)) {
        text = text.replaceAll(`"./${loaded}"`, `"./${await nameOf(loaded!)}"`);
      }
    }
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    const hash = new Uint8Array(digest).toHex().slice(0, HASH_DIGITS);
    const name = before === entry ? entry : `${before.replace(/-\w+\.js$/, "")}-${hash}.js`;
    named.set(before, { name, text });
    return name;
  };
  for (const before of [...texts.keys()].sort()) await nameOf(before);
  for (const before of texts.keys()) await Deno.remove(join(folder, before));
  for (const { name, text } of named.values()) await Deno.writeTextFile(join(folder, name), text);
}
