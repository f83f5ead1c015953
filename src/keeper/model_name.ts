import { resolve } from "node:path";

/** The name of a model as it is sent: a relative path is relative to the person's own folder. */
export function modelName(model: string): string {
  const isPath = /^\.{1,2}\//.test(model) ||
    /\.gguf$/i.test(model) && !/^(\/|hf:|https?:)/.test(model);
  return isPath ? resolve(model) : model;
}
