import assert from "node:assert/strict";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { type Death, explainDeath, LAST_LINES, reasonOf } from "../../src/hive/death_reason.ts";

const WORKER = "worker-019c1234-5678-7abc-8def-0123456789ab";
const LOGS = `see rbee worker logs ${WORKER}`;

/** Why a worker died that ended with code 1 while it loaded, but for what is given. */
function explain(death: Partial<Death>) {
  return explainDeath({
    model: "bee",
    workerId: WORKER,
    exit: { code: 1, signal: null },
    lastLines: [],
    oomKilled: false,
    wasReady: false,
    ...death,
  });
}

/** The advice of each cause. */
const ADVICE: Record<string, string> = {
  missing_library: "a shared library that it needs is missing; install the one that the line names",
  no_such_device: "there is no such device; rbee hive status shows those that this machine has",
  out_of_memory:
    "memory ran out; stop another worker (rbee worker list), or take a smaller model or --context",
  not_gguf: "its file is not GGUF, or damaged; download the model again, or convert it",
  unsupported_architecture:
    "this engine does not know the model's architecture; update the engine, or take another model",
  port_in_use: "another program took its port; try again",
  model_not_found: "it cannot find the model's file; check the path",
  not_permitted: "it is not permitted to use what the line names; check who owns it and its mode",
};

/** What programs print when they end, with what follows the line that tells. */
const OUTPUTS: [code: string, telling: string, after?: string[]][] = [
  // ld.so, see ld.so(8).
  [
    "missing_library",
    "llama-server: error while loading shared libraries: libcuda.so.1: cannot open shared object file: No such file or directory",
  ],
  [
    "missing_library",
    "ImportError: libcudart.so.12: cannot open shared object file: No such file or directory",
  ],
  ["missing_library", "dyld[4711]: Library not loaded: @rpath/libggml.dylib"],
  // llama.cpp and llama-server.
  [
    "no_such_device",
    'error while handling argument "--device": invalid device: CUDA7',
    ["", "usage:", "-dev,  --device <dev1,dev2,..>       comma-separated list of devices"],
  ],
  [
    "no_such_device",
    "llama_model_load_from_file_impl: invalid value for main_gpu: 3 (available devices: 1)",
    ["common_init_from_params: failed to load model '/models/bee.gguf'"],
  ],
  ["no_such_device", "CUDA error: invalid device ordinal"],
  [
    "out_of_memory",
    "ggml_backend_cuda_buffer_type_alloc_buffer: allocating 14315.02 MiB on device 0: cudaMalloc failed: out of memory",
    [
      "alloc_tensor_range: failed to allocate CUDA0 buffer of size 15010400256",
      "llama_model_load: error loading model: unable to allocate CUDA0 buffer",
      "llama_model_load_from_file_impl: failed to load model",
      "common_init_from_params: failed to load model '/models/bee.gguf'",
      "srv    load_model: failed to load model, '/models/bee.gguf'",
      "srv    operator(): operator(): cleaning up before exit...",
      "main: exiting due to model loading error",
    ],
  ],
  [
    "out_of_memory",
    "ggml_vulkan: Device memory allocation of size 1073741824 failed.",
    ["ggml_vulkan: vk::Device::allocateMemory: ErrorOutOfDeviceMemory"],
  ],
  ["out_of_memory", "llama_kv_cache_init: failed to allocate buffer for kv cache"],
  [
    "out_of_memory",
    "terminate called after throwing an instance of 'std::bad_alloc'",
    ["  what():  std::bad_alloc"],
  ],
  [
    "not_gguf",
    "gguf_init_from_file_impl: invalid magic characters: '<!DO', expected 'GGUF'",
    [
      "llama_model_load: error loading model: llama_model_loader: failed to load model from /models/bee.gguf",
      "main: exiting due to model loading error",
    ],
  ],
  [
    "not_gguf",
    "gguf_init_from_file_impl: failed to read key-value pairs",
    ["llama_model_load: error loading model: llama_model_loader: failed to load model from /m.gguf"],
  ],
  [
    "unsupported_architecture",
    "llama_model_load: error loading model: error loading model architecture: unknown model architecture: 'bee3'",
    ["llama_model_load_from_file_impl: failed to load model"],
  ],
  [
    "port_in_use",
    "start: couldn't bind HTTP server socket, hostname: 127.0.0.1, port: 8080",
    ["main: exiting due to HTTP server error"],
  ],
  [
    "model_not_found",
    "gguf_init_from_file: failed to open GGUF file '/models/bee.gguf' (No such file or directory)",
    [
      "llama_model_load: error loading model: llama_model_loader: failed to load model from /models/bee.gguf",
    ],
  ],
  [
    "not_permitted",
    "gguf_init_from_file: failed to open GGUF file '/models/bee.gguf' (Permission denied)",
  ],
  // vLLM and PyTorch.
  [
    "out_of_memory",
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 224.00 MiB. GPU 0 has a total capacity of 23.64 GiB",
  ],
  [
    "out_of_memory",
    "ValueError: Free memory on device (3.2/23.64 GiB) on startup is less than desired GPU memory utilization (0.9, 21.28 GiB).",
    ["RuntimeError: Engine core initialization failed. See root cause above."],
  ],
  [
    "out_of_memory",
    "ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization` when initializing the engine.",
  ],
  ["no_such_device", "RuntimeError: No CUDA GPUs are available"],
  [
    "no_such_device",
    "RuntimeError: The NVIDIA driver on your system is too old; CUDA driver version is insufficient for CUDA runtime version",
  ],
  [
    "unsupported_architecture",
    "ValueError: Model architectures ['BeeForCausalLM'] are not supported for now. Supported architectures: dict_keys(['AquilaModel'])",
  ],
  [
    "port_in_use",
    "ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 8000): address already in use",
  ],
  ["port_in_use", "OSError: [Errno 98] Address already in use"],
  ["not_permitted", "PermissionError: [Errno 13] Permission denied: '/models/bee/config.json'"],
  // Node, Deno and the shell.
  ["port_in_use", "Error: listen EADDRINUSE: address already in use 127.0.0.1:8080"],
  [
    "out_of_memory",
    "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
    ["----- Native stack trace -----", " 1: 0xaaaa [node]"],
  ],
  ["not_permitted", "/bin/sh: 1: /opt/engine: Permission denied"],
];

