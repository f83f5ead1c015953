/** After these a slash begins a pattern, and elsewhere it divides. */
const BEFORE_PATTERN = /(?:^|[=(,:[&|?{};>+\n]|(?<![\w)\]])!|\b(?:return|case|typeof|of|in))\s*$/;

/** A regular expression as it stands in a source. */
export interface SourcePattern {
  line: number;
  pattern: RegExp;
}

/** The regular expressions that stand in a source of TypeScript, in order. */
export function sourcePatterns(source: string): SourcePattern[] {
  const found: SourcePattern[] = [];
  // Where a template goes on after each of its open `${`, by the depth of braces.
  const templates: number[] = [];
  let depth = 0;
  let code = "";
  for (let at = 0; at < source.length;) {
    const char = source[at]!;
    const two = source.slice(at, at + 2);
    let end = at + 1;
    if (two === "//") end = endOf(source, "\n", at);
    else if (two === "/*") end = endOf(source, "*/", at + 2) + 2;
    else if (char === '"' || char === "'") end = endOfString(source, at);
    else if (char === "`" || char === "}" && templates.at(-1) === depth) {
      if (char === "}") templates.pop();
      end = endOfTemplate(source, at);
      if (source.slice(end - 2, end) === "${") templates.push(depth);
    } else if (char === "/" && BEFORE_PATTERN.test(code.slice(-20))) {
      const [whole, body, flags] = patternAt(source, at);
      const line = source.slice(0, at).split("\n").length;
      found.push({ line, pattern: new RegExp(body, flags) });
      end = at + whole.length;
    } else if (char === "{") depth++;
    else if (char === "}") depth--;
    // A part of a template is a value, or what one comes after.
    const isOpen = char !== "/" && end > at + 1 && source.slice(end - 2, end) === "${";
    code += two === "//" || two === "/*" ? " " : isOpen ? "(" : end === at + 1 ? char : "x";
    at = end;
  }
  return found;
}

function patternAt(source: string, at: number): [string, string, string] {
  const match = /^\/((?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)\/([a-z]*)/.exec(source.slice(at));
  if (match === null) throw new Error(`no pattern at ${JSON.stringify(source.slice(at, at + 60))}`);
  return [match[0], match[1]!, match[2]!];
}

function endOf(source: string, mark: string, from: number): number {
  const end = source.indexOf(mark, from);
  return end === -1 ? source.length : end;
}

function endOfString(source: string, at: number): number {
  let end = at + 1;
  while (end < source.length && source[end] !== source[at]) end += source[end] === "\\" ? 2 : 1;
  return end + 1;
}

/** After the template, or after the `${` that comes first in it. */
function endOfTemplate(source: string, at: number): number {
  let end = at + 1;
  while (end < source.length && source[end] !== "`") {
    if (source.startsWith("${", end)) return end + 2;
    end += source[end] === "\\" ? 2 : 1;
  }
  return end + 1;
}
