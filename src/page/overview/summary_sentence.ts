import type { HiveInfo } from "../../contracts/hive.ts";
import type { WorkerTelemetry } from "../../contracts/telemetry.ts";
import { listText, plainName } from "../plain_words.ts";

/** What is where, now, in one sentence. */
export function summarySentence(
  { hives, workers }: { hives: readonly HiveInfo[]; workers: readonly WorkerTelemetry[] },
): string {
  const parts = [hivesPart(hives), ...workersParts(workers), ...requestsPart(workers)];
  if (parts.length === 1 && hives.some(({ state }) => state === "connected")) {
    parts.push("no worker is running");
  }
  return `${parts.join("; ")}.`;
}

function hivesPart(hives: readonly HiveInfo[]): string {
  const [only] = hives;
  if (only === undefined) return "No hive is known";
  if (hives.length === 1) {
    if (only.state === "connected") return `Hive ${only.name} is connected`;
    return `Hive ${only.name} is ${
      only.state === "connecting" ? "being connected" : "unreachable"
    }`;
  }
  const connected = hives.filter(({ state }) => state === "connected").length;
  if (connected === hives.length) return `${connected} hives are connected`;
  if (connected === 0) return `None of ${hives.length} hives is connected`;
  return `${connected} of ${hives.length} hives ${connected === 1 ? "is" : "are"} connected`;
}

function workersParts(workers: readonly WorkerTelemetry[]): string[] {
  const loading = workers.filter((worker) => isLoading(worker));
  const percent = loading.length === 1 ? loading[0]?.load_percent : undefined;
  const howFar = percent === undefined ? "" : ` (${Math.floor(percent)} %)`;
  const parts = [
    modelsPart(workers.filter(({ state }) => state === "ready"), "ready"),
    modelsPart(loading, `loading${howFar}`),
    modelsPart(workers.filter(({ queued }) => queued === true), "waiting for a place"),
    modelsPart(workers.filter(({ state }) => state === "stopping"), "stopping"),
    modelsPart(workers.filter(({ state }) => state === "failed"), "failed", { isEvent: true }),
  ];
  return parts.filter((part) => part !== "");
}

function isLoading({ state, queued }: WorkerTelemetry): boolean {
  return queued !== true && (state === "starting" || state === "loading");
}

/** Each model once, with the hives that it is on. */
function modelsPart(
  workers: readonly WorkerTelemetry[],
  what: string,
  { isEvent = false } = {},
): string {
  const places = new Map<string, Set<string>>();
  for (const { model: given, hive } of workers) {
    const model = plainName(given);
    places.set(model, (places.get(model) ?? new Set()).add(hive));
  }
  const [only] = places;
  if (only === undefined) return "";
  if (places.size === 1) {
    const [model, hives] = only;
    return `${model}${isEvent ? "" : " is"} ${what} on ${listText([...hives])}`;
  }
  const models = [...places].map(([model, hives]) => `${model} (${[...hives].join(", ")})`);
  return `${listText(models)}${isEvent ? "" : " are"} ${what}`;
}

function requestsPart(workers: readonly WorkerTelemetry[]): string[] {
  const running = workers.reduce((sum, { requests }) => sum + requests, 0);
  const waiting = workers.reduce((sum, { waiting }) => sum + waiting, 0);
  if (running === 0 && waiting === 0) return [];
  const said = running === 1 ? "1 request is running" : `${running} requests are running`;
  if (waiting === 0) return [said];
  return [`${said} and ${waiting} ${waiting === 1 ? "waits" : "wait"}`];
}
