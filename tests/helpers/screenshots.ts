import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";

const ROOT = new URL("../../", import.meta.url);

/** The picture of the page in README. */
export const README_PICTURE = fileURLToPath(new URL("docs/page.png", ROOT));

/** The sizes that the page is looked at in, in CSS pixels. */
export const SIZES = [
  { width: 360, height: 740 },
  { width: 1280, height: 800 },
  { width: 2560, height: 1440 },
] as const;

/**
 * Keeps what a page shows in each of the {@linkcode SIZES} and both colour schemes, as
 * `NAME-WIDTHxHEIGHT-SCHEME.png` in `artefacts/page` or, where that is set, in `RBEE_ARTEFACTS`. The page
 * has its first size and is light again afterwards.
 */
export async function keepScreenshots(page: Page, name: string): Promise<void> {
  const folder = Deno.env.get("RBEE_ARTEFACTS") ??
    fileURLToPath(new URL("artefacts/page", ROOT));
  await Deno.mkdir(folder, { recursive: true });
  const size = page.viewportSize();
  for (const { width, height } of SIZES) {
    await page.setViewportSize({ width, height });
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await twoFrames(page);
      await page.screenshot({ path: `${folder}/${name}-${width}x${height}-${colorScheme}.png` });
    }
  }
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  if (size !== null) await page.setViewportSize(size);
}

/** Resolves when what has changed is drawn: what is drawn in a frame can cause another. */
export async function twoFrames(page: Page): Promise<void> {
  // As text, which is not checked with Deno's types: those have no frames.
  await page.evaluate(
    "new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)))",
  );
}
