import { countText, durationText } from "../quantities.ts";
import { offsetText } from "./offset_text.ts";
import type { Course, Step } from "./steps.ts";

/** How many steps are drawn; the others are counted. */
const MAX_STEPS = 200;
/** From where on clocks are said to differ: below it, lines may simply have come in another order. */
const MIN_SKEW_MS = 250;

/** Who did what, from when, and how long, as bars on one axis of time and in words. */
export function Waterfall({ course }: { course: Course }) {
  const { steps, startMs, endMs, skewMs } = course;
  if (steps.length === 0) return null;
  const spanMs = Math.max(1, endMs - startMs);
  const shown = steps.slice(0, MAX_STEPS);
  return (
    <section class="panel" aria-labelledby="job-steps">
      <h2 id="job-steps">Steps</h2>
      <div class="steps-axis" aria-hidden="true">
        <span>0</span>
        <span>{durationText(spanMs / 2)}</span>
        <span>{durationText(spanMs)}</span>
      </div>
      <ol class="steps">
        {shown.map((step) => (
          <StepRow
            key={`${step.seq ?? "wait"}`}
            step={step}
            startMs={startMs}
            spanMs={spanMs}
          />
        ))}
      </ol>
      {steps.length > shown.length && (
        <p class="muted">{countText(steps.length - shown.length, "later step")} not drawn.</p>
      )}
      <p class="hint">
        Where a bar is hollow, no line came: the step is taken to last until the next one.
      </p>
      {skewMs >= MIN_SKEW_MS && (
        <p class="hint">
          The clocks of these machines differ by {durationText(skewMs)}{" "}
          at least, and so do times of different machines.
        </p>
      )}
    </section>
  );
}

function StepRow({ step, startMs, spanMs }: { step: Step; startMs: number; spanMs: number }) {
  const { actor, action, text, until, seq } = step;
  const afterMs = step.startMs - startMs;
  const lastsMs = step.endMs - step.startMs;
  const saidMs = step.saidMs - step.startMs;
  return (
    <li data-role={actor.split(":")[0]} title={text}>
      <span class="step-actor">{actor}</span>
      <span class="step-action">
        {seq === undefined ? action : <a href={`#seq-${seq}`}>{action}</a>}
      </span>
      <span class="step-times">
        <span class="step-begin">
          <span class="hidden-visually">begins after</span> {offsetText(afterMs)}
        </span>
        <span class="step-lasts">
          {until === "moment" ? "a moment" : (
            <>
              <span class="hidden-visually">{until === "now" ? "goes on for" : "takes"}</span>{" "}
              {durationText(lastsMs)}
              {until === "now" && <span aria-hidden="true">&#32;so far</span>}
            </>
          )}
        </span>
      </span>
      <span class="step-track" aria-hidden="true">
        <span class="step-bar" data-until={until} style={part(afterMs, lastsMs, spanMs)} />
        <span class="step-said" style={part(afterMs, saidMs, spanMs)} />
      </span>
    </li>
  );
}

function part(fromMs: number, lastsMs: number, spanMs: number) {
  // At the very end there is still room for the least that is drawn.
  return {
    left: `min(${(fromMs / spanMs) * 100}%, 100% - 3px)`,
    width: `${(lastsMs / spanMs) * 100}%`,
  };
}
