import assert from "node:assert/strict";
import { h } from "preact";
import { actInDialog } from "../../src/page/actions/act_in_dialog.ts";
import {
  closeDialog,
  lateRefusals,
  openDialog,
  showDialog,
} from "../../src/page/actions/open_dialog.ts";
import { ApiError } from "../../src/page/api.ts";

const REFUSAL = new ApiError("There is no such model", { status: 404, code: "model_not_found" });

/** Opens a dialog, and has it do something that ends when the test says so. */
function begin(title: string) {
  closeDialog();
  lateRefusals.value = [];
  showDialog({ title, content: h("p", null, title) });
  const done = Promise.withResolvers<string | undefined>();
  return { done, outcome: actInDialog(openDialog.peek(), () => done.promise) };
}

Deno.test("a dialog closes when what it asked for is done, and tells where to go", async () => {
  const { done, outcome } = begin("Start a worker");
  done.resolve("/jobs/job-1");
  assert.deepEqual(await outcome, { goesTo: "/jobs/job-1" });
  assert.equal(openDialog.peek(), undefined);
});

Deno.test("a dialog stays open with what was refused", async () => {
  const { done, outcome } = begin("Start a worker");
  done.reject(REFUSAL);
  assert.deepEqual(await outcome, { refused: "There is no such model" });
  assert.equal(openDialog.peek()?.title, "Start a worker");
  assert.deepEqual(lateRefusals.peek(), []);
});

Deno.test("who has left a dialog stays where she is when it is done, also with one of the same kind", async () => {
  for (const next of [undefined, "Download a model", "Start a worker"]) {
    const { done, outcome } = begin("Start a worker");
    closeDialog();
    if (next !== undefined) showDialog({ title: next, content: h("p", null) });
    const open = openDialog.peek();
    done.resolve("/jobs/job-1");
    assert.deepEqual(await outcome, {});
    assert.equal(openDialog.peek(), open);
  }
});

Deno.test("what is refused after its dialog was left is told all the same", async () => {
  const { done, outcome } = begin("Start a worker");
  closeDialog();
  done.reject(REFUSAL);
  assert.deepEqual(await outcome, {});
  assert.equal(openDialog.peek(), undefined);
  assert.deepEqual(lateRefusals.peek(), ["Start a worker: There is no such model"]);
});

Deno.test("a defect of the page is shown in the dialog, and reported to the browser", async () => {
  const { done, outcome } = begin("Start a worker");
  const reported: unknown[] = [];
  const take = (event: ErrorEvent) => {
    event.preventDefault();
    reported.push(event.error);
  };
  addEventListener("error", take);
  const defect = new TypeError("a is undefined");
  done.reject(defect);
  assert.deepEqual(await outcome, { refused: "The page itself has failed: a is undefined" });
  removeEventListener("error", take);
  assert.deepEqual(reported, [defect]);
});
