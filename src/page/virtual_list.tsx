import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  observeWindowOffset,
  observeWindowRect,
  type Range,
  Virtualizer,
  type VirtualizerOptions,
  windowScroll,
} from "@tanstack/virtual-core";
import type { ComponentChildren, RefObject } from "preact";
import { useCallback, useLayoutEffect, useReducer, useRef } from "preact/hooks";
import { rangeWith } from "./range_with.ts";

/** What can be done with a {@linkcode VirtualList} from outside. */
export interface VirtualListHandle {
  /** Brings a row into the middle of what is seen. */
  scrollToIndex(index: number): void;
  scrollToEnd(): void;
}

/** What a {@linkcode VirtualList} shows, and how it scrolls. */
export interface VirtualListProps {
  count: number;
  /**
   * What tells a row from the others, also when rows are added above it. All keys are asked for again when
   * it is another function, and when rows are added.
   */
  keyOf(this: void, index: number): string;
  row(index: number): ComponentChildren;
  /** The height that a row is taken to have until it has been drawn, in CSS pixels. */
  estimatedSize: number;
  /** `window`: it scrolls with the page; `container`: in a box of its own, which takes the focus. */
  scrolling: "window" | "container";
  /** What the list is called. */
  label: string;
  class?: string;
  /** Whether it stays at the end when rows are added there, as long as the reader is at the end. */
  follow?: boolean;
  handle?: RefObject<VirtualListHandle | null>;
  /** Told whether the reader is at the end, when that changes. */
  onEnd?(isAtEnd: boolean): void;
}

type Scroller = Window | HTMLElement;
type List = Virtualizer<Scroller, HTMLElement>;
type Options = VirtualizerOptions<Scroller, HTMLElement>;

// About a line: who is so near means to be at the end.
const END_THRESHOLD_PX = 24;

/**
 * A list of which only the rows that are seen are in the document, and the one that has the focus. Heights
 * are measured. Rows that come above what is read do not move it.
 */
export function VirtualList(props: VirtualListProps) {
  const { count, keyOf, row, scrolling, label, follow = false } = props;
  const container = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLOListElement>(null);
  const focused = useRef<FocusedRow | undefined>(undefined);
  const wasAtEnd = useRef(true);
  const margin = useRef(0);
  const [, draw] = useReducer((drawn: number, _: void) => drawn + 1, 0);
  const known = useRef<List | undefined>(undefined);

  const position = known.current?.scrollOffset ?? 0;
  const isAway = position > margin.current + 1;
  const options: Options = {
    ...(scrolling === "window" ? WINDOW : ELEMENT),
    count,
    getItemKey: keyOf,
    estimateSize: () => props.estimatedSize,
    getScrollElement: () => scrolling === "window" ? globalThis.window : container.current,
    scrollMargin: margin.current,
    overscan: 8,
    // At the very top the newest rows are what the reader wants to see; else what is read stays.
    anchorTo: follow || isAway ? "end" : "start",
    followOnAppend: follow,
    scrollEndThreshold: END_THRESHOLD_PX,
    rangeExtractor: (range: Range) => rangeWith(range, placeOf(focused.current, count, keyOf)),
    onChange: () => draw(),
  };
  const virtualizer = known.current ??= new Virtualizer(options);
  virtualizer.setOptions(options);

  useLayoutEffect(() => virtualizer._didMount(), [virtualizer]);
  useLayoutEffect(() => {
    virtualizer._willUpdate();
    const isAtEnd = virtualizer.isAtEnd(END_THRESHOLD_PX);
    if (isAtEnd === wasAtEnd.current) return;
    wasAtEnd.current = isAtEnd;
    props.onEnd?.(isAtEnd);
  });
  useLayoutEffect(() => {
    if (props.handle === undefined) return undefined;
    const { handle } = props;
    handle.current = {
      scrollToIndex: (index) => {
        container.current?.scrollIntoView({ block: "nearest" });
        virtualizer.scrollToIndex(index, { align: "center" });
      },
      scrollToEnd: () => virtualizer.scrollToEnd(),
    };
    return () => {
      handle.current = null;
    };
  }, [virtualizer, props.handle]);
  useLayoutEffect(() => {
    if (scrolling !== "window") return undefined;
    // What stands above the list may change its height at any time.
    const measure = () => {
      if (list.current === null) return;
      const top = Math.round(list.current.getBoundingClientRect().top + scrollY);
      if (top === margin.current) return;
      margin.current = top;
      draw();
    };
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    measure();
    return () => observer.disconnect();
  }, [scrolling]);

  const takeFocus = useCallback((event: FocusEvent) => {
    const item = event.target instanceof Element ? event.target.closest("[data-key]") : null;
    const key = item?.getAttribute("data-key");
    focused.current = key === null || key === undefined
      ? undefined
      : { key, index: Number(item?.getAttribute("data-index")) };
  }, []);
  const loseFocus = useCallback(() => {
    focused.current = undefined;
  }, []);

  const items = (
    <ol
      ref={list}
      class={`virtual-list ${props.class ?? ""}`}
      aria-label={scrolling === "window" ? label : undefined}
      style={{ height: `${virtualizer.getTotalSize()}px` }}
      onFocusIn={takeFocus}
      onFocusOut={loseFocus}
    >
      {virtualizer.getVirtualItems().map(({ key, index, start }) => (
        <li
          key={key}
          ref={virtualizer.measureElement}
          data-index={index}
          data-key={key}
          aria-setsize={count}
          aria-posinset={index + 1}
          style={{ transform: `translateY(${start - margin.current}px)` }}
        >
          {row(index)}
        </li>
      ))}
    </ol>
  );
  if (scrolling === "window") return items;
  return (
    <div
      ref={container}
      class="virtual-scroller"
      role="region"
      aria-label={label}
      tabIndex={0}
      onKeyDown={(event) => goToEdge(event, virtualizer)}
    >
      {items}
    </div>
  );
}

/**
 * Goes to the begin or the end at its key. The browser's own way there is an animation, which chromium drops
 * now and then when the list has just scrolled to where a row turned out to be: the key did nothing.
 */
function goToEdge(event: KeyboardEvent, virtualizer: List): void {
  if (event.altKey || event.metaKey || event.shiftKey) return;
  if (event.key === "Home") virtualizer.scrollToIndex(0, { align: "start" });
  else if (event.key === "End") virtualizer.scrollToEnd();
  else return;
  event.preventDefault();
}

/** The row with the focus, and where it was seen last. */
interface FocusedRow {
  key: string;
  index: number;
}

/** Where the row with the focus is. It is looked for only where it is no longer in its place. */
function placeOf(row: FocusedRow | undefined, count: number, keyOf: (index: number) => string) {
  if (row === undefined) return undefined;
  if (row.index < count && keyOf(row.index) === row.key) return row.index;
  for (let index = 0; index < count; index++) {
    if (keyOf(index) === row.key) return row.index = index;
  }
  return undefined;
}

type Way = Pick<Options, "observeElementRect" | "observeElementOffset" | "scrollToFn">;

// The library's two ways are typed for their own kind of scroller alone; each list has one for good.
const WINDOW = {
  observeElementRect: observeWindowRect,
  observeElementOffset: observeWindowOffset,
  scrollToFn: windowScroll,
} as unknown as Way;
const ELEMENT = {
  observeElementRect,
  observeElementOffset,
  scrollToFn: elementScroll,
} as unknown as Way;
