import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const ROOT = new URL("../../", import.meta.url);

/** The levels of ARCHITECTURE.md. An import points down, or stays in its own directory. */
const LEVEL: Record<string, number> = {
  contracts: 0,
  base: 0,
  narration: 1,
  sse: 1,
  tracing: 1,
  metrics: 1,
  page: 1,
  process: 2,
  http: 2,
  config: 2,
  journal: 2,
  models: 2,
  jobs: 3,
  ssh: 3,
  queen: 4,
  hive: 4,
  worker: 4,
  keeper: 4,
};

interface Edge {
  /** Relative to the project, `src/jobs/job.ts`. */
  from: string;
  /** The same for our own files, the bare name for packages. */
  to: string;
}

/** The import graph of every source file, as Deno itself resolves it. */
async function importGraph(): Promise<Edge[]> {
  const sources = await sourceFiles();
  // One entry that reaches all, so that Deno walks the graph once.
  const entry = await Deno.makeTempFile({ dir: fileURLToPath(ROOT), suffix: ".ts" });
  try {
    await Deno.writeTextFile(
      entry,
      sources.map((path) => `import ${JSON.stringify(`./${path}`)};\n`).join(""),
    );
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", "--config", fileURLToPath(new URL("deno.json", ROOT)), entry],
    }).output();
    const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
      modules: {
        specifier: string;
        dependencies?: {
          specifier: string;
          code?: { specifier: string };
          type?: { specifier: string };
        }[];
      }[];
    };
    return modules.flatMap((module) => {
      const from = relative(module.specifier);
      if (!sources.includes(from)) return [];
      return (module.dependencies ?? []).map((dependency) => ({
        from,
        to: relative((dependency.code ?? dependency.type)?.specifier ?? dependency.specifier),
      }));
    });
  } finally {
    await Deno.remove(entry);
  }
}

function relative(specifier: string): string {
  if (specifier.startsWith(ROOT.href)) return specifier.slice(ROOT.href.length);
  return specifier.replace(/^npm:\/?/, "").replace(/(.)@[\d.]+.*$/, "$1");
}

async function sourceFiles(folder = "src"): Promise<string[]> {
  const found: string[] = folder === "src" ? ["main.ts"] : [];
  for await (const entry of Deno.readDir(new URL(folder, ROOT))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) found.push(...await sourceFiles(path));
    else if (/\.tsx?$/.test(entry.name)) found.push(path);
  }
  return found;
}

const directoryOf = (path: string) => path.startsWith("src/") ? path.split("/")[1]! : undefined;

const graph = await importGraph();
const read = (path: string) => Deno.readTextFileSync(new URL(path, ROOT));
const sources = await sourceFiles();

Deno.test("every directory of src has a level", () => {
  const directories = new Set(sources.flatMap((path) => directoryOf(path) ?? []));
  directories.delete("version.ts");
  for (const directory of directories) assert.ok(directory in LEVEL, directory);
  assert.ok(graph.length > 100, "the graph was read");
});

Deno.test("imports point down, or stay in their own directory", () => {
  // Otherwise a change above could break what stands below, and nothing could be read alone.
  const wrong = graph.filter(({ from, to }) => {
    const [source, target] = [directoryOf(from), directoryOf(to)];
    if (target === undefined || target === "version.ts" || source === target) return false;
    if (source === undefined) return false;
    return LEVEL[target]! >= LEVEL[source]!;
  });
  assert.deepEqual(wrong, []);
});

Deno.test("contracts import zod and nothing else", () => {
  // Both sides of every hop, and the page in the browser, must be able to load them.
  const wrong = graph.filter(({ from, to }) =>
    directoryOf(from) === "contracts" && directoryOf(to) !== "contracts" && to !== "zod"
  );
  assert.deepEqual(wrong, []);
});

Deno.test("the page imports contracts alone", () => {
  // It runs in a browser, where nothing of Deno is.
  const wrong = graph.filter(({ from, to }) =>
    directoryOf(from) === "page" && to.startsWith("src/") &&
    !["page", "contracts"].includes(directoryOf(to)!)
  );
  assert.deepEqual(wrong, []);
});

