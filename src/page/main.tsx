import { render } from "preact";
import { App } from "./app.tsx";
import { startLiveStream } from "./live_stream.ts";
import { followAddress } from "./route.ts";

const root = document.getElementById("app");
if (root === null) throw new Error("The page has no element for the program");
followAddress();
startLiveStream();
render(<App />, root);
