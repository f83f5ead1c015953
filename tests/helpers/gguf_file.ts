/** A model that is nothing but zeros: as large as it says, and no larger on disk than its header. */
export interface EmptyModel {
  /** Default `llama`. */
  architecture?: string;
  /** Default 4. */
  layers?: number;
  /** The length of an embedding, a multiple of 128. Default 256. */
  width?: number;
  /** The length that the model was trained for. Default 4,096. */
  context?: number;
  /** How many tokens back each other layer looks; without it, all look at everything. */
  slidingWindow?: number;
}

const HEAD = 64;
const VOCABULARY = 64;
const ALIGNMENT = 32;
const F32 = 0;
const F16 = 1;
const TYPE = { u32: 4, f32: 6, string: 8 } as const;

interface Tensor {
  name: string;
  shape: number[];
}

/**
 * Writes a GGUF file (version 3, little endian) of an empty model, as a file with holes. Gives the
 * bytes that its tensors take.
 */
export async function writeEmptyModel(path: string, model: EmptyModel = {}): Promise<number> {
  const { architecture = "llama", layers = 4, width = 256, context = 4096, slidingWindow } = model;
  const heads = width / HEAD;
  const values: Uint8Array[] = [
    value("general.architecture", architecture),
    value(`${architecture}.context_length`, context),
    value(`${architecture}.embedding_length`, width),
    value(`${architecture}.block_count`, layers),
    value(`${architecture}.feed_forward_length`, 4 * width),
    value(`${architecture}.attention.head_count`, heads),
    value(`${architecture}.attention.head_count_kv`, heads),
    value(`${architecture}.attention.key_length`, HEAD),
    value(`${architecture}.attention.value_length`, HEAD),
    value(`${architecture}.attention.layer_norm_rms_epsilon`, 1e-5, TYPE.f32),
    value(`${architecture}.vocab_size`, VOCABULARY),
    value("tokenizer.ggml.model", "no_vocab"),
    ...(slidingWindow === undefined
      ? []
      : [value(`${architecture}.attention.sliding_window`, slidingWindow)]),
  ];
  const tensors = tensorsOf(architecture, layers, width);
  let offset = 0;
  const infos = tensors.map(({ name, shape }) => {
    const info = concat([
      text(name),
      u32(shape.length),
      ...shape.map(u64),
      u32(shape.length === 1 ? F32 : F16),
      u64(offset),
    ]);
    const bytes = shape.reduce((a, b) => a * b) * (shape.length === 1 ? 4 : 2);
    offset += Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    return info;
  });
  const head = concat([
    new TextEncoder().encode("GGUF"),
    u32(3),
    u64(tensors.length),
    u64(values.length),
    ...values,
    ...infos,
  ]);
  await Deno.writeFile(path, head);
  await Deno.truncate(path, Math.ceil(head.length / ALIGNMENT) * ALIGNMENT + offset);
  return offset;
}

function tensorsOf(architecture: string, layers: number, width: number): Tensor[] {
  const tensors: Tensor[] = [
    { name: "token_embd.weight", shape: [width, VOCABULARY] },
    { name: "output_norm.weight", shape: [width] },
  ];
  for (let layer = 0; layer < layers; layer++) {
    const add = (name: string, ...shape: number[]) =>
      tensors.push({ name: `blk.${layer}.${name}.weight`, shape });
    add("attn_norm", width);
    for (const name of ["attn_q", "attn_k", "attn_v", "attn_output"]) add(name, width, width);
    add("ffn_norm", width);
    add("ffn_gate", width, 4 * width);
    add("ffn_up", width, 4 * width);
    add("ffn_down", 4 * width, width);
    if (architecture !== "gemma3") continue;
    add("attn_q_norm", HEAD);
    add("attn_k_norm", HEAD);
    add("post_attention_norm", width);
    add("post_ffw_norm", width);
  }
  return tensors;
}

function value(name: string, content: string | number, type?: number): Uint8Array {
  if (typeof content === "string") return concat([text(name), u32(TYPE.string), text(content)]);
  if (type !== TYPE.f32) return concat([text(name), u32(TYPE.u32), u32(content)]);
  return concat([text(name), u32(TYPE.f32), new Uint8Array(Float32Array.of(content).buffer)]);
}

function text(content: string): Uint8Array {
  const bytes = new TextEncoder().encode(content);
  return concat([u64(bytes.length), bytes]);
}

function u32(number: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(number).buffer);
}

function u64(number: number): Uint8Array {
  return new Uint8Array(BigUint64Array.of(BigInt(number)).buffer);
}

function concat(parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}
