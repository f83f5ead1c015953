import assert from "node:assert/strict";
import { untilAborted } from "../../src/base/delay.ts";
import { inferSchema } from "../../src/contracts/operation.ts";
import { JobClient } from "../../src/jobs/job_client.ts";
import { openKeptJobs } from "../../src/jobs/kept_jobs.ts";
import { operation } from "../../src/jobs/operation_handler.ts";
import { startRoleServer } from "../../src/jobs/role_server.ts";
import { JobReader } from "../helpers/job_reader.ts";
import { journalSettings } from "../helpers/kept_role.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { ToldText } from "../helpers/told_text.ts";

const MARK = "xylomarigoldquartz";

for (const kind of ["total", "stall"] as const) {
  Deno.test(`what a job was asked that takes longer than its ${kind} limit is told to nobody and kept nowhere`, async () => {
    await using folder = await TemporaryFolder.make();
    using narration = new RecordedNarration();
    const told = new ToldText(MARK);
    {
      await using kept = openKeptJobs(folder.join("jobs.sqlite"), journalSettings());
      const infer = operation(inferSchema, { kind, ms: 20 }, async (_request, job) => {
        await untilAborted(job.signal);
        throw job.signal.reason;
      });
      const server = startRoleServer({
        role: "queen",
        host: "127.0.0.1",
        port: 0,
        handlers: { infer },
        registry: kept.registry,
      });
      try {
        const client = new JobClient(server.url);
        const { job_id } = await client.submit({
          operation: "infer",
          model: "bee-tiny",
          prompt: `Tell me of ${MARK}.`,
          stop: [MARK],
        });
        const end = await new JobReader(client, job_id).end;
        assert.ok(end.type === "error" && end.code === "timeout", JSON.stringify(end));
        await told.lookAtJobs(client);
      } finally {
        await server.close();
      }
    }
    told.look("the narration", JSON.stringify(narration.records));
    await told.lookAtFiles(folder.path, () => false);
    assert.deepEqual(told.places, []);
  });
}
