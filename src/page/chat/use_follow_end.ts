import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** How far from the end of the page the end is still seen, in pixels. */
const NEAR = 120;

/**
 * Keeps the end of the page in sight while an element grows, unless the reader has scrolled away from it.
 *
 * @returns Goes to the end, and follows it again.
 */
export function useFollowEnd(element: RefObject<HTMLElement | null>): () => void {
  const isFollowing = useRef(true);
  useEffect(() => {
    const grown = element.current;
    if (grown === null) return undefined;
    let hasBegun = false;
    const look = () => {
      // Before the first picture the view that was left decides where the page is scrolled to.
      if (!hasBegun) return;
      const { scrollHeight, clientHeight } = document.documentElement;
      isFollowing.current = scrollY + clientHeight >= scrollHeight - NEAR;
    };
    const observer = new ResizeObserver(() => {
      hasBegun = true;
      if (isFollowing.current) toEnd();
    });
    observer.observe(grown);
    addEventListener("scroll", look, { passive: true });
    return () => {
      observer.disconnect();
      removeEventListener("scroll", look);
    };
  }, [element]);
  return () => {
    isFollowing.current = true;
    toEnd();
  };
}

function toEnd(): void {
  scrollTo({ top: document.documentElement.scrollHeight, behavior: "instant" });
}
