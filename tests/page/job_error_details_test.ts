import assert from "node:assert/strict";
import { readDetails } from "../../src/page/job/error_details.ts";

Deno.test("readDetails() has the last lines of a program apart, and does not tell what is null", () => {
  assert.deepEqual(
    readDetails({ worker_id: "worker-1", exit_code: 1, signal: null, last_lines: ["a", "b"] }),
    {
      lastLines: ["a", "b"],
      facts: [{ name: "Worker", text: "worker-1" }, { name: "Exit code", text: "1" }],
    },
  );
});

Deno.test("readDetails() reads whatever details are", () => {
  assert.deepEqual(readDetails(undefined), { lastLines: [], facts: [] });
  assert.deepEqual(readDetails("text").facts, [{ name: "Details", text: "text" }]);
  assert.deepEqual(readDetails([1]).facts, [{ name: "Details", text: "[1]" }]);
  assert.deepEqual(readDetails({ last_lines: 7, other: { a: 1 } }), {
    lastLines: [],
    facts: [{ name: "other", text: '{"a":1}' }, { name: "last_lines", text: "7" }],
  });
});
