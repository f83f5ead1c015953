import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { twoFrames } from "./screenshots.ts";

/** A row of a job's timeline as it is shown. */
export interface ShownRow {
  /** Its place in the list. */
  index: number;
  /** The event that it shows, or the first of those; NaN: none. */
  seq: number;
  text: string;
}

/** The rows of the timeline that are in the document now, in order. */
export async function drawnRows(page: Page): Promise<ShownRow[]> {
  return await page.locator(".timeline-lines > li").evaluateAll((items) =>
    items.map((item) => {
      const line = item.querySelector("[data-seq]");
      const text = item.querySelector(".line-text") ?? item;
      return {
        index: Number(item.getAttribute("data-index")),
        seq: Number(line?.getAttribute("data-seq") ?? NaN),
        text: text.textContent.trim(),
      };
    }).sort((a, b) => a.index - b.index)
  );
}

/** All rows of the timeline, with details and with all groups opened, read as a person scrolls them. */
export async function allRows(page: Page): Promise<ShownRow[]> {
  const details = page.getByRole("checkbox", { name: "Show details" });
  await details.check();
  const scroller = page.getByRole("region", { name: "Lines of the timeline" });
  await scroller.evaluate((element) => element.scrollTop = 0);
  const rows = new Map<number, ShownRow>();
  for (;;) {
    await twoFrames(page);
    const closed = scroller.locator('.line-fold[aria-expanded="false"]');
    while (await closed.count() > 0) {
      await closed.first().click();
      await twoFrames(page);
    }
    for (const row of await drawnRows(page)) rows.set(row.index, row);
    const isAtEnd = await scroller.evaluate((element) => {
      const { scrollTop, clientHeight, scrollHeight } = element;
      if (scrollTop + clientHeight >= scrollHeight - 1) return true;
      element.scrollTop += clientHeight / 2;
      return false;
    });
    if (isAtEnd) break;
  }
  const all = [...rows.values()].sort((a, b) => a.index - b.index);
  assert.deepEqual(all.map(({ index }) => index), all.map((_, at) => at), "no row is missed");
  return all;
}

/** What a list of rows had in the document while it was scrolled. */
export interface DrawnRows {
  /** How many rows at once, at most. */
  most: number;
  /** How many were put into the document, in all steps together. */
  added: number;
  steps: number;
}

/** Scrolls the timeline to its end, first a page at a time and then in far jumps, and counts what is drawn. */
export async function drawnWhileScrolling(page: Page): Promise<DrawnRows> {
  // As text, which is not checked with Deno's types.
  return await page.evaluate(`(async () => {
    const box = document.querySelector(".virtual-scroller");
    const list = box.querySelector("ol");
    const steps = 60;
    let most = list.children.length;
    let added = 0;
    const count = (records) => {
      most = Math.max(most, list.children.length);
      for (const { addedNodes } of records) added += addedNodes.length;
    };
    const observer = new MutationObserver(count);
    observer.observe(list, { childList: true });
    const frame = () => new Promise((drawn) => requestAnimationFrame(drawn));
    for (let step = 1; step <= steps; step++) {
      box.scrollTop += step <= steps / 2 ? box.clientHeight : box.scrollHeight / (steps / 2);
      await frame();
      await frame();
    }
    count(observer.takeRecords());
    observer.disconnect();
    return { most, added, steps };
  })()`);
}