for (const [code, telling, after = []] of OUTPUTS) {
  Deno.test(`explainDeath() takes "${telling.slice(0, 90)}" for ${code}`, () => {
    const lastLines = ["build: 5000 (abcdef) with cc for x86_64-linux-gnu", telling, ...after];
    const { code: found, message, details } = explain({ lastLines });
    assert.equal(found, code, message);
    const begin = `The worker for "bee" ended unexpectedly (exit code 1): ${ADVICE[code]} ("`;
    assert.ok(message.startsWith(begin), message);
    assert.ok(message.endsWith(`"); ${LOGS}`), message);
    const quoted = message.slice(begin.length, -`"); ${LOGS}`.length);
    assert.ok(lastLines.some((line) => line.trim().startsWith(quoted.replace(/…$/, ""))), quoted);
    assert.deepEqual(details, {
      worker_id: WORKER,
      exit_code: 1,
      signal: null,
      last_lines: lastLines,
    });
  });
}

Deno.test("explainDeath() takes a warning about a GPU that is not there for no cause, where there is one", () => {
  // A build for CUDA says this on every machine without a GPU, and goes on with the processor.
  const { code } = explain({
    lastLines: [
      "ggml_cuda_init: failed to initialize CUDA: no CUDA-capable device is detected",
      "warning: no usable GPU found, --gpu-layers option will be ignored",
      "gguf_init_from_file_impl: invalid magic characters: '<!DO', expected 'GGUF'",
      "main: exiting due to model loading error",
    ],
  });
  assert.equal(code, "not_gguf");
});

Deno.test("explainDeath() says how the process ended where its output does not tell why", () => {
  const end = (death: Partial<Death>) => {
    const { code, message } = explain(death);
    assert.equal(code, "worker_died");
    return message;
  };
  const begin = 'The worker for "bee" ended unexpectedly';
  assert.equal(end({}), `${begin} (exit code 1); ${LOGS}`);
  assert.equal(end({ exit: { code: 0, signal: null } }), `${begin} (exit code 0); ${LOGS}`);
  assert.equal(
    end({ exit: { code: 139, signal: "SIGSEGV" } }),
    `${begin} (signal SIGSEGV); ${LOGS}`,
  );
  assert.equal(
    end({ lastLines: ["", "loading", "  "] }),
    `${begin} (exit code 1), and last said "loading"; ${LOGS}`,
  );
  // A program that was killed has not said why.
  assert.equal(
    end({ exit: { code: 137, signal: "SIGKILL" }, lastLines: ["loading"] }),
    `${begin} (signal SIGKILL); ${LOGS}`,
  );
});

Deno.test("explainDeath() prefers the last line that speaks of an error to the end of a stack", () => {
  const { message } = explain({
    lastLines: [
      "Error: one",
      "Traceback (most recent call last):",
      "KeyError: two is an error",
      "  at run (engine.js:7:1)",
      "  at main (engine.js:9:1)",
    ],
  });
  assert.match(message, /, and last said "KeyError: two is an error"; /);
});

