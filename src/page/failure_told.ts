import { ApiError } from "./api.ts";

/**
 * What a person is told of something that was thrown: a refusal in the queen's words. Anything else is a
 * defect of the page, which the browser's console gets as well.
 */
export function failureTold(error: unknown): { code: string; message: string } {
  if (error instanceof ApiError) return { code: error.code, message: error.message };
  reportError(error);
  const what = error instanceof Error ? error.message : `${error}`;
  return { code: "page_failed", message: `The page itself has failed: ${what}` };
}
