import { freePort } from "../../../src/process/free_port.ts";
import type { ChatTarget } from "../answer_stream.ts";
import { untilItListens } from "./until_it_listens.ts";

/** nginx as a plain reverse proxy, with files of its own. */
export interface Rival extends AsyncDisposable {
  target: ChatTarget;
}

/** Starts Debian's nginx in front of `upstream`; undefined where it is not installed. */
export async function startNginx(upstream: string): Promise<Rival | undefined> {
  const folder = await Deno.makeTempDir({ prefix: "rbee-bench-" });
  const port = freePort();
  await Deno.writeTextFile(`${folder}/nginx.conf`, configuration(folder, port, upstream));
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command("nginx", {
      args: ["-p", folder, "-e", "stderr", "-c", `${folder}/nginx.conf`],
      stdout: "null",
      stderr: "null",
      env: { PATH: `${Deno.env.get("PATH")}:/usr/sbin` },
    }).spawn();
  } catch (error) {
    await Deno.remove(folder, { recursive: true });
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  await untilItListens(port, child);
  return {
    target: { name: "nginx, worker", baseUrl: `http://127.0.0.1:${port}/v1` },
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

function configuration(folder: string, port: number, upstream: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(" ");
  return `daemon off; master_process off; pid ${folder}/nginx.pid;
events { worker_connections 2048; }
http {
  access_log off; ${temporary}
  upstream worker { server ${new URL(upstream).host}; keepalive 64; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://worker;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_buffering off;
    }
  }
}
`;
}
