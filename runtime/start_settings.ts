/** Without this file a session and the language server might start from different settings. */
import type { Settings } from "../src/stages/stage.ts";
import { SHIPPED } from "./shipped.ts";

/** The settings in which nothing was `set`, but for the seed, which each session draws. */
export const START: Settings = {
  seed: "0",
  seedGiven: false,
  model: SHIPPED,
  modelGiven: false,
  sae: [SHIPPED],
  convention: "auto",
  guard: true,
  bos: null,
  threshold: 0,
  long: "error",
  lanes: null,
  threads: null,
  batch: null,
  encode: "auto",
  cache: "disk",
  ep: "auto",
  dtype: null,
  precision: 4,
};
