import { serveBench } from "../serve_bench.ts";

/** Answers every request with 404 and nothing else, as cheaply as Deno can. */
await serveBench(() => new Response(null, { status: 404 }));
