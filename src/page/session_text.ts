/**
 * A text that the browser keeps for reloads of this tab; null where it keeps none, or may not. It comes
 * back, too, in a copy of the tab, and where the browser restores one that was closed.
 */
export function readSessionText(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    // Where pages may keep nothing there is nothing.
    return null;
  }
}

/** Has the browser keep a text for reloads of this tab, or none with null, and tells whether it does. */
export function keepSessionText(key: string, text: string | null): boolean {
  try {
    if (text === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, text);
    return true;
  } catch {
    // Forbidden, or full: what is shown goes on, and the page says that a reload loses it.
    return false;
  }
}
