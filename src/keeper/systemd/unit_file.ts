import type { Paths } from "../../config/paths.ts";
import type { DaemonRole } from "../daemon.ts";
import { unitCommand, unitWord } from "./unit_word.ts";

/** What a unit is made of. */
export interface UnitOptions {
  role: DaemonRole;
  /** How rbee is started on this machine. */
  program: string;
  args: readonly string[];
  paths: Paths;
  /** The environment that it is to have beside systemd's own. */
  env: Readonly<Record<string, string>>;
  /** Who a unit of the system runs as. Undefined: it is a unit of the person's own systemd. */
  user?: { name: string; home: string } | undefined;
}

type Lines = readonly (readonly [key: string, value: string | number])[];

/** The name of a role's unit. */
export function unitName(role: DaemonRole): string {
  return `rbee-${role}.service`;
}

/**
 * The text of a unit that runs queen or hive in the foreground, as systemd.unit(5) describes it. A unit of
 * the person's own systemd lacks what would need a mount namespace, which many machines give to root alone.
 */
export function unitFile(options: UnitOptions): string {
  const { role, user } = options;
  const sections: [string, Lines][] = [
    ["Unit", [
      ["Description", `rbee ${role}`],
      ...user === undefined
        ? []
        : [["Wants", "network-online.target"], ["After", "network-online.target"]] as const,
      ["StartLimitIntervalSec", 300],
      ["StartLimitBurst", 5],
    ]],
    ["Service", [
      ...processLines(options),
      ...limitLines(role),
      ...user === undefined ? [] : folderLines(options, user),
    ]],
    ["Install", [["WantedBy", user === undefined ? "default.target" : "multi-user.target"]]],
  ];
  const body = sections.map(([name, lines]) =>
    `[${name}]\n${lines.map(([key, value]) => `${key}=${value}\n`).join("")}`
  );
  return `# Made by rbee service install, which makes it anew; rbee service uninstall removes it.\n\n${
    body.join("\n")
  }`;
}

function processLines({ role, program, args, env, user, paths }: UnitOptions): Lines {
  return [
    ["Type", "notify"],
    ["NotifyAccess", "main"],
    ["ExecStart", unitCommand(program, [...args, "serve", "--role", role])],
    ["ExecReload", "/bin/kill -HUP $MAINPID"],
    ...user === undefined ? [] : [["User", user.name]] as const,
    // Deno reads them before the role knows itself; without OTEL_DENO they say nothing.
    ["Environment", `OTEL_SERVICE_NAME=rbee-${role}`],
    // What a collector that does not answer may hold up the end, three times.
    ["Environment", "OTEL_EXPORTER_OTLP_TIMEOUT=1000"],
    ...Object.entries(env).map(([name, value]) =>
      ["Environment", unitWord(`${name}=${value}`)] as const
    ),
    // HF_TOKEN and its like, which others must not read in the unit.
    ["EnvironmentFile", `-${paths.config.replaceAll("%", "%%")}/environment`],
    // A clean end, as of rbee down, is meant.
    ["Restart", "on-failure"],
    ["RestartSec", 5],
    ["TimeoutStartSec", 120],
    // Longer than the role itself gives its jobs, and then its workers.
    ["TimeoutStopSec", 60],
    ["WatchdogSec", 120],
    // The hive ends its workers itself.
    ["KillMode", "mixed"],
    // A worker that the kernel ends for its memory is not the end of its hive.
    ["OOMPolicy", "continue"],
    ["LimitNOFILE", 65536],
    ["UMask", "0077"],
  ];
}

/** Limits that need no privilege to be set. V8 makes code while it runs: MemoryDenyWriteExecute cannot be. */
function limitLines(role: DaemonRole): Lines {
  return [
    ["NoNewPrivileges", "yes"],
    ["LockPersonality", "yes"],
    ["RestrictRealtime", "yes"],
    ["RestrictSUIDSGID", "yes"],
    ["RestrictNamespaces", "yes"],
    // AF_NETLINK: the addresses of this machine, and what drivers of GPUs tell.
    ["RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6 AF_NETLINK"],
    ["SystemCallArchitectures", "native"],
    ["SystemCallFilter", "@system-service @pkey"],
    // Said to who calls, who may know another way, in place of ending it.
    ["SystemCallErrorNumber", "EPERM"],
    ...role === "queen" ? [["SystemCallFilter", "~@privileged"]] as const : [],
  ];
}

/**
 * What of the machine's files is seen. A hive starts engines that keep files of their own, anywhere in the
 * home, and models may lie anywhere; GPUs are devices. A queen needs nothing but her own folders, and what
 * ssh keeps.
 */
function folderLines({ role, program, paths }: UnitOptions, user: { home: string }): Lines {
  const own = [paths.config, paths.state, paths.data, paths.cache];
  const common: Lines = [
    // Whose program or folders lie there would not find them.
    ...[program, ...own].some(isTemporary) ? [] : [["PrivateTmp", "yes"]] as const,
    ["ProtectControlGroups", "yes"],
    ["ProtectHostname", "yes"],
    ["ProtectKernelLogs", "yes"],
    ["ProtectKernelModules", "yes"],
    ["ProtectKernelTunables", "yes"],
    ["CapabilityBoundingSet", ""],
  ];
  if (role === "hive") return [["ProtectSystem", "full"], ...common];
  return [
    ["ProtectSystem", "strict"],
    ["ReadWritePaths", [...own, `${user.home}/.ssh`].map(optionalWord).join(" ")],
    ["PrivateDevices", "yes"],
    ["ProtectClock", "yes"],
    ...common,
  ];
}

/** A path that may be missing. */
function optionalWord(path: string): string {
  return unitWord(`-${path}`);
}

function isTemporary(path: string): boolean {
  return /^(\/var)?\/tmp(\/|$)/.test(path);
}
