import { connection, isAdmin, viewer } from "./cluster.ts";
import { route } from "./route.ts";
import { isTokenKept, sessionToken, useToken } from "./session_token.ts";

const VIEWS = [
  { path: "/", name: "Overview", views: ["overview"] },
  { path: "/jobs", name: "Jobs", views: ["jobs", "job"] },
  { path: "/chat", name: "Chat", views: ["chat"] },
] as const;

/** The name, the ways to the views, and whether what is shown is live. */
export function TopBar() {
  const { view } = route.value;
  return (
    <header class="top-bar">
      <a class="brand" href="/">rbee</a>
      <nav aria-label="Views">
        {VIEWS.map(({ path, name, views }) => (
          <a
            key={path}
            href={path}
            aria-current={(views as readonly string[]).includes(view) ? "page" : undefined}
          >
            {name}
          </a>
        ))}
      </nav>
      <p class="connection" data-state={connection.value.kind} role="status">
        {connectionText()}
      </p>
      {sessionToken.value !== undefined && (
        <button
          type="button"
          class="quiet"
          onClick={() => useToken(undefined)}
        >
          Forget the token{isTokenKept.value ? "" : " (a reload does, too)"}
        </button>
      )}
    </header>
  );
}

function connectionText(): string {
  switch (connection.value.kind) {
    case "connecting":
      return "Connecting";
    case "live": {
      const version = viewer.value === undefined ? "" : ` to rbee ${viewer.value.version}`;
      return `Connected${version}${
        viewer.value !== undefined && !isAdmin.value ? ", for inference" : ""
      }`;
    }
    case "locked":
      return "Needs a token";
    case "lost":
      return "Not connected";
  }
}
