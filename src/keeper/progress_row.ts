import stringWidth from "string-width";
import { singleLine } from "../base/single_line.ts";
import type { NarrationRecord, Progress } from "../contracts/narration_record.ts";
import { paintNarration } from "../narration/color.ts";
import { formatNarrationText } from "../narration/text_format.ts";

/** Narration of something that is under way, its total known. */
export type UnderWay =
  & Pick<NarrationRecord, "actor" | "action" | "human" | "level">
  & { progress: Progress };

/** How wide the terminal is, and whether it gets colour. */
export interface RowOptions {
  columns: number;
  color: boolean;
}

// From so many columns on there is room for all that is said of a download.
const WIDE_COLUMNS = 120;
const WIDE_BAR = 20;
const BAR = 10;
// Below that, what is said is worth more than the bar and who says it.
const LEAST_SENTENCE = 20;
const LEAST_NAME = 12;
const CUT = "…";

const letters = new Intl.Segmenter();

/**
 * Draws what is under way as one row that never reaches the terminal's last column: who speaks, a bar,
 * and the sentence. Where it does not fit, the action is left out, then the name is cut, which
 * stands before the sentence's last colon, then what is behind it; at last the bar is left out.
 */
export function progressRow(record: UnderWay, { columns, color }: RowOptions): string {
  const { current, total } = record.progress;
  const human = singleLine(record.human);
  const isWide = columns >= WIDE_COLUMNS;
  const bar = drawBar(current / total, isWide ? WIDE_BAR : BAR);
  const head = formatNarrationText({ ...record, human: "" });
  const end = head.indexOf("]") + 1;
  const action = isWide ? head.slice(end) : " ";
  const width = columns - 1;
  const room = width - end - action.length - bar.length - 1;
  if (room < LEAST_SENTENCE) return fit(human, width);
  // It is drawn again and again, so that it does not turn faint between one step and the next.
  const level = record.level === "debug" ? "info" : record.level;
  const sentence = `${bar} ${fit(human, room)}`;
  return paintNarration({ ...record, level, human: sentence }, { color })
    .replace(head.slice(end), () => action);
}

/** `[=====>    ]` */
function drawBar(share: number, cells: number): string {
  const full = Math.min(cells - 1, Math.floor(share * cells));
  return `[${"=".repeat(full)}>${" ".repeat(cells - 1 - full)}]`;
}

function fit(sentence: string, width: number): string {
  const colon = sentence.lastIndexOf(": ");
  if (colon < 0) return cut(sentence, width);
  const how = sentence.slice(colon);
  const room = Math.max(LEAST_NAME, width - stringWidth(how));
  const name = cut(sentence.slice(0, colon), Math.min(room, width));
  return name + cut(how, width - stringWidth(name));
}

/** As much of the begin of `text` as fits, and the mark that it is cut where there is room for it. */
function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let kept = "";
  let left = width - stringWidth(CUT);
  for (const { segment } of letters.segment(text)) {
    left -= stringWidth(segment);
    if (left < 0) break;
    kept += segment;
  }
  return width < 1 ? "" : kept + CUT;
}
