import { RbeeError } from "../base/rbee_error.ts";
import { singleLine } from "../base/single_line.ts";

/** What of a repository is wanted: a file, a quantisation, or the usual. */
export type FilePick = { file: string } | { quantisation: string } | undefined;

/**
 * Quantisations in the order in which they are taken where none is asked for: the usual balance first,
 * then what is near it, then smaller ones, then what is not quantised.
 */
const PREFERRED = [
  ...["Q4_K_M", "Q4_K_S", "Q4_K_L", "Q5_K_M", "Q5_K_S", "Q4_0", "IQ4_NL", "IQ4_XS", "Q6_K"],
  ...["Q8_0", "MXFP4", "Q3_K_L", "Q3_K_M", "Q3_K_S", "Q2_K", "BF16", "F16", "F32"],
];

const SPLIT = /-(\d{5})-of-(\d{5})(\.gguf)$/i;
// More would be no model, but a way to fill the memory.
const MAX_PARTS = 1000;
// What goes with a model, or was made of it, and is none itself.
const NO_MODEL = /(^|\/)(mmproj|imatrix)|[.-]imatrix\./i;

/**
 * Chooses of the files of a repository those that make up one model, in order: all parts of a split
 * one. Of several that fit, the shortest name, then the first in the alphabet.
 *
 * @param repo What the repository is called in errors.
 * @throws {RbeeError} `model_not_found` If none fits, or a part is missing; it names what there is.
 */
export function chooseFiles(repo: string, names: readonly string[], pick: FilePick): string[] {
  const models = firstParts(names);
  if (models.length === 0) {
    throw new RbeeError(
      "model_not_found",
      `${repo} has no GGUF files; look for a repository with -GGUF in its name`,
    );
  }
  const first = pickFirst(models, pick);
  if (first === undefined) {
    const wanted = pick === undefined ? "" : "file" in pick ? pick.file : pick.quantisation;
    throw new RbeeError(
      "model_not_found",
      `${repo} has no ${wanted}; it has ${inShort(models)}`,
    );
  }
  const parts = partsOf(first);
  const missing = parts.find((part) => !names.includes(part));
  if (missing === undefined) return parts;
  throw new RbeeError(
    "model_not_found",
    `${repo} lacks ${singleLine(missing)}, a part of ${singleLine(first)}`,
  );
}

/** The names of all parts of a model by that of its first file; of one that is not split, that alone. */
export function partsOf(first: string): string[] {
  const split = splitOf(first);
  if (split === undefined) return [first];
  const { stem, count, extension } = split;
  return Array.from(
    { length: Math.min(Number(count), MAX_PARTS) },
    (_, index) => `${stem}-${String(index + 1).padStart(5, "0")}-of-${count}${extension}`,
  );
}

/** The name of the first file of the model that a file belongs to. */
export function firstPartOf(name: string): string {
  const split = splitOf(name);
  return split === undefined ? name : `${split.stem}-00001-of-${split.count}${split.extension}`;
}

/** Undefined for a file that is no part of several, also where its name counts as nothing is counted. */
function splitOf(name: string): { stem: string; count: string; extension: string } | undefined {
  const found = SPLIT.exec(name);
  if (found === null) return undefined;
  const [tail, part = "", count = "", extension = ""] = found;
  if (Number(part) < 1 || Number(part) > Number(count)) return undefined;
  return { stem: name.slice(0, -tail.length), count, extension };
}

/** The quantisation that a file's name tells; undefined when it tells none. */
export function quantisationOf(name: string): string | undefined {
  return /(?<![A-Za-z0-9])((?:UD-)?(?:I?Q\d_[A-Z0-9]+(?:_[A-Z0-9]+)*|MXFP4|TQ\d_\d|BF16|F16|F32))(?![A-Za-z0-9])/i
    .exec(name.split("/").at(-1) ?? "")?.[1]?.toUpperCase();
}

function firstParts(names: readonly string[]): string[] {
  return names.filter((name) =>
    /\.gguf$/i.test(name) && !NO_MODEL.test(name) && firstPartOf(name) === name
  ).sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
}

function pickFirst(models: readonly string[], pick: FilePick): string | undefined {
  if (pick === undefined) {
    for (const quantisation of PREFERRED) {
      const found = models.find((name) => hasQuantisation(name, quantisation));
      if (found !== undefined) return found;
    }
    return models[0];
  }
  if ("quantisation" in pick) {
    return models.find((name) => hasQuantisation(name, pick.quantisation));
  }
  const asked = firstPartOf(pick.file);
  return models.find((name) => name === asked) ??
    models.find((name) => name.toLowerCase() === asked.toLowerCase());
}

/** Whether a name holds a quantisation as a word: `Q4_K` is none of `Q4_K_M`. */
function hasQuantisation(name: string, quantisation: string): boolean {
  const word = quantisation.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`(?<![A-Za-z0-9])${word}(?![A-Za-z0-9_])`, "i").test(name);
}

function inShort(models: readonly string[]): string {
  const kinds = [...new Set(models.map((name) => quantisationOf(name) ?? singleLine(name)))];
  const shown = kinds.slice(0, 20).join(", ");
  return kinds.length > 20 ? `${shown} and ${kinds.length - 20} more` : shown;
}
