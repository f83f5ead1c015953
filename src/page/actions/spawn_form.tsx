import type { TargetedEvent } from "preact";
import { submitJob } from "../api.ts";
import { hives, telemetry } from "../cluster.ts";
import { ActionForm } from "./action_form.tsx";
import { HiveField } from "./hive_field.tsx";
import { KV_TYPES, SPAWN_NUMBERS, spawnCommand, spawnRequest } from "./job_requests.ts";
import { ModelField } from "./model_field.tsx";

/** Asks what a worker is to be started with, and goes to the job that starts it. */
export function SpawnForm(
  { hive, model }: { hive: string | undefined; model: string | undefined },
) {
  return (
    <ActionForm
      verb="Start"
      command={(typed) => spawnCommand(spawnRequest(typed))}
      act={async (typed) => {
        const jobId = await submitJob({ ...spawnRequest(typed) });
        return `/jobs/${jobId}`;
      }}
    >
      <ModelField
        model={model}
        hint="A name from the list, hf:org/repo, https://… or the path of a GGUF file on the hive. What is not there yet is fetched first."
      />
      <HiveField hive={hive} otherwise="Whichever fits best" />
      <TextField
        name="device"
        label="Device"
        hint="Left empty: a GPU where there is one."
        choices={knownDevices()}
        pattern="auto|cpu|gpu|metal|(cuda|vulkan):[0-9]{1,3}"
      />
      <TextField
        name="engine"
        label="Engine"
        hint="Left empty: the one inside rbee, unless rbee.yaml names another."
        choices={knownEngines()}
        pattern="[a-z0-9][a-z0-9._\-]{0,62}"
      />
      <details class="more" onInvalidCapture={unfold}>
        <summary>More</summary>
        {SPAWN_NUMBERS.map(({ field, label, min }) => (
          <div class="field" key={field}>
            <label for={`action-${field}`}>{label}</label>
            <input id={`action-${field}`} name={field} type="number" min={min} step={1} />
          </div>
        ))}
        <div class="field">
          <label for="action-kv-type">Key-value cache</label>
          <select id="action-kv-type" name="kv_type">
            <option value="">As rbee.yaml says</option>
            {KV_TYPES.map((type) => <option key={type} value={type}>{type}</option>)}
          </select>
        </div>
      </details>
    </ActionForm>
  );
}

/** What is wrong in a field can be shown there alone where the field is seen. */
function unfold({ currentTarget }: TargetedEvent<HTMLDetailsElement>): void {
  currentTarget.open = true;
}

interface TextFieldProps {
  name: string;
  label: string;
  hint: string;
  choices: readonly string[];
  /** What the contract takes, so that a slip is seen before it is sent. */
  pattern: string;
}

function TextField({ name, label, hint, choices, pattern }: TextFieldProps) {
  return (
    <div class="field">
      <label for={`action-${name}`}>{label}</label>
      <input
        id={`action-${name}`}
        name={name}
        list={`action-${name}-list`}
        pattern={pattern}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        aria-describedby={`action-${name}-hint`}
      />
      <datalist id={`action-${name}-list`}>
        {choices.map((choice) => <option key={choice} value={choice} />)}
      </datalist>
      <p id={`action-${name}-hint`} class="hint">{hint}</p>
    </div>
  );
}

function knownDevices(): string[] {
  const devices = hives.value.flatMap((hive) => hive.devices.map(({ device }) => device));
  return [...new Set(["auto", "cpu", "gpu", ...devices])];
}

function knownEngines(): string[] {
  return [...new Set(["llama", ...(telemetry.value?.workers ?? []).map(({ engine }) => engine)])];
}
