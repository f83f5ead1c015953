/** `deno task bench`: measures and prints. Speed is looked at here and nowhere else. */
import { benchNarration } from "./narration.ts";

await benchNarration();
