import type { Command } from "commander";
import { RbeeError } from "../../base/rbee_error.ts";
import { isTerminal } from "../../contracts/job_event.ts";
import { type JobState, jobStateSchema, type JobView } from "../../contracts/job.ts";
import { JobClient } from "../../jobs/job_client.ts";
import { narrate } from "../../narration/narrate.ts";
import { showEnd } from "../ask.ts";
import {
  flag,
  numberFlag,
  type RunCommand,
  withOutputFlags,
  withQueenFlag,
} from "../command_context.ts";
import { EXIT } from "../exit_status.ts";
import { requireQueen } from "../queen_address.ts";
import { formatTable } from "../table.ts";

/** Adds `rbee job list|show|watch|cancel`. */
export function addJobCommand(program: Command, run: RunCommand): void {
  const job = program.command("job").description("list, show, watch and cancel jobs")
    .addHelpText("after", "\nExample:\n  rbee job list --state running");
  addList(job, run);
  addShow(job, run);
  addWatch(job, run);
  addCancel(job, run);
}

function addList(job: Command, run: RunCommand): void {
  const command = job.command("list")
    .description("list jobs, newest first")
    .addOption(flag("--state <state>", jobStateSchema.options.join(", ")))
    .addOption(numberFlag("--limit <n>", "at most so many (default: 50)"))
    .addHelpText("after", "\nExample:\n  rbee job list --state running");
  withQueenFlag(withOutputFlags(command));
  command.action((flags: { state?: JobState; limit?: number }) =>
    run(flags, [], async ({ settings, renderer }, _args, { json }) => {
      const limit = flags.limit ?? 50;
      if (limit < 1) throw new RbeeError("usage", "--limit must be at least 1");
      if (flags.state !== undefined && !jobStateSchema.safeParse(flags.state).success) {
        throw new RbeeError(
          "usage",
          `--state must be one of: ${jobStateSchema.options.join(", ")}`,
        );
      }
      const { url } = await requireQueen(settings);
      const jobs = await new JobClient(url).list({
        limit,
        ...(flags.state === undefined ? {} : { state: flags.state }),
      });
      if (json) renderer.result({ jobs });
      else renderer.lines(jobs.length === 0 ? ["No jobs"] : jobTable(jobs));
      return EXIT.ok;
    })
  );
}

function addShow(job: Command, run: RunCommand): void {
  const command = job.command("show").argument("<id>", "the id of a job")
    .description("show what is known of a job")
    .addHelpText("after", "\nExample:\n  rbee job show job-0198c0de-…");
  withQueenFlag(withOutputFlags(command));
  command.action((id: string, flags: Record<string, never>) =>
    run(flags, [id], async ({ settings, renderer }) => {
      const { url } = await requireQueen(settings);
      renderer.result(await new JobClient(url).get(id));
      return EXIT.ok;
    })
  );
}

function addWatch(job: Command, run: RunCommand): void {
  const command = job.command("watch").argument("<id>", "the id of a job")
    .description("follow a job from its begin to its end; leaving does not cancel it")
    .addOption(numberFlag("--after <n>", "begin after this event"))
    .addHelpText("after", "\nExample:\n  rbee job watch job-0198c0de-… --after 40");
  withQueenFlag(withOutputFlags(command));
  command.action((id: string, flags: { after?: number }) =>
    run(flags, [id], async ({ settings, renderer, signal }) => {
      if ((flags.after ?? 0) < 0) throw new RbeeError("usage", "--after must be at least 0");
      const { url } = await requireQueen(settings);
      const client = new JobClient(url, {
        onReconnect: ({ error }) => narrate("reconnect", error.message, { level: "warn" }),
      });
      for await (const event of client.stream(id, { after: flags.after ?? 0, signal })) {
        renderer.event(event);
        await renderer.flush({ signal });
        if (isTerminal(event)) return showEnd(event, renderer, signal);
      }
      throw new RbeeError("internal", "The stream ended without a terminal event");
    })
  );
}

function addCancel(job: Command, run: RunCommand): void {
  const command = job.command("cancel").argument("<id>", "the id of a job")
    .description("cancel a job and wait until all that it started has ended")
    .addHelpText("after", "\nExample:\n  rbee job cancel job-0198c0de-…");
  withQueenFlag(withOutputFlags(command));
  command.action((id: string, flags: Record<string, never>) =>
    run(flags, [id], async ({ settings, renderer, signal }, _args, { json }) => {
      const { url } = await requireQueen(settings);
      const client = new JobClient(url);
      const { last_seq } = await client.get(id);
      await client.cancel(id);
      for await (const event of client.stream(id, { after: last_seq, signal })) {
        if (!isTerminal(event)) continue;
        if (json) renderer.result(event);
        else renderer.lines([`Job ${id} has ended: ${event.type}`]);
      }
      return EXIT.ok;
    })
  );
}

function jobTable(jobs: readonly JobView[]): string[] {
  return formatTable(
    ["JOB", "OPERATION", "STATE", "CREATED", "TOOK", "MODEL", "ERROR"],
    jobs.map((job) => [
      job.job_id,
      job.operation,
      job.state,
      job.created_at,
      took(job),
      job.model ?? "",
      job.error?.message ?? "",
    ]),
  );
}

function took(job: JobView): string {
  if (job.started_at === null) return "";
  const end = job.finished_at === null ? Date.now() : Date.parse(job.finished_at);
  return `${((end - Date.parse(job.started_at)) / 1000).toFixed(1)} s`;
}
