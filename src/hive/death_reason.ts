import { cutText, singleLine } from "../base/single_line.ts";
import { type ErrorDetails, toRbeeError } from "../base/rbee_error.ts";
import type { ChildExit } from "../process/child.ts";
import { describeExit } from "../process/supervisor.ts";

/** What is known when a worker's process has ended and was not told to. */
export interface Death {
  model: string;
  workerId: string;
  exit: ChildExit;
  /** The last lines of its output, oldest first. */
  lastLines: readonly string[];
  /** What it narrated itself as an error, the last time. */
  said?: { code: string; message: string } | undefined;
  /** Whether the kernel killed something for want of memory while it ran. */
  oomKilled: boolean;
  /** Whether it had become ready: its output may then hold what people sent, which is not repeated. */
  wasReady: boolean;
}

/** Why a worker died, for people, programs, and whoever reads the job's end. */
export interface DeathReason {
  code: string;
  message: string;
  details: ErrorDetails;
}

/** How many lines of a dead worker's output are kept in its reason. */
export const LAST_LINES = 50;
const MAX_LINE_CHARACTERS = 300;
// After hours of work only its very last words tell of its end.
const TELLING_LINES_WHEN_READY = 10;

interface Cause {
  code: string;
  /** Matches a line of its output. */
  pattern: RegExp;
  /** What happened and what to do, after the name of the model. */
  advice: string;
}

/**
 * The usual causes, the most certain first: a later line of output is often a mere consequence, and an
 * earlier one about a device that is not there a mere remark.
 */
const CAUSES: readonly Cause[] = [
  {
    code: "missing_library",
    pattern:
      /error while loading shared libraries|cannot open shared object file|Library not loaded|image not found/i,
    advice: "a shared library that it needs is missing; install the one that the line names",
  },
  {
    code: "not_permitted",
    pattern: /permission denied|EACCES|operation not permitted/i,
    advice: "it is not permitted to use what the line names; check who owns it and its mode",
  },
  {
    code: "model_not_found",
    pattern:
      /(failed to open|cannot open|could not open|no such file).{0,200}\.gguf|\.gguf.{0,80}(no such file|not found)/i,
    advice: "it cannot find the model's file; check the path",
  },
  {
    code: "not_gguf",
    pattern: /invalid magic|not a (valid )?GGUF|bad magic|gguf_init_from_file.{0,80}fail/i,
    advice: "its file is not GGUF, or damaged; download the model again, or convert it",
  },
  {
    code: "unsupported_architecture",
    pattern:
      /unknown (model )?architecture|unsupported (model )?architecture|architectures? .{0,200}not supported/i,
    advice:
      "this engine does not know the model's architecture; update the engine, or take another model",
  },
  {
    code: "port_in_use",
    pattern:
      /address (is )?already in use|EADDRINUSE|couldn't bind .{0,60}port|port .{0,20}(is )?(already )?(in use|taken)/i,
    advice: "another program took its port; try again",
  },
  {
    code: "out_of_memory",
    pattern:
      /out of memory|outofdevicememory|OutOfHostMemory|cudaMalloc failed|failed to allocate|unable to allocate|alloc(ation)? .{0,60}failed|std::bad_alloc|cannot allocate memory|not enough memory|no available memory|free memory .{0,120}less than|ENOMEM|JavaScript heap/i,
    advice:
      "memory ran out; stop another worker (rbee worker list), or take a smaller model or --context",
  },
  {
    code: "no_such_device",
    pattern:
      /no CUDA-capable device|No CUDA GPUs are available|CUDA driver version is insufficient|invalid device ordinal|no Vulkan devices? found|invalid (value for )?(--?)?(main[-_])?(gpu|device)\b|unknown device|device .{0,40}(not found|does not exist)|no usable GPU found/i,
    advice: "there is no such device; rbee hive status shows those that this machine has",
  },
];

/** A line after which a program goes on: memory that could not be locked, say. */
const REMARK = /\bwarn(ing)?\b|\bmlock\b/i;

/** A line that is more likely to tell than the last one, which may be a part of a stack trace. */
const TELLING = /\b(error|fatal|panic|exception|failed)\b/i;

/**
 * Tells why a worker died: what it said itself, or the usual cause that its last lines show, or how it
 * ended. The sentence names the exit and, where there is one, the line that tells.
 */
export function explainDeath(death: Death): DeathReason {
  const { exit, workerId, model, said } = death;
  const lastLines = death.lastLines.slice(-LAST_LINES).map((line) =>
    cutText(line, MAX_LINE_CHARACTERS)
  );
  const details = {
    worker_id: workerId,
    exit_code: exit.signal === null ? exit.code : null,
    signal: exit.signal,
    last_lines: lastLines,
  };
  if (said !== undefined) return { ...said, details };
  const { code, why } = causeOf(death, lastLines);
  return {
    code,
    message: `The worker for "${model}" ended unexpectedly (${
      describeExit(exit)
    })${why}; see rbee worker logs ${workerId}`,
    details,
  };
}

/** The reason of a worker that never came to be. */
export function reasonOf(error: unknown, workerId: string): DeathReason {
  const { code, message, details } = toRbeeError(error);
  return { code, message, details: { ...details, worker_id: workerId } };
}

function causeOf(death: Death, lastLines: readonly string[]): { code: string; why: string } {
  if (death.exit.signal === "SIGKILL" && death.oomKilled) {
    return {
      code: "out_of_memory",
      why:
        ": the kernel killed it because the machine's memory ran out; stop another worker (rbee worker list), or take a smaller model or --context",
    };
  }
  const telling = death.wasReady ? lastLines.slice(-TELLING_LINES_WHEN_READY) : lastLines;
  const quote = (line: string) => death.wasReady ? "" : ` ("${shown(line)}")`;
  for (const { code, pattern, advice } of CAUSES) {
    const line = telling.findLast((each) => pattern.test(each) && !REMARK.test(each));
    if (line !== undefined) return { code, why: `: ${advice}${quote(line)}` };
  }
  if (death.exit.signal === "SIGILL") {
    return {
      code: "illegal_instruction",
      why:
        ": the processor lacks an instruction that it was built with; take a build for this processor",
    };
  }
  const last = lastLines.findLast((line) => TELLING.test(line)) ??
    lastLines.findLast((line) => line.trim() !== "");
  const tells = last !== undefined && death.exit.signal === null && !death.wasReady;
  return { code: "worker_died", why: tells ? `, and last said "${shown(last)}"` : "" };
}

function shown(line: string): string {
  return cutText(singleLine(line.trim()), 200);
}
