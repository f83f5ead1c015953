import type { JobEntry } from "../job_entry.ts";

/** Something that somebody did in a job, as far as what was said tells. Times in milliseconds since 1970. */
export interface Step {
  actor: string;
  action: string;
  /** The first sentence of it. */
  text: string;
  startMs: number;
  endMs: number;
  /** When the last of it was said; up to `endMs` there was silence. */
  saidMs: number;
  /** How much was said of it: sentences, lines of output, tokens. */
  parts: number;
  /** The first event of it; undefined for the wait, of which nobody says anything. */
  seq: number | undefined;
  /**
   * How its end is known: `said`, by its last line; `next`, there was silence after its last line for
   * longer than it had lasted, so that it is taken to go on until anybody said the next one; `moment`, its
   * one line says that something is ready; `now`, it goes on.
   */
  until: "said" | "next" | "moment" | "now";
}

/** All steps of a job, in the order in which they began, and the time that they are in. */
export interface Course {
  startMs: number;
  endMs: number;
  steps: Step[];
  /** By how much the clocks of the machines differ at least; 0 where nothing shows it. */
  skewMs: number;
}

/** What is known of a job beside its entries. */
export interface CourseOptions {
  /** When it was submitted, in milliseconds since 1970. */
  createdMs: number | undefined;
  /** The time now, while it runs: its newest step goes on until then. Undefined: it has ended. */
  nowMs: number | undefined;
}

/** What is said once, at the end: there is nothing after it that it could last until. */
const CONCLUSION = /(^|_)(ready|done)$/;

/**
 * Makes steps of what was said. A step is what one actor says of one action, also where others speak in
 * between, as a hive waits for its worker. After a warning or an error of the queen all steps are others,
 * and after one of a hive those of workers: what comes then is another attempt.
 *
 * A job grows at its end, so each {@linkcode StepReader.read} looks at its newest entries alone.
 */
export class StepReader {
  readonly #steps: Step[] = [];
  readonly #open = new Map<string, Step>();
  /** How many entries were read, and the last of them, which may have grown since. */
  #known = 0;
  #lastEntry: JobEntry | undefined;
  #last: Step | undefined;
  /** How the step of the last entry, and the newest time, were before that entry. */
  readonly #before = { parts: 0, saidMs: -Infinity, newestMs: -Infinity };
  /** Whoever spoke last is at work until anybody says the next thing. */
  #quiet: Step | undefined;
  /** Who has just told of a failure: with the next entry, another attempt begins. */
  #failed: string | undefined;
  #newestMs = -Infinity;
  #oldestMs = Infinity;
  #skewMs = 0;
  /** The earliest line of a machine that came after one of another. */
  #turnMs = Infinity;
  #machine: string | undefined;
  #speaker = "worker";

