import { hives } from "../cluster.ts";

/** The field for a hive, of those that the queen knows. */
export function HiveField({ hive, otherwise }: { hive: string | undefined; otherwise: string }) {
  const names = hives.value.map(({ name }) => name);
  // A hive that went away while the dialog was opened stays what was asked for.
  const known = hive === undefined || names.includes(hive) ? names : [hive, ...names];
  return (
    <div class="field">
      <label for="action-hive">Machine (hive)</label>
      <select id="action-hive" name="hive">
        <option value="" selected={hive === undefined}>{otherwise}</option>
        {known.map((name) => (
          <option key={name} value={name} selected={name === hive}>{name}</option>
        ))}
      </select>
    </div>
  );
}
