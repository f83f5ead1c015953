/** `deno task bench`: measures and prints. Speed is looked at here and nowhere else. */
import { benchCancel } from "./cancel.ts";
import { benchCapture, benchCaptureStream } from "./capture.ts";
import { benchExecutable } from "./executable_bench.ts";
import { benchFlood } from "./flood.ts";
import { benchJournal } from "./journal.ts";
import { benchNarration } from "./narration.ts";
import { benchOpenAi } from "./openai.ts";
import { benchPage } from "./page.ts";
import { benchWatch } from "./watch.ts";
import { benchWorkers } from "./workers.ts";
import { benchJobs, benchLive, benchReplay } from "./streams.ts";

await benchNarration();
await benchCapture();
await benchCaptureStream();
await benchReplay();
await benchLive();
await benchJournal();
await benchJobs();
await benchWatch();
await benchPage();
await benchCancel();
await benchWorkers();
await benchOpenAi();
await benchFlood();
await benchExecutable();
