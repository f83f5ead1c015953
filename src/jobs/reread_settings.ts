import { messageOf } from "../base/rbee_error.ts";
import type { RbeeYaml } from "../config/rbee_yaml.ts";
import { settingsChanges } from "../config/settings_changes.ts";
import { narrate } from "../narration/narrate.ts";
import { Rereading } from "./rereading.ts";

/** A role whose settings are read again. */
export interface RereadSettingsOptions {
  role: "queen" | "hive";
  /** What the role was started with. */
  yaml: RbeeYaml;
  /** Reads the file; rejects if it does not fit. */
  reread(): Promise<RbeeYaml>;
  /** Takes up what can change while the role runs; called also where that is what it has. */
  reconfigure(yaml: RbeeYaml): void | Promise<void>;
}

/** Reads `rbee.yaml` again while a role runs, and says what came of it. */
export class RereadSettings {
  readonly #options: RereadSettingsOptions;
  #now: RbeeYaml;
  readonly #reading = new Rereading(
    () => this.#read(),
    (error) =>
      narrate("settings_kept", `The settings stay as they were: ${messageOf(error)}`, {
        level: "error",
      }),
  );

  constructor(options: RereadSettingsOptions) {
    this.#options = options;
    this.#now = options.yaml;
  }

  /**
   * Reads the file and takes up what can change while the role runs; what cannot is named. A file that
   * does not fit changes nothing. Several at once take turns. Never rejects: what is wrong is narrated.
   */
  reread(): Promise<void> {
    return this.#reading.again();
  }

  /** Resolves when nothing is read any more; later calls do nothing. To be called before the role stops. */
  async close(): Promise<void> {
    await this.#reading.close();
  }

  async #read(): Promise<void> {
    const { role, yaml: started, reread, reconfigure } = this.#options;
    const yaml = await reread();
    const { live } = settingsChanges(role, this.#now, yaml);
    const { restart } = settingsChanges(role, started, yaml);
    // Also where the file is as it was: what the role has may differ, as hives that a request added.
    await reconfigure(yaml);
    this.#now = yaml;
    narrate(
      "settings_read",
      live.length > 0
        ? `Read rbee.yaml again; changed: ${live.join(", ")}`
        : `Read rbee.yaml again; nothing has changed that the ${role} takes up while it runs`,
      { fields: { changed: live.join(",") } },
    );
    if (restart.length === 0) return;
    // A restart keeps the address that the role has.
    const moves = restart.some((key) => key === `${role}.host` || key === `${role}.port`);
    const next = moves ? `rbee ${role} stop, then rbee ${role} start` : `rbee ${role} restart`;
    narrate("settings_wait", `${restart.join(", ")} will hold after ${next}`, {
      fields: { waiting: restart.join(",") },
    });
  }
}
