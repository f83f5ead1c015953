import { join } from "node:path";
import { messageOf } from "../../base/rbee_error.ts";
import { readRbeeYaml } from "../../config/rbee_yaml.ts";
import type { Check } from "./finding.ts";

const NAME = "rbee.yaml";

/** Whether rbee.yaml can be read and fits. */
export const configCheck: Check = {
  name: NAME,
  async look({ settings: { paths } }) {
    const path = join(paths.config, "rbee.yaml");
    try {
      await readRbeeYaml(paths.config);
    } catch (error) {
      const next = `mend ${path}, then rbee doctor`;
      return [{ name: NAME, status: "failed", message: messageOf(error), next }];
    }
    const message = await isThere(path)
      ? `${path} is read and fits`
      : `There is no ${path}; the defaults hold`;
    return [{ name: NAME, status: "ok", message }];
  },
};

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
