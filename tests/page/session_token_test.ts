import { equal } from "node:assert/strict";
import { tokenIn } from "../../src/page/session_token.ts";

Deno.test("tokenIn() takes a token without what is around it", () => {
  equal(tokenIn("rbee_abc-1"), "rbee_abc-1");
  equal(tokenIn("  rbee_abc\n"), "rbee_abc");
  equal(tokenIn("Bearer rbee_abc"), "rbee_abc");
});

Deno.test("tokenIn() refuses what no header can hold, or would hold in two words", () => {
  for (
    const typed of ["", "  ", "\u200brbee_abc", "\u201crbee_abc\u201d", "rbee_\u2026", "rbee abc"]
  ) {
    equal(tokenIn(typed), undefined, JSON.stringify(typed));
  }
});
