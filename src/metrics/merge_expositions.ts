/** Figures in Prometheus's text format, as a role sends them. */
export interface Exposition {
  text: string;
  /** Added to every figure of it. Default: none. */
  labels?: Readonly<Record<string, string>>;
}

interface Family {
  /** The lines that tell what it is, by what they begin with. */
  head: Map<string, string>;
  /** The figures, by their names with all labels. */
  samples: Map<string, string>;
}

const HEAD = /^# (HELP|TYPE) (rbee_[a-z0-9_]{1,100}) (.{1,500})$/;
const TYPES = new Set(["counter", "gauge", "histogram"]);
const SAMPLE =
  /^(rbee_[a-z0-9_]{1,100})(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*)\})? (-?[0-9.e+-]+|NaN|[+-]Inf)$/;

/**
 * Makes one of several, in which what they say under one name stands together, as the format demands.
 * Lines that are no figures of rbee's, that come twice, or that bring a label which is added here, are
 * left out: whoever made one of them, the whole can be read. See
 * https://prometheus.io/docs/instrumenting/exposition_formats/.
 */
export function mergeExpositions(expositions: readonly Exposition[]): string {
  const families = new Map<string, Family>();
  for (const exposition of expositions) addTo(families, exposition);
  return [...families.values()]
    .filter(({ head }) => head.has("TYPE"))
    .map(({ head, samples }) => {
      const figures = [...samples].map(([series, value]) => `${series} ${value}`);
      return [...head.values(), ...figures].join("\n") + "\n";
    })
    .join("");
}

function addTo(families: Map<string, Family>, { text, labels = {} }: Exposition): void {
  const names = Object.keys(labels);
  const added = names.map((name) => `${name}="${escaped(labels[name]!)}"`);
  let name = "";
  let family: Family | undefined;
  for (const line of text.split("\n")) {
    const head = HEAD.exec(line);
    if (head !== null) {
      const [, kind = "", of = "", what = ""] = head;
      if (kind === "TYPE" && !TYPES.has(what)) continue;
      name = of;
      family = families.get(name) ?? { head: new Map(), samples: new Map() };
      families.set(name, family);
      if (!family.head.has(kind)) family.head.set(kind, line);
      continue;
    }
    const sample = SAMPLE.exec(line);
    if (sample === null || family === undefined) continue;
    const [, of = "", given = "", value = ""] = sample;
    const isOfFamily = of === name ||
      ["_bucket", "_sum", "_count"].some((end) => of === name + end);
    const isNumber = /^(NaN|[+-]Inf)$/.test(value) || !Number.isNaN(Number(value));
    if (!isOfFamily || !isNumber || names.some((label) => hasLabel(given, label))) continue;
    const inside = [given.replace(/,$/, ""), ...added].filter(Boolean).join(",");
    const series = inside === "" ? of : `${of}{${inside}}`;
    if (!family.samples.has(series)) family.samples.set(series, value);
  }
}

function hasLabel(given: string, label: string): boolean {
  return given.startsWith(`${label}="`) || given.includes(`,${label}="`);
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
