import { z } from "zod";

/** Where a model runs. `auto` takes a GPU where there is one; `gpu` insists on one. */
export const deviceSchema = z.string().regex(
  /^(auto|cpu|gpu|metal|cuda:\d{1,3}|vulkan:\d{1,3})$/,
  "must be auto, cpu, gpu, cuda:N, vulkan:N or metal",
);
