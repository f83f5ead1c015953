import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";

// More than a person would bear.
const MAX_STEPS = 60;

/** Presses Tab until an element has the focus; fails where it is not among the first ones. */
export async function tabTo(page: Page, wanted: Locator): Promise<void> {
  await wanted.waitFor();
  for (let step = 0; step < MAX_STEPS; step++) {
    if (await hasFocus(wanted)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab does not come to ${wanted}`);
}

/** Whether an element has the focus. */
export function hasFocus(wanted: Locator): Promise<boolean> {
  return wanted.evaluate((element) => element.matches(":focus"));
}
