import type { Health, HealthStatus } from "../contracts/health.ts";
import type { Role } from "../contracts/identifiers.ts";
import { VERSION } from "../version.ts";

/** What a process says of its own health. */
export class HealthState {
  readonly role: Role;
  readonly instance: string;
  /** `starting` until the role sets it. */
  status: HealthStatus = "starting";
  readonly #startedMs = performance.now();

  constructor(role: Role, instance: string) {
    this.role = role;
    this.instance = instance;
  }

  /** The body of `GET /health`. */
  view(): Health {
    return {
      status: this.status,
      role: this.role,
      version: VERSION,
      instance: this.instance,
      uptime_ms: Math.round(performance.now() - this.#startedMs),
    };
  }
}
