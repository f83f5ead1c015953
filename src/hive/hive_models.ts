import { ListedModels } from "./listed_models.ts";
import { ModelReceipts } from "./model_receipts.ts";
import { ModelStore, type ModelStoreOptions } from "./model_store.ts";
import { StoredModels } from "./stored_models.ts";
import type { WorkerLifecycle } from "./worker_lifecycle.ts";

/** All that a hive does with models, but running them. */
export interface HiveModels {
  store: ModelStore;
  stored: StoredModels;
  receipts: ModelReceipts;
  listed: ListedModels;
}

/** What a hive's models are made of. */
export interface HiveModelsOptions extends Omit<ModelStoreOptions, "onChange"> {
  hive: string;
  workers: Pick<WorkerLifecycle, "running">;
  /** Called when another model is whole, or one has gone. Default: nothing. */
  onListed?: () => void;
}

/** Puts the parts for a hive's models together. */
export function hiveModels(options: HiveModelsOptions): HiveModels {
  const { hive, workers, onListed = () => {}, ...storeOptions } = options;
  const store: ModelStore = new ModelStore({ ...storeOptions, onChange: () => listed.look() });
  const listed = new ListedModels({ store, onChange: onListed });
  return {
    store,
    stored: new StoredModels({ hive, store, workers }),
    receipts: new ModelReceipts(store),
    listed,
  };
}
