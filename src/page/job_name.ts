/** What a job does, as it is told on all views: `infer with bee-tiny`, `hive_list`. */
export function jobName(
  { operation, model }: { operation: string; model?: string | undefined },
): string {
  return model === undefined ? operation : `${operation} with ${model}`;
}
