import type { ComponentType, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

/**
 * Makes a view whose code is loaded when it is first shown, so that the first view of the page does not
 * bring it. Where that fails, since the queen has gone or has another page by now, it says so and offers to
 * load the page again: a browser remembers a module that it could not load.
 */
export function lateView<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
): (props: Props) => JSX.Element {
  let loaded: ComponentType<Props> | undefined;
  return function LateView(props) {
    const [View, setView] = useState(() => loaded);
    const [isMissing, setMissing] = useState(false);
    useEffect(() => {
      if (View !== undefined) return undefined;
      let isGone = false;
      load().then((view) => {
        loaded = view;
        if (!isGone) setView(() => view);
      }, () => {
        if (!isGone) setMissing(true);
      });
      return () => {
        isGone = true;
      };
    }, []);
    if (View !== undefined) return <View {...props} />;
    if (!isMissing) return <p class="late muted">Loading</p>;
    return (
      <div class="panel" role="alert">
        <p>
          This part of the page could not be loaded: the queen is not reached, or she has a newer
          page.
        </p>
        <button type="button" onClick={() => location.reload()}>Load the page again</button>
      </div>
    );
  };
}
