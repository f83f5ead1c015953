interface Gate {
  reached: PromiseWithResolvers<void>;
  opened: PromiseWithResolvers<void>;
}

/** Latches by name: a program waits at one, a test learns that it does and lets it go on. */
export class Gates {
  readonly #gates = new Map<string, Gate>();
  #allOpen = false;

  /** Resolves when the gate is open, at once when it already is. */
  pass(name: string): Promise<void> {
    const gate = this.#gate(name);
    gate.reached.resolve();
    return gate.opened.promise;
  }

  /** Resolves when somebody waits at the gate or has passed it. */
  reached(name: string): Promise<void> {
    return this.#gate(name).reached.promise;
  }

  /** Opens a gate for good. */
  open(name: string): void {
    this.#gate(name).opened.resolve();
  }

  /** Opens every gate, also those that nobody has named yet. */
  openAll(): void {
    this.#allOpen = true;
    for (const gate of this.#gates.values()) gate.opened.resolve();
  }

  #gate(name: string): Gate {
    let gate = this.#gates.get(name);
    if (gate === undefined) {
      gate = { reached: Promise.withResolvers(), opened: Promise.withResolvers() };
      this.#gates.set(name, gate);
      if (this.#allOpen) gate.opened.resolve();
    }
    return gate;
  }
}