Deno.test("the page takes from contracts types, and constants of files that need no zod", () => {
  // zod alone is larger than the page.
  const needsZod = (path: string, seen = new Set<string>()): boolean =>
    !seen.has(path) &&
    graph.some(({ from, to }) => from === path && (to === "zod" || needsZod(to, seen.add(path))));
  assert.ok(needsZod("src/contracts/watch.ts"));
  const wrong = pageSources().flatMap(([path, text]) =>
    [...text.matchAll(/^import (?!type )[^;"]*from "([^"]+\/contracts\/[^"]+)"/gm)]
      .map(([, to]) => new URL(to!, new URL(path, ROOT)).href.slice(ROOT.href.length))
      .filter((to) => needsZod(to)).map((to) => ({ path, to }))
  );
  assert.deepEqual(wrong, []);
});

Deno.test("the page is made of few packages", () => {
  // Each is sent to every browser, and read with the eyes of who would attack it.
  const packages = [
    "preact",
    "@preact/signals",
    "uplot",
    "marked",
    "@tanstack/virtual-core",
    "eventsource-parser",
  ];
  const used = graph.filter(({ from, to }) =>
    directoryOf(from) === "page" && !to.startsWith("src/")
  );
  assert.ok(used.length > 5);
  assert.deepEqual(used.filter(({ to }) => !packages.includes(to)), []);
});

Deno.test("the page never makes markup or script of text", () => {
  // What a model answers is text, whatever stands in it.
  const pattern =
    /innerHTML|outerHTML|dangerouslySetInnerHTML|insertAdjacentHTML|document\.write|srcdoc|DOMParser|createContextualFragment|\beval\b|new Function\b/i;
  assert.match("document.body.innerHTML = answer", pattern);
  const wrong = pageSources().filter(([, text]) => pattern.test(text)).map(([path]) => path);
  assert.deepEqual(wrong, []);
});

Deno.test("hono stays in http, the routes of jobs, and each role's own routes", () => {
  // So that what is served can change without what is done.
  const wrong = graph.filter(({ from, to }) => {
    if (to.split("/")[0] !== "hono") return false;
    return directoryOf(from) !== "http" && from !== "src/jobs/job_routes.ts" &&
      !/^src\/(queen|hive|worker)\/(\w+\/)*\w*(routes|proxy)\.ts$/.test(from) &&
      !onlyTypes(from, "hono");
  });
  assert.deepEqual(wrong, []);
});

Deno.test("the keeper takes from jobs the client alone", () => {
  // It must work against a queen of another machine, so nothing of hers may be linked into it.
  const wrong = graph.filter(({ from, to }) =>
    directoryOf(from) === "keeper" && directoryOf(to) === "jobs" && to !== "src/jobs/job_client.ts"
  );
  assert.deepEqual(wrong, []);
});

Deno.test("prom-client stays in metrics, and OpenTelemetry in tracing", () => {
  // What a figure and a span are is known in one place each, and another library can take theirs.
  const rooms: Record<string, string> = {
    "prom-client": "metrics",
    "@opentelemetry/api": "tracing",
  };
  const users = graph.filter(({ to }) => Object.hasOwn(rooms, to));
  assert.ok(users.length > 1);
  assert.deepEqual(users.filter(({ from, to }) => directoryOf(from) !== rooms[to]), []);
});

Deno.test("node-llama-cpp is imported by the worker alone", () => {
  // It takes 300 ms and 50 MB, which no other role should pay.
  const wrong = graph.filter(({ from, to }) =>
    to === "node-llama-cpp" && directoryOf(from) !== "worker"
  );
  assert.deepEqual(wrong, []);
  const roles = graph.filter(({ from, to }) =>
    from === "main.ts" && /^src\/(queen|hive|worker)\//.test(to)
  );
  assert.equal(roles.length, 3);
  for (const { to } of roles) {
    assert.match(
      read("main.ts"),
      new RegExp(`await import\\("\\./${to}"\\)`),
      `${to} is loaded late`,
    );
  }
});

for (
  const [what, pattern, rooms, why] of [
    // One place knows how children are started, so one place makes sure that they end.
    ["Deno.Command", /\bDeno\.Command\b/, ["src/process/child.ts"], "children"],
    // A role that exits by itself would take its unwritten output with it.
    ["Deno.exit and process.exit", /\b(Deno|process)\.exit\(/, ["main.ts"], "the end"],
    // One context: two would lose each other's job.
    ["AsyncLocalStorage", /\bAsyncLocalStorage\b/, ["src/narration/context.ts"], "context"],
  ] as const
) {
  Deno.test(`${what} stays in its room (${why})`, () => {
    const users = sources.filter((path) => pattern.test(read(path)));
    assert.deepEqual(users, [...rooms]);
  });
}

Deno.test("there are no barrels and no default exports", () => {
  // A name has one file, and that file is where it is imported from.
  const barrel = /^export \* from|^export \{[^}]*\} from/m;
  assert.deepEqual(sources.filter((path) => barrel.test(read(path))), []);
  assert.deepEqual(sources.filter((path) => /^export default/m.test(read(path))), []);
});

Deno.test("no source file is longer than 300 lines", () => {
  // Above that it holds two ideas.
  const long = sources.filter((path) => read(path).split("\n").length > 300);
  assert.deepEqual(long, []);
});

Deno.test("no member of the workspace holds tests", () => {
  // Of a folder that holds a member, `deno test` takes the member's tests alone.
  const { workspace } = JSON.parse(read("deno.json")) as { workspace: string[] };
  assert.deepEqual(workspace.filter((member) => !member.startsWith("./src/")), []);
});

Deno.test("the version in deno.json is the program's", async () => {
  const { version } = JSON.parse(read("deno.json")) as { version: string };
  const { VERSION } = await import("../../src/version.ts");
  assert.equal(VERSION, version);
});

/** The files of the page and what stands in them. */
function pageSources(): [path: string, text: string][] {
  const found = sources.filter((path) => directoryOf(path) === "page");
  assert.ok(found.length > 0);
  return found.map((path) => [path, read(path)]);
}

function onlyTypes(path: string, name: string): boolean {
  const lines = read(path).split("\n").filter((line) => line.includes(`from "${name}`));
  return lines.length > 0 && lines.every((line) => line.startsWith("import type"));
}
