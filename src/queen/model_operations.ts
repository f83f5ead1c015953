import {
  modelCopySchema,
  modelDeleteSchema,
  modelDownloadSchema,
  modelGetSchema,
  modelListOperationSchema,
} from "../contracts/model.ts";
import { operation, type OperationHandlers } from "../jobs/operation_handler.ts";
import { copyModel } from "./copy_model.ts";
import type { Hives } from "./hives.ts";
import { downloadModel, onHiveOfModel, storedModels } from "./models.ts";

const LIST = { kind: "total", ms: 90_000 } as const;
// Above the limits of the hives, which have the better messages.
const DOWNLOAD = { kind: "stall", ms: 720_000 } as const;
const READ = { kind: "stall", ms: 90_000 } as const;
const DELETE = { kind: "total", ms: 120_000 } as const;

/** The operations of the queen on the models of her hives. */
export function modelOperations(
  hives: Pick<Hives, "ask" | "known" | "hasMoved" | "whyLost">,
): OperationHandlers {
  return {
    model_list: operation(modelListOperationSchema, LIST, async ({ hive }) => ({
      result: { models: await storedModels(hives, hive) },
    })),
    model_download: operation(
      modelDownloadSchema,
      DOWNLOAD,
      (request, job) => downloadModel(hives, request, job),
    ),
    model_get: operation(
      modelGetSchema,
      READ,
      (request, job) => onHiveOfModel(hives, request, job),
    ),
    model_delete: operation(
      modelDeleteSchema,
      DELETE,
      (request, job) => onHiveOfModel(hives, request, job),
    ),
    model_copy: operation(
      modelCopySchema,
      DOWNLOAD,
      (request, job) => copyModel(hives, request, job),
    ),
  };
}
