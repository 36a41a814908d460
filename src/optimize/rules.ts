/** Without this file the order of the rules would be nobody's decision. */
import { cutModel } from "./cut_model.ts";
import { fuseEncode } from "./fuse_encode.ts";
import { pruneFeatures } from "./prune_features.ts";
import { pushAggregates } from "./push_aggregates.ts";
import { pushSaves } from "./push_saves.ts";
import { pushSlice } from "./push_slice.ts";
import type { Rule } from "./rule.ts";
import { shareForward } from "./share_forward.ts";

/** Encoders first, so that passes that differ only in their SAE are still shared as one pass with more taps. */
export const RULES: readonly Rule[] = [fuseEncode, shareForward, cutModel, pushSlice, pushAggregates, pruneFeatures];

/** The same for programs of which nobody asks what a `save` passes on: it need not be held. */
export const UNSEEN_RULES: readonly Rule[] = [...RULES, pushSaves];
