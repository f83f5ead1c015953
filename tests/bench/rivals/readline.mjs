// Node's readline over a child's output. Arguments: the file that the child prints, how many times.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const files = Array.from({ length: Number(process.argv[3]) }, () => process.argv[2]);
let lines = 0;
const startedMs = performance.now();
const child = spawn("cat", files, { stdio: ["ignore", "pipe", "inherit"] });
for await (const _ of createInterface({ input: child.stdout })) lines++;
const ms = performance.now() - startedMs;
process.stdout.write(JSON.stringify({ lines, ms }));
