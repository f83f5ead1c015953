/** A control group that bounds this process: its own, or one above it. */
export interface Cgroup {
  version: 1 | 2;
  /** Where its files are. */
  folder: string;
}

/** What this process's control groups are asked about. */
export type CgroupController = "memory" | "cpu";

interface Mount {
  version: 1 | 2;
  /** The group that is at `point`, seen from the hierarchy's root, or that of the namespace. */
  root: string;
  point: string;
}

/**
 * The control groups of this process for a controller, its own first, then each above it up to what is
 * mounted. None where there is no cgroup file system, as on macOS.
 *
 * See the kernel's admin-guide/cgroup-v2.rst, cgroups(7) and proc_pid_mountinfo(5).
 *
 * @param options.root The folder in which `proc` and the mount points are, for tests. Default: none.
 */
export function ownCgroups(
  controller: CgroupController,
  options: { root?: string | undefined } = {},
): Cgroup[] {
  const root = options.root ?? "";
  const paths = ownPaths(readText(`${root}/proc/self/cgroup`) ?? "", controller);
  const mounts = mountsOf(readText(`${root}/proc/self/mountinfo`) ?? "", controller);
  return mounts.flatMap(({ version, root: mounted, point }) => {
    const path = paths[version];
    const below = path === undefined ? undefined : pathBelow(mounted, path);
    if (below === undefined) return [];
    const names = below.split("/").filter((name) => name !== "");
    return Array.from({ length: names.length + 1 }, (_, up) => ({
      version,
      folder: [root + point, ...names.slice(0, names.length - up)].join("/"),
    }));
  });
}

/** The text of a small file of the kernel's; undefined where there is none. */
export function readText(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}

/** The number in a file of a control group; undefined where there is none, or it says `max`. */
export function readNumber(cgroup: Cgroup, file: string): number | undefined {
  const text = readText(`${cgroup.folder}/${file}`)?.trim() ?? "";
  return /^-?\d+$/.test(text) ? Number(text) : undefined;
}

/** The path of this process's group in each kind of hierarchy. */
function ownPaths(text: string, controller: CgroupController): Partial<Record<1 | 2, string>> {
  const paths: Partial<Record<1 | 2, string>> = {};
  for (const line of text.split("\n")) {
    const [, id, controllers = "", path = "/"] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? [];
    if (id === "0" && controllers === "") paths[2] = path;
    else if (controllers.split(",").includes(controller)) paths[1] = path;
  }
  return paths;
}

function mountsOf(text: string, controller: CgroupController): Mount[] {
  return text.split("\n").flatMap((line): Mount[] => {
    const [before = "", after = ""] = line.split(" - ", 2);
    const [, , , root = "", point = ""] = before.split(" ").map(unescapePath);
    const [type, , options = ""] = after.split(" ");
    if (type === "cgroup2") return [{ version: 2, root, point }];
    const ours = type === "cgroup" && options.split(",").includes(controller);
    return ours ? [{ version: 1, root, point }] : [];
  });
}

/** Where a group is below the one that is mounted; undefined when it is not below it. */
function pathBelow(mounted: string, path: string): string | undefined {
  const prefix = mounted === "/" ? "" : mounted;
  // A container that keeps the host's names shows its own group as the root of the mount.
  const below = path === prefix || path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : "";
  // Outside of the namespace: what is mounted bounds others.
  return below.split("/").includes("..") ? undefined : below;
}

/** Turns the octal escapes of a mount's path, `\040`, into what they stand for. */
function unescapePath(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8)));
}
