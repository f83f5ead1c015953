import { useEffect, useRef } from "preact/hooks";
import { DialogHost } from "./actions/dialog_host.tsx";
import { connection } from "./cluster.ts";
import { ConnectionNotice } from "./connection_notice.tsx";
import { shownJob } from "./job/shown_job.ts";
import { lateView } from "./late_view.tsx";
import { Login } from "./login.tsx";
import { Overview } from "./overview/overview.tsx";
import { type Route, route } from "./route.ts";
import { TopBar } from "./top_bar.tsx";

const Chat = lateView(async () => (await import("./chat/chat.tsx")).Chat);
const JobList = lateView(async () => (await import("./jobs/job_list.tsx")).JobList);
const JobPage = lateView(async () => (await import("./job/job_page.tsx")).JobPage);

/** The whole page. */
export function App() {
  const where = route.value;
  const title = titleOf(where);
  const heading = useRef<HTMLHeadingElement>(null);
  const isFirst = useRef(true);
  const isLocked = connection.value.kind === "locked";
  const jobId = where.view === "job" ? where.jobId : undefined;
  // What the job does is known a moment later: the same title, which says more.
  const heard = jobId === undefined || shownJob.value === undefined
    ? title
    : `${title}: ${shownJob.value}`;
  useEffect(() => {
    // The end of an id is what tells it from others of the same hour.
    document.title = isLocked
      ? "Token - rbee"
      : `${heard}${jobId === undefined ? "" : ` ${jobId.slice(-12)}`} - rbee`;
  }, [heard, jobId, isLocked]);
  useEffect(() => {
    // Who hears the page is told that it is another one; at the first one the browser does that.
    if (!isFirst.current && !isLocked) heading.current?.focus();
    isFirst.current = false;
  }, [title, jobId, isLocked]);
  return (
    <>
      <a class="skip" href="#content" onClick={skip}>Skip to the content</a>
      <TopBar />
      <ConnectionNotice />
      <main id="content" tabIndex={-1}>
        <h1 class="title" ref={heading} tabIndex={-1}>{isLocked ? "Token" : heard}</h1>
        {isLocked ? <Login /> : <View where={where} />}
      </main>
      <DialogHost />
    </>
  );
}

/** By hand, since the address may name an event of a job, which it is to keep. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

function View({ where }: { where: Route }) {
  switch (where.view) {
    case "overview":
      return <Overview />;
    case "jobs":
      return <JobList />;
    case "job":
      return <JobPage key={where.jobId} jobId={where.jobId} seq={where.seq} />;
    case "chat":
      return <Chat />;
    case "unknown":
      return (
        <p>
          There is nothing at {where.path}. <a href="/">The overview</a> shows what is there.
        </p>
      );
  }
}

function titleOf(where: Route): string {
  switch (where.view) {
    case "overview":
      return "Overview";
    case "jobs":
      return "Jobs";
    case "job":
      return "Job";
    case "chat":
      return "Chat";
    case "unknown":
      return "Not found";
  }
}
