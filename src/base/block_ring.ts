/** What a read of a {@linkcode BlockRing} gives. */
export type RingRead =
  /** Entries `from` to `to`, back to back. A view of the ring's own memory: do not write to it. */
  | { kind: "bytes"; bytes: Uint8Array; from: number; to: number }
  /** Entries `from` to `to` are no longer here. */
  | { kind: "missing"; from: number; to: number };

interface Block {
  first: number;
  /** How many entries it holds. */
  count: number;
  bytes: Uint8Array;
  used: number;
  /** Where each entry begins. */
  starts: Uint32Array;
}

const FIRST_BLOCK_BYTES = 4096;
const BLOCK_BYTES = 65_536;
const BYTES_PER_ENTRY_GUESS = 64;
const encoder = new TextEncoder();

/**
 * Numbered entries of text (1, 2, 3 …), encoded once into blocks of bytes, of which the newest
 * `maxBytes` are kept.
 *
 * Written bytes never move and never change, so a read is a view and many readers share it. When the
 * limit is passed the oldest whole block goes; who still holds a view of it keeps it alive. The block
 * being written is never dropped, so the ring can hold up to one block more than its limit.
 */
export class BlockRing {
  readonly #maxBytes: number;
  #blocks: Block[] = [];
  #bytes = 0;
  #last: number;

  /**
   * @param options.maxBytes The bytes kept, default 4 MiB.
   * @param options.after The number before that of the first entry, default 0.
   */
  constructor(options: { maxBytes?: number; after?: number } = {}) {
    this.#maxBytes = options.maxBytes ?? 4 * 1024 * 1024;
    this.#last = options.after ?? 0;
  }

  /** The number of the newest entry, 0 when there is none. */
  get last(): number {
    return this.#last;
  }

  /** The number of the oldest entry still here; `last + 1` when there is none. */
  get first(): number {
    return this.#blocks[0]?.first ?? this.#last + 1;
  }

  /** The memory in use, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether adding an entry begins a new block, for which old ones may have to go. */
  needsBlockFor(text: string): boolean {
    const block = this.#blocks.at(-1);
    return block === undefined || block.bytes.length - block.used < worstBytes(text) ||
      block.count === block.starts.length;
  }

  /** Adds an entry and returns its number. */
  append(text: string): number {
    const block = this.needsBlockFor(text) ? this.#grow(worstBytes(text)) : this.#blocks.at(-1)!;
    const target = block.used === 0 ? block.bytes : block.bytes.subarray(block.used);
    const { written } = encoder.encodeInto(text, target);
    block.starts[block.count++] = block.used;
    block.used += written;
    return ++this.#last;
  }

  /**
   * Adds the entries of `texts` from index `from` on, as {@linkcode append} would, but encodes them in
   * one go: as many as fit into the block being written and have at most `maxCharacters` UTF-16 units,
   * and at least one. Returns how many these were and their units.
   */
  appendRun(
    texts: readonly string[],
    from: number,
    maxCharacters: number,
  ): { count: number; characters: number } {
    const first = texts[from]!;
    const block = this.needsBlockFor(first) ? this.#grow(worstBytes(first)) : this.#blocks.at(-1)!;
    const room = block.bytes.length;
    let entries = block.count;
    let used = block.used;
    let characters = 0;
    let to = from;
    do {
      // Nobody looks at what stands after the count.
      block.starts[entries++] = used;
      const { length } = texts[to++]!;
      used += length;
      characters += length;
    } while (
      to < texts.length && entries < block.starts.length &&
      room - used >= worstBytes(texts[to]!) && characters + texts[to]!.length <= maxCharacters
    );
    const text = from === 0 && to === texts.length
      ? texts.join("")
      : texts.slice(from, to).join("");
    const { read, written } = encoder.encodeInto(text, block.bytes.subarray(block.used));
    if (read !== characters || written !== characters) {
      return this.#appendEach(texts, from, to);
    }
    block.count = entries;
    block.used = used;
    this.#last += to - from;
    return { count: to - from, characters };
  }

  /** What is not ASCII ends elsewhere than its characters tell. */
  #appendEach(texts: readonly string[], from: number, to: number) {
    let characters = 0;
    let at = from;
    do {
      this.append(texts[at]!);
      characters += texts[at++]!.length;
    } while (at < to && !this.needsBlockFor(texts[at]!));
    return { count: at - from, characters };
  }

  /**
   * Reads on after entry `after`: as many whole entries as fit into `maxBytes`, at least one, from one
   * block. Undefined when there is nothing after it.
   */
  read(after: number, maxBytes = BLOCK_BYTES): RingRead | undefined {
    if (after >= this.#last) return undefined;
    const from = after + 1;
    if (from < this.first) return { kind: "missing", from, to: this.first - 1 };
    const block = this.#blockOf(from);
    const index = from - block.first;
    const begin = block.starts[index]!;
    let endIndex = block.count;
    if (block.used - begin > maxBytes) {
      endIndex = index + 1;
      while (endIndex < block.count && this.#endOf(block, endIndex) - begin <= maxBytes) endIndex++;
    }
    const end = this.#endOf(block, endIndex - 1);
    return {
      kind: "bytes",
      bytes: block.bytes.subarray(begin, end),
      from,
      to: block.first + endIndex - 1,
    };
  }

  /** Drops everything; numbers go on from where they were. */
  clear(): void {
    this.#blocks = [];
    this.#bytes = 0;
  }

  /** Gives back the unused end of the last block, when no more will be written. */
  trim(): void {
    const block = this.#blocks.at(-1);
    if (block === undefined) return;
    this.#bytes -= sizeOf(block);
    block.bytes = block.bytes.slice(0, block.used);
    block.starts = block.starts.slice(0, block.count);
    this.#bytes += sizeOf(block);
  }

  #endOf(block: Block, index: number): number {
    return index + 1 < block.count ? block.starts[index + 1]! : block.used;
  }

  #grow(atLeastBytes: number): Block {
    const usual = this.#blocks.length === 0 ? FIRST_BLOCK_BYTES : BLOCK_BYTES;
    const size = Math.max(usual, atLeastBytes);
    const block: Block = {
      first: this.#last + 1,
      count: 0,
      bytes: new Uint8Array(size),
      used: 0,
      starts: new Uint32Array(Math.max(1, Math.floor(size / BYTES_PER_ENTRY_GUESS))),
    };
    this.#blocks.push(block);
    this.#bytes += sizeOf(block);
    while (this.#bytes > this.#maxBytes && this.#blocks.length > 1) {
      this.#bytes -= sizeOf(this.#blocks.shift()!);
    }
    return block;
  }

  #blockOf(entry: number): Block {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#blocks[middle]!.first <= entry) low = middle;
      else high = middle - 1;
    }
    return this.#blocks[low]!;
  }
}

/** A UTF-16 unit becomes at most three bytes. */
function worstBytes(text: string): number {
  return text.length * 3;
}

function sizeOf(block: Block): number {
  return block.bytes.byteLength + block.starts.byteLength;
}
