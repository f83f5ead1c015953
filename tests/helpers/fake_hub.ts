import { createHash } from "node:crypto";
import { FileServer, type ServedFile } from "./file_server.ts";

/** The commit that the hub is at. */
const REVISION = "0123456789abcdef0123456789abcdef01234567";
const DEMO = new URL("../../src/models/demo_model/bee-tiny.gguf", import.meta.url);

/** What a repository is made of, by path. */
export type HubFiles = Record<string, Partial<ServedFile> & { sha256?: string; size?: number }>;

/** A hub of models on this machine, in the form of `HF_ENDPOINT`. */
export class FakeHub implements AsyncDisposable {
  readonly server: FileServer;

  private constructor(server: FileServer) {
    this.server = server;
  }

  /** A hub that has the demo model as `hf:bees/tiny`. */
  static async start(): Promise<FakeHub> {
    const hub = new FakeHub(await FileServer.start());
    const bytes = await Deno.readFile(DEMO);
    hub.add("bees/tiny", {
      "README.md": { bytes: new TextEncoder().encode("# bees") },
      "bee-tiny-F16.gguf": { bytes },
    });
    return hub;
  }

  get url(): string {
    return this.server.url;
  }

  /** The environment by which it is found, as a store reads it. */
  env = (name: string): string | undefined => name === "HF_ENDPOINT" ? this.url : undefined;

  /** Where a file is got. */
  pathOf(repo: string, path: string): string {
    return `/${repo}/resolve/${REVISION}/${path}`;
  }

  /** The file as it is served. */
  file(repo: string, path: string): ServedFile {
    return this.server.files.get(this.pathOf(repo, path))!;
  }

  add(repo: string, files: HubFiles): void {
    const siblings = Object.entries(files).map(([path, { sha256, size, ...file }]) => {
      const bytes = file.bytes ?? new Uint8Array();
      this.server.files.set(this.pathOf(repo, path), { ...file, bytes });
      const sum = sha256 ?? createHash("sha256").update(bytes).digest("hex");
      const length = size ?? bytes.length;
      return { rfilename: path, size: length, lfs: { sha256: sum, size: length } };
    });
    const list = new TextEncoder().encode(JSON.stringify({ id: repo, sha: REVISION, siblings }));
    this.server.files.set(`/api/models/${repo}?blobs=true`, { bytes: list, ranges: false });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }
}
