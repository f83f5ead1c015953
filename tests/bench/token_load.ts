/** What the demo model is asked for, by rbee and by a bare script alike. */
export interface Load {
  /** How many at once. */
  requests: number;
  /** How many are measured. */
  rounds: number;
  /** How many come before those. */
  warmUp: number;
  /** Of each answer. */
  tokens: number;
  /** How many requests the context is for. */
  slots: number;
  /** Tokens a slot. */
  context: number;
  question: string;
  /** The token that all of an answer is made of, so that none ends before its limit. */
  token: number;
}