  /** Takes up what came since it was called last. The steps of entries that went since are still told. */
  read(entries: readonly JobEntry[]): void {
    const last = this.#lastEntry;
    if (last !== undefined) {
      if (entries[this.#known - 1] !== last) this.#known = entries.lastIndexOf(last) + 1;
      this.#grow(last);
    }
    for (let index = this.#known; index < entries.length; index++) this.#begin(entries[index]!);
    this.#known = entries.length;
    this.#lastEntry = entries.at(-1);
  }

  /** The steps of what was read, as they stand. */
  course({ createdMs, nowMs }: CourseOptions): Course {
    const steps = [...this.#steps];
    const begunMs = Math.min(this.#oldestMs, createdMs ?? Infinity);
    const newestMs = Math.max(this.#newestMs, createdMs ?? -Infinity, nowMs ?? -Infinity);
    const last = this.#last;
    if (nowMs !== undefined && last !== undefined && last.until !== "moment") {
      steps[steps.lastIndexOf(last)] = {
        ...last,
        endMs: Math.max(last.endMs, nowMs),
        until: "now",
      };
    }
    const [first] = steps;
    const spokenMs = first?.startMs ?? newestMs;
    if (createdMs !== undefined && spokenMs > createdMs) {
      const goesOn = first === undefined && nowMs !== undefined;
      steps.unshift(waitStep(createdMs, spokenMs, goesOn ? "now" : "next"));
    }
    const isEmpty = !Number.isFinite(begunMs);
    return {
      startMs: isEmpty ? 0 : begunMs,
      endMs: isEmpty ? 0 : Math.max(begunMs, newestMs),
      steps,
      skewMs: Math.max(this.#skewMs, (createdMs ?? -Infinity) - this.#turnMs),
    };
  }

  #begin(entry: JobEntry): void {
    this.#before.newestMs = this.#newestMs;
    if (entry.kind === "gap") return;
    const startMs = Date.parse(entry.at);
    if (this.#quiet !== undefined) addSilence(this.#quiet, startMs);
    this.#quiet = undefined;
    if (this.#failed !== undefined) forgetAttempt(this.#open, this.#failed);
    this.#failed = undefined;
    this.#oldestMs = Math.min(this.#oldestMs, startMs);
    const told = toldBy(entry, this.#speaker);
    if (told === undefined) {
      this.#newestMs = Math.max(this.#newestMs, startMs, Date.parse(entry.lastAt));
      return;
    }
    const where = told.actor.split(":")[1] ?? "";
    if (this.#machine !== undefined && this.#machine !== where) {
      this.#skewMs = Math.max(this.#skewMs, this.#newestMs - startMs);
      this.#turnMs = Math.min(this.#turnMs, startMs);
    }
    this.#machine = where;
    if (told.actor.startsWith("worker")) this.#speaker = told.actor;
    const name = `${told.actor} ${told.action}`;
    let step = this.#open.get(name);
    if (step === undefined) {
      const { seq } = entry;
      step = { ...told, startMs, endMs: startMs, saidMs: startMs, parts: 0, seq, until: "said" };
      this.#open.set(name, step);
      this.#steps.push(step);
    }
    this.#last = step;
    this.#before.parts = step.parts;
    this.#before.saidMs = step.saidMs;
    this.#grow(entry);
    if (!CONCLUSION.test(told.action) && entry.kind !== "answer") this.#quiet = step;
    if (entry.kind === "said" && (entry.level === "warn" || entry.level === "error")) {
      this.#failed = entry.actor;
    }
  }

  /** Has the step of the last entry be as that entry is now. */
  #grow(entry: JobEntry): void {
    const told = toldBy(entry, this.#speaker);
    const step = this.#last;
    if (told === undefined || step === undefined) return;
    const { parts, saidMs, newestMs } = this.#before;
    const endMs = Math.max(Date.parse(entry.at), Date.parse(entry.lastAt));
    step.parts = parts + told.parts;
    if (parts === 0) step.text = told.text;
    step.saidMs = step.endMs = Math.max(saidMs, endMs);
    const isMoment = CONCLUSION.test(told.action) && step.endMs === step.startMs;
    step.until = isMoment ? "moment" : "said";
    this.#newestMs = Math.max(newestMs, endMs);
  }
}

function forgetAttempt(open: Map<string, Step>, speaker: string): void {
  if (speaker === "queen") open.clear();
  if (!speaker.startsWith("hive")) return;
  for (const [name, { actor }] of open) if (actor.startsWith("worker")) open.delete(name);
}

function addSilence(step: Step, nextMs: number): void {
  const silenceMs = nextMs - step.saidMs;
  if (silenceMs <= step.saidMs - step.startMs) return;
  step.endMs = nextMs;
  step.until = "next";
}

function waitStep(startMs: number, endMs: number, until: Step["until"]): Step {
  const text = "From the submit to the first line";
  const seq = undefined;
  return {
    actor: "queen",
    action: "wait",
    text,
    startMs,
    endMs,
    saidMs: startMs,
    parts: 0,
    seq,
    until,
  };
}

/** @param speaker Who answers, as far as it is known: tokens do not say it. */
function toldBy(
  entry: JobEntry,
  speaker: string,
): Pick<Step, "actor" | "action" | "text" | "parts"> | undefined {
  switch (entry.kind) {
    case "said":
      return { actor: entry.actor, action: entry.action, text: entry.text, parts: 1 };
    case "output":
      return {
        actor: entry.actor,
        action: "output",
        text: entry.lines[0]?.text ?? "",
        parts: entry.lines.length,
      };
    case "answer":
      return { actor: speaker, action: "answer", text: "The answer", parts: entry.tokens };
    default:
      return undefined;
  }
}
