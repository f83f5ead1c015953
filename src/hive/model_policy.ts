import type { HiveSettings } from "../config/hive_settings.ts";

/** How long a worker of a model may be without use, in milliseconds; 0: for ever. */
export function idleMsOf({ models, limits }: HiveSettings, model: string): number {
  if (isPinned({ models }, model)) return 0;
  return settingsOf(models, model)?.idle ?? limits.idle;
}

/** Whether the workers of a model stay, whatever else wants their place. */
export function isPinned({ models }: Pick<HiveSettings, "models">, model: string): boolean {
  return settingsOf(models, model)?.pin ?? false;
}

/** The models whose workers start with the hive. */
export function modelsToPreload({ models }: Pick<HiveSettings, "models">): string[] {
  return Object.entries(models).filter(([, { preload }]) => preload).map(([model]) => model);
}

/** What rbee.yaml says of a model, if anything. */
export function settingsOf(models: HiveSettings["models"], model: string) {
  return Object.hasOwn(models, model) ? models[model] : undefined;
}
