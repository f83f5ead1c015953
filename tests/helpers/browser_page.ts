import assert from "node:assert/strict";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { TemporaryFolder } from "./temporary_folder.ts";

const CHROMIUM = "/usr/bin/chromium";

/** What a page may take to show something. Beside other tests, on a slow machine. */
const PATIENCE_MS = 30_000;

/** How a page is looked at. */
export interface LookOptions {
  /** In CSS pixels. Default: 1280. */
  width?: number;
  /** Default: 800. */
  height?: number;
  /** Pixels of a picture for each CSS pixel. Default: 1. */
  scale?: number;
  /** Default: `light`. */
  colorScheme?: "light" | "dark";
  /** Whether a test may put in a program of its own, which the page's policy forbids. Default: no. */
  bypassCsp?: boolean;
  /** Complaints of the browser that belong to what the test does, such as a queen who is gone. */
  expected?: readonly RegExp[];
}

/** One tab of a browser, with its own storage. */
export interface OpenTab {
  page: Page;
  context: BrowserContext;
}

/** A real browser for one test. It is closed before what it looks at, which it would miss. */
export class TestBrowser implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #home: TemporaryFolder;
  readonly #faults: string[];

  private constructor(browser: Browser, home: TemporaryFolder, faults: string[]) {
    this.#browser = browser;
    this.#home = home;
    this.#faults = faults;
  }

  /** @param faults Gets what its tabs complain of. */
  static async start(faults: string[]): Promise<TestBrowser> {
    // Chromium keeps things beside its profile, too.
    const home = await TemporaryFolder.make();
    try {
      const browser = await chromium.launch({
        executablePath: CHROMIUM,
        // As root it has no sandbox.
        args: ["--no-sandbox", "--disable-dev-shm-usage"],
        env: { ...Deno.env.toObject(), HOME: home.path, TMPDIR: home.path },
        // How the test run ends is its own matter.
        handleSIGINT: false,
        handleSIGTERM: false,
        handleSIGHUP: false,
      });
      return new TestBrowser(browser, home, faults);
    } catch (error) {
      await home[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Opens an address in a tab of its own. */
  async open(url: string, options: LookOptions = {}): Promise<OpenTab> {
    const { width = 1280, height = 800, colorScheme = "light", bypassCsp, expected } = options;
    const context = await this.#browser.newContext({
      viewport: { width, height },
      deviceScaleFactor: options.scale ?? 1,
      colorScheme,
      // What moves is photographed at another place each time.
      reducedMotion: "reduce",
      locale: "en-GB",
      bypassCSP: bypassCsp ?? false,
    });
    context.setDefaultTimeout(PATIENCE_MS);
    this.#listen(context, new URL(url).origin, expected ?? []);
    const page = await context.newPage();
    await page.goto(url);
    return { page, context };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    await this.#home[Symbol.asyncDispose]();
  }

  #listen(context: BrowserContext, origin: string, expected: readonly RegExp[]): void {
    const complain = (fault: string) => {
      if (!expected.some((pattern) => pattern.test(fault))) this.#faults.push(fault);
    };
    context.on("console", (message) => {
      // What a policy refuses is logged as an error as well.
      if (message.type() === "error" || message.type() === "warning") {
        complain(`${message.type()}: ${message.text()} (${message.location().url})`);
      }
    });
    context.on("weberror", (error) => complain(`exception: ${error.error().message}`));
    context.on("request", (request) => {
      const { origin: asked, protocol } = new URL(request.url());
      const isOwn = asked === origin || protocol === "data:" || protocol === "blob:";
      if (!isOwn) complain(`request to another host: ${request.url()}`);
    });
  }
}

/**
 * A test in a real browser, which says so where it is left out. Its tabs must not complain: it fails if
 * one has logged an error, was refused something by its policy, met an exception that nobody caught, or
 * asked another host than the one that it was opened at.
 */
export function browserTest(
  name: string,
  fn: (startBrowser: () => Promise<TestBrowser>) => Promise<void>,
): Deno.TestDefinition {
  if (!existsSync(CHROMIUM)) {
    return {
      name: `SKIPPED, needs chromium, which is not installed here: ${name}`,
      ignore: true,
      fn: () => {},
    };
  }
  return {
    name,
    async fn() {
      const faults: string[] = [];
      try {
        await fn(() => TestBrowser.start(faults));
      } catch (error) {
        if (faults.length === 0) throw error;
        // They may tell why.
        throw new Error(`The browser complains: ${faults.join("; ")}`, { cause: error });
      }
      assert.deepEqual(faults, [], "the browser complains");
    },
  };
}

function existsSync(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
