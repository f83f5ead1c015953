/** `deno task bench`: measures and prints. Speed is looked at here and nowhere else. */
import { benchCancel } from "./cancel.ts";
import { benchJournal } from "./journal.ts";
import { benchNarration } from "./narration.ts";
import { benchJobs, benchLive, benchReplay } from "./streams.ts";

await benchNarration();
await benchReplay();
await benchLive();
await benchJournal();
await benchJobs();
await benchCancel();
