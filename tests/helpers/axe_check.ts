import assert from "node:assert/strict";
import axe from "axe-core";
import type { Page } from "playwright-core";

/**
 * Asserts that axe-core finds no violation in what a page shows now. The page's policy must be bypassed
 * in its context, since axe-core is put in as a program.
 *
 * @param options.what Named where it finds one.
 * @param options.coloursOnly Looks at contrast alone: for a page of which only the colours have changed.
 */
export async function assertAccessible(
  page: Page,
  { what, coloursOnly = false }: { what: string; coloursOnly?: boolean },
): Promise<void> {
  const isThere = await page.evaluate("'axe' in globalThis");
  if (!isThere) await page.evaluate(axe.source);
  const rules = coloursOnly ? 'runOnly: { type: "rule", values: ["color-contrast"] },' : "";
  const found: axe.AxeResults = await page.evaluate(
    `axe.run(document, { ${rules} resultTypes: ["violations"] })`,
  );
  assert.ok(found.passes.length > 0, "it has looked at something");
  const violations = found.violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => ({
      rule: id,
      help,
      target: target.join(" "),
      why: failureSummary,
    }))
  );
  assert.deepEqual(violations, [], what);
}
