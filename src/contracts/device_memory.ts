/** Whether a device has memory of its own. The processor has the machine's, which a GPU of Apple uses, too. */
export function hasOwnMemory({ kind }: { kind: string }): boolean {
  return kind !== "cpu" && kind !== "metal";
}
