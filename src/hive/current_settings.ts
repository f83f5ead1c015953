import type { HiveSettings } from "../config/hive_settings.ts";

/** What rbee.yaml says now: who holds it reads what holds at that moment. */
export class CurrentSettings implements HiveSettings {
  #now: HiveSettings;

  constructor(settings: HiveSettings) {
    this.#now = settings;
  }

  get limits(): HiveSettings["limits"] {
    return this.#now.limits;
  }

  get models(): HiveSettings["models"] {
    return this.#now.models;
  }

  get engines(): HiveSettings["engines"] {
    return this.#now.engines;
  }

  /** Takes up what was read again. */
  replace(settings: HiveSettings): void {
    this.#now = settings;
  }
}
