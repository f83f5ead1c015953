import { bytesText, countText } from "../quantities.ts";

type Fields = Record<string, unknown>;

/**
 * Says the result of an operation in a sentence; undefined where it is none that is known here, or not of
 * the form that it usually has.
 */
export function resultSentence(operation: string, result: unknown): string | undefined {
  if (typeof result !== "object" || result === null || Array.isArray(result)) return undefined;
  const fields = result as Fields;
  switch (operation) {
    case "infer": {
      const { model, hive, worker_id: worker } = fields;
      if (!areTexts(model, hive, worker)) return undefined;
      return `${model} answered on hive ${hive}, by ${worker}.`;
    }
    case "embed": {
      const vectors = listOf(fields["embeddings"]);
      const [first] = vectors ?? [];
      if (vectors === undefined || !Array.isArray(first)) return undefined;
      return `${countText(vectors.length, "vector")} of ${countText(first.length, "number")}.`;
    }
    case "worker_spawn":
    case "worker_stop": {
      const { worker_id: worker, model, hive, state } = fields;
      if (!areTexts(worker, model, hive, state)) return undefined;
      return `${worker} of ${model} on hive ${hive} is ${state}.`;
    }
    case "model_download":
    case "model_get":
    case "model_copy": {
      const { name, hive, bytes } = fields;
      if (!areTexts(name, hive) || typeof bytes !== "number") return undefined;
      return `${name} is stored on hive ${hive}: ${bytesText(bytes)}.`;
    }
    case "model_list":
      return listSentence(fields["models"], "model");
    case "worker_list":
      return listSentence(fields["workers"], "worker");
    case "status":
    case "hive_list":
      return listSentence(fields["hives"], "hive");
    default:
      return undefined;
  }
}

function listSentence(list: unknown, word: string): string | undefined {
  const items = listOf(list);
  return items === undefined ? undefined : `${countText(items.length, word)}.`;
}

function listOf(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

function areTexts(...values: unknown[]): boolean {
  return values.every((value) => typeof value === "string");
}
