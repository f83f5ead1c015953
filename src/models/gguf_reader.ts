/** The bytes end before what is read does. */
export class TooShort extends Error {
  override readonly name = "TooShort";
}

const STRING = 8;
const ARRAY = 9;
const MAX_DEPTH = 4;
const MAX_TEXT_BYTES = 2048;
/** How many bytes a value of each type takes, by the type's number. */
const SIZES: Record<number, number> = {
  ...{ 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 },
};

/** Reads the header of a GGUF file, one thing after the other. Throws {@linkcode TooShort} at its end. */
export class GgufReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The first four characters. */
  magic(): string {
    return new TextDecoder().decode(this.#take(4));
  }

  u32(): number {
    const at = this.#step(4);
    return this.#view.getUint32(at, true);
  }

  /** @throws {Error} If it is more than a file can hold. */
  u64(): number {
    const at = this.#step(8);
    const value = this.#view.getBigUint64(at, true);
    if (value > Number.MAX_SAFE_INTEGER) throw new Error("a number in its header is too large");
    return Number(value);
  }

  /** A text; of one that is longer than `most` bytes its begin, so that nobody can have us keep it. */
  text(most = Infinity): string {
    return new TextDecoder().decode(this.#take(this.u64()).subarray(0, most));
  }

  /**
   * A value of the type, a text as its begin; undefined for an array, which is passed over.
   *
   * @throws {Error} If there is none.
   */
  value(type: number, depth = 0): string | number | boolean | undefined {
    if (type === STRING) return this.text(MAX_TEXT_BYTES);
    if (type === ARRAY) return this.#skipArray(depth);
    const size = SIZES[type];
    if (size === undefined) throw new Error(`its header holds a value of the unknown type ${type}`);
    const at = this.#step(size);
    switch (type) {
      case 0:
        return this.#view.getUint8(at);
      case 1:
        return this.#view.getInt8(at);
      case 2:
        return this.#view.getUint16(at, true);
      case 3:
        return this.#view.getInt16(at, true);
      case 4:
        return this.#view.getUint32(at, true);
      case 5:
        return this.#view.getInt32(at, true);
      case 6:
        return finite(this.#view.getFloat32(at, true));
      case 7:
        return this.#view.getUint8(at) !== 0;
      case 10:
        return Number(this.#view.getBigUint64(at, true));
      case 11:
        return Number(this.#view.getBigInt64(at, true));
      default:
        return finite(this.#view.getFloat64(at, true));
    }
  }

  /** Passes over what is said of a tensor, and returns how many weights it has. */
  tensor(): number {
    this.#skipText();
    const dimensions = this.u32();
    if (dimensions > 8) throw new Error("a tensor of it has more than 8 dimensions");
    let weights = 1;
    for (let i = 0; i < dimensions; i++) weights *= this.u64();
    // Its type and where it lies.
    this.#step(12);
    return weights;
  }

  #skipArray(depth: number): undefined {
    if (depth > MAX_DEPTH) throw new Error("its header nests arrays too deeply");
    const type = this.u32();
    const count = this.u64();
    const size = SIZES[type];
    if (size !== undefined) {
      this.#step(size * count);
      return undefined;
    }
    for (let i = 0; i < count; i++) {
      if (type === STRING) this.#skipText();
      else this.value(type, depth + 1);
    }
    return undefined;
  }

  #skipText(): void {
    this.#step(this.u64());
  }

  #take(length: number): Uint8Array {
    const at = this.#step(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** Goes on by so many bytes, and returns where they begin. */
  #step(length: number): number {
    const at = this.#at;
    if (at + length > this.#bytes.length) throw new TooShort();
    this.#at += length;
    return at;
  }
}

/** JSON has no others. */
function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}
