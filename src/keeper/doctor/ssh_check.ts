import { RbeeError } from "../../base/rbee_error.ts";
import { printableText } from "../../process/printable_text.ts";
import { runProgram } from "../../process/run_program.ts";
import type { Check } from "./finding.ts";

const NAME = "ssh";
const LIMIT_MS = 5000;

/** Whether this machine has the client by which hives on others are reached. */
export const sshCheck: Check = {
  name: NAME,
  async look({ signal }) {
    try {
      const { err } = await runProgram({ program: "ssh", args: ["-V"] }, {
        limitMs: LIMIT_MS,
        signal,
      });
      return [{ name: NAME, status: "ok", message: printableText(err[0] ?? "ssh is there") }];
    } catch (error) {
      if (!(error instanceof RbeeError)) throw error;
      return [{
        name: NAME,
        status: "warning",
        message: `Hives on other machines cannot be reached: ${error.message}`,
        next: "install openssh-client",
      }];
    }
  },
};
