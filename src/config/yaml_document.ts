import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  visit,
} from "yaml";
import { messageOf } from "../base/rbee_error.ts";
import { redact } from "../base/redact.ts";

/** Where something stands in a file; both count from 1. */
export interface YamlPosition {
  line: number;
  column: number;
}

/** Something in a file that is no YAML, or that no program could tell apart. */
export interface YamlFault extends YamlPosition {
  message: string;
}

/** Longest text that is read, in characters: settings are written by hand. */
export const MAX_YAML_CHARACTERS = 1024 * 1024;

// What the parser says is for who writes programs.
const SEVERAL_DOCUMENTS =
  "The file must be one document, and here a second begins; take this line of --- out";

/** A text of YAML that was read, and where in it things stand. */
export class YamlDocument {
  /** What is wrong with the text, in its order. */
  readonly faults: YamlFault[] = [];
  /** What it says; undefined where {@linkcode isReadable} is false. */
  readonly value: unknown;
  /** Whether the faults leave something that can be judged. */
  readonly isReadable: boolean;
  /** Keys that are refused wherever they stand, and are named among the faults. */
  readonly forbidden = new Set<string>();
  readonly #lines = new LineCounter();
  readonly #document: Document | undefined;

  /** Never throws. The text may be anything; the longest is {@linkcode MAX_YAML_CHARACTERS}. */
  constructor(text: string) {
    try {
      if (text.length > MAX_YAML_CHARACTERS) throw new Error("The file is too long for settings");
      this.#document = parseDocument(text, {
        lineCounter: this.#lines,
        prettyErrors: false,
        logLevel: "error",
      });
      this.#collectFaults(this.#document);
      this.isReadable = this.#document.errors.every(({ code }) => code === "DUPLICATE_KEY");
      this.value = this.isReadable ? this.#document.toJS() ?? {} : undefined;
    } catch (error) {
      this.isReadable = false;
      // Lists in lists without end, which nothing here can walk through; or an alias without its anchor.
      if (error instanceof RangeError) this.#fault(0, "The file is nested too deeply");
      else this.#fault(this.#aliasOffset(), messageOf(error));
    }
    this.faults.sort((a, b) => a.line - b.line || a.column - b.column);
  }

  /**
   * Where the value at a path stands, or with `key: true` its key. Of what is not there: where that
   * which lacks it stands.
   */
  positionOf(path: readonly PropertyKey[], options: { key?: boolean } = {}): YamlPosition {
    let node: unknown = this.#document?.contents;
    let offset = offsetOf(node) ?? 0;
    for (const [depth, segment] of path.entries()) {
      const isLast = depth === path.length - 1;
      const found = this.#child(node, String(segment));
      if (found === undefined) break;
      const keyOffset = offsetOf(found.key);
      const valueOffset = offsetOf(found.value);
      offset = (isLast && !options.key ? valueOffset ?? keyOffset : keyOffset ?? valueOffset) ??
        offset;
      node = found.value;
    }
    return this.#position(offset);
  }

  #child(node: unknown, name: string): { key: unknown; value: unknown } | undefined {
    const held = isAlias(node) ? node.resolve(this.#document!) : node;
    if (isMap(held)) return held.items.find((pair) => keyName(pair) === name);
    return isSeq(held) ? { key: undefined, value: held.items[Number(name)] } : undefined;
  }

  #collectFaults(document: Document): void {
    const found = [...document.errors, ...document.warnings];
    // The parser takes it for a mistake of the text, and then for many.
    if (found.some(({ message }) => message.includes("call stack"))) throw new RangeError();
    for (const { code, pos: [offset], message } of found) {
      this.#fault(offset, code === "MULTIPLE_DOCS" ? SEVERAL_DOCUMENTS : message);
    }
    visit(document, {
      Pair: (_, pair) => {
        // Objects have one already, so that it would be passed over in silence.
        if (keyName(pair) !== "__proto__") return;
        this.forbidden.add("__proto__");
        this.#fault(offsetOf(pair.key) ?? 0, '"__proto__" is not a known key');
      },
    });
  }

  #fault(offset: number, message: string): void {
    this.faults.push({
      ...this.#position(offset),
      message: redact(message.replaceAll(/\s+/g, " ").trim()),
    });
  }

  #aliasOffset(): number {
    let offset: number | undefined;
    if (this.#document === undefined) return 0;
    const document = this.#document;
    visit(document, {
      Alias: (_, alias) => {
        const isLost = alias.resolve(document) === undefined;
        offset = isLost ? offsetOf(alias) : offset ?? offsetOf(alias);
        return isLost ? visit.BREAK : undefined;
      },
    });
    return offset ?? 0;
  }

  #position(offset: number): YamlPosition {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }
}

function keyName({ key }: Pick<Pair, "key">): string | undefined {
  if (!isScalar(key)) return undefined;
  return key.value === null ? "" : String(key.value);
}

function offsetOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
