import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { CopyButton } from "../copy_button.tsx";
import type { OutputEntry } from "../job_entry.ts";
import type { JobRecording } from "../job_recording.ts";
import { countText } from "../quantities.ts";
import { route } from "../route.ts";
import { usePaced } from "../use_paced.ts";
import { VirtualList, type VirtualListHandle } from "../virtual_list.tsx";
import { copyLines } from "./copy_lines.ts";
import { isRowOf, rowIndexOf, RowList } from "./rows.ts";
import { TimelineRow } from "./timeline_row.tsx";
import { timelineText } from "./timeline_text.ts";

const ROW_PX = 26;
/** From how many rows on a timeline is long: the list goes over the heights of all of them with each more. */
const LONG_ROWS = 5000;
/** How often rows are added to a long one. */
const LONG_PACE_MS = 500;

/** What a {@linkcode Timeline} shows. */
export interface TimelineProps {
  recording: JobRecording;
  /** Changes with what has been read. */
  version: number;
  /** The event that the address names. */
  seq: number | undefined;
  /** When the job was submitted, in milliseconds since 1970; undefined as long as it is not known. */
  createdMs: number | undefined;
  /** Whether more may come: then the end is followed as long as the reader is there. */
  isRunning: boolean;
}

/** Everything that was said, printed and answered in a job, in order. */
export function Timeline({ recording, version, seq, createdMs, isRunning }: TimelineProps) {
  const [showDetails, setShowDetails] = useState(false);
  const [isAtEnd, setIsAtEnd] = useState(true);
  const [opened, setOpened] = useState<ReadonlySet<OutputEntry>>(() => new Set());
  const handle = useRef<VirtualListHandle>(null);
  // Each click on a link to a line goes there, also where the address is that line's already.
  const where = route.value;
  const shown = useRef<typeof where | undefined>(undefined);
  const list = useMemo(
    () => new RowList({ showDetails, linkedSeq: seq, isOpen: (entry) => opened.has(entry) }),
    [recording, showDetails, seq, opened],
  );
  const mayGrow = recording.end === undefined;
  const read = usePaced(version, mayGrow && list.rows.length > LONG_ROWS ? LONG_PACE_MS : 0);
  useMemo(() => list.read(recording), [list, recording, read]);
  const { rows, details } = list;

  // The linked line may be still to come; it is gone to once, when it is there.
  useEffect(() => {
    if (seq === undefined || shown.current === where) return;
    if (seq > recording.lastSeq) return;
    const entry = recording.entryOf(seq);
    if (entry?.kind === "output" && entry.lines.length > 1 && !opened.has(entry)) {
      setOpened(new Set([...opened, entry]));
      return;
    }
    const index = rowIndexOf(rows, seq);
    // What went is not looked for again with each line that comes.
    if (index >= 0 || entry === undefined) shown.current = where;
    if (index >= 0) handle.current?.scrollToIndex(index);
  }, [seq, where, read, recording, list]);

  // Who opens a job that runs wants to see what is said now, unless a line was asked for.
  const hasFollowed = useRef(false);
  useEffect(() => {
    if (!isRunning || hasFollowed.current || rows.length === 0) return;
    hasFollowed.current = true;
    if (seq === undefined) handle.current?.scrollToEnd();
  }, [isRunning, read, seq]);

  const toggle = (entry: OutputEntry) => {
    const others = new Set(opened);
    if (!others.delete(entry)) others.add(entry);
    setOpened(others);
  };
  const startMs = createdMs ?? Date.parse(recording.entries[0]?.at ?? "");
  return (
    <section class="timeline" aria-labelledby="job-timeline" onCopy={copyLines}>
      <div class="timeline-head">
        <h2 id="job-timeline">Timeline</h2>
        <label>
          <input
            type="checkbox"
            checked={showDetails}
            onChange={(event) => setShowDetails(event.currentTarget.checked)}
          />{" "}
          Show details <span class="muted">{details > 0 && `(${countText(details, "line")})`}</span>
        </label>
        {rows.length > 0 && (
          <CopyButton
            what="the whole timeline"
            text={() => timelineText(recording.entries)}
          />
        )}
        {!isAtEnd && (
          <button type="button" onClick={() => handle.current?.scrollToEnd()}>
            Jump to the end
          </button>
        )}
      </div>
      {rows.length === 0 ? <p class="muted">There is no line yet.</p> : (
        <VirtualList
          label="Lines of the timeline"
          scrolling="container"
          class="timeline-lines"
          count={rows.length}
          estimatedSize={ROW_PX}
          // The very last line comes when it runs no more.
          follow={isRunning || hasFollowed.current}
          handle={handle}
          onEnd={setIsAtEnd}
          keyOf={list.keyOf}
          row={(index) => {
            const row = rows[index];
            return row === undefined ? null : (
              <TimelineRow
                row={row}
                startMs={startMs}
                isLinked={isRowOf(row, seq)}
                onToggle={toggle}
              />
            );
          }}
        />
      )}
    </section>
  );
}