Deno.test("explainDeath() quotes one printable line of at most 200 characters", () => {
  const { message } = explain({ lastLines: [`error: ${"é".repeat(500)}\t\u2028x`] });
  const [quoted = ""] = /"error: .*(?=";)/.exec(message) ?? [];
  assert.ok(quoted.length > 100 && quoted.length <= 202, `${quoted.length}`);
  assert.doesNotMatch(message, /[\n\r\u2028]/);
});

Deno.test("explainDeath() says that the kernel killed it for want of memory, where it did", () => {
  const killed = { exit: { code: 137, signal: "SIGKILL" }, oomKilled: true };
  const sentence =
    `The worker for "bee" ended unexpectedly (signal SIGKILL): the kernel killed it because the machine's memory ran out; stop another worker (rbee worker list), or take a smaller model or --context; ${LOGS}`;
  for (const wasReady of [false, true]) {
    const { code, message, details } = explain({ ...killed, wasReady });
    assert.deepEqual([code, message], ["out_of_memory", sentence]);
    assert.deepEqual([details["exit_code"], details["signal"]], [null, "SIGKILL"]);
  }
});

Deno.test("explainDeath() blames the kernel for no other end, though it killed something", () => {
  assert.equal(explain({ oomKilled: true }).code, "worker_died");
  assert.equal(
    explain({ oomKilled: true, exit: { code: 139, signal: "SIGSEGV" } }).code,
    "worker_died",
  );
  assert.equal(explain({ exit: { code: 137, signal: "SIGKILL" } }).code, "worker_died");
});

Deno.test("explainDeath() says what an illegal instruction means", () => {
  const { code, message } = explain({ exit: { code: 132, signal: "SIGILL" } });
  assert.equal(code, "illegal_instruction");
  assert.match(
    message,
    /\(signal SIGILL\): the processor lacks an instruction .*take a build for this/,
  );
});

Deno.test("explainDeath() repeats what our own worker said of it", () => {
  const said = { code: "insufficient_memory", message: "It needs 9 GB and 1 GB is free" };
  const { code, message, details } = explain({ said, lastLines: ["out of memory"] });
  assert.deepEqual({ code, message }, said);
  assert.equal(details["exit_code"], 1);
  assert.deepEqual(details["last_lines"], ["out of memory"]);
});

Deno.test("explainDeath() quotes nothing of one that was ready, which may be what people sent", () => {
  const lastLines = ["request: my secret error", "CUDA error: out of memory in my secret"];
  const known = explain({ lastLines, wasReady: true });
  assert.equal(known.code, "out_of_memory");
  assert.equal(
    known.message,
    `The worker for "bee" ended unexpectedly (exit code 1): ${ADVICE["out_of_memory"]}; ${LOGS}`,
  );
  const unknown = explain({ lastLines: ["request: my secret error"], wasReady: true });
  assert.equal(unknown.message, `The worker for "bee" ended unexpectedly (exit code 1); ${LOGS}`);
});

Deno.test("explainDeath() takes the cause from the last ten lines alone once it was ready", () => {
  const cause = "CUDA error: out of memory";
  const after = (count: number) => [cause, ...Array.from({ length: count }, (_, i) => `line ${i}`)];
  assert.equal(explain({ lastLines: after(9), wasReady: true }).code, "out_of_memory");
  assert.equal(explain({ lastLines: after(10), wasReady: true }).code, "worker_died");
  assert.equal(explain({ lastLines: after(40) }).code, "out_of_memory");
});

Deno.test("explainDeath() keeps the last 50 lines, oldest first, each cut at 300 characters", () => {
  const lastLines = Array.from({ length: 120 }, (_, i) => `${i} ${"x".repeat(1000)}`);
  const kept = explain({ lastLines }).details["last_lines"];
  assert.ok(Array.isArray(kept));
  assert.equal(kept.length, LAST_LINES);
  assert.deepEqual(
    kept.map((line) => line.split(" ")[0]),
    lastLines.slice(-50).map((line) => line.split(" ")[0]),
  );
  assert.ok(kept.every((line) => line.length <= 301), `${kept[0]?.length}`);
});

Deno.test("explainDeath() finds a cause in a line that is as long as they get, at once", () => {
  for (const line of ["device ".repeat(10_000), "alloc ".repeat(10_000), "port ".repeat(10_000)]) {
    assert.equal(explain({ lastLines: Array(50).fill(line) }).code, "worker_died");
  }
});

Deno.test("reasonOf() keeps code, sentence and facts of an error, and names the worker", () => {
  const error = new RbeeError("model_not_found", "Cannot find it", { details: { path: "/m" } });
  assert.deepEqual(reasonOf(error, WORKER), {
    code: "model_not_found",
    message: "Cannot find it",
    details: { path: "/m", worker_id: WORKER },
  });
  assert.deepEqual(reasonOf(new TypeError("x is not a function"), WORKER), {
    code: "internal",
    message: "Internal error: x is not a function",
    details: { worker_id: WORKER },
  });
});
