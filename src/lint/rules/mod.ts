/** Without this file the rules could not be listed. */
import type { LintRule } from "../rule.ts";
import { constantCondition } from "./constant_condition.ts";
import { floatEquality } from "./float_equality.ts";
import { missingEdition } from "./missing_edition.ts";
import { pathEscape } from "./path_escape.ts";
import { quotedParam } from "./quoted_param.ts";
import { shadowedColumn } from "./shadowed_column.ts";
import { shadowedName } from "./shadowed_name.ts";
import { sortAfterTake } from "./sort_after_take.ts";
import { sortAfterTop } from "./sort_after_top.ts";
import { undocumentedParam } from "./undocumented_param.ts";
import { unseededSample } from "./unseeded_sample.ts";
import { unusedDef } from "./unused_def.ts";
import { unusedLet } from "./unused_let.ts";
import { unusedParam } from "./unused_param.ts";

/** Every rule, by the alphabet. */
export const LINT_RULES: readonly LintRule[] = [
  constantCondition, floatEquality, missingEdition, pathEscape, quotedParam, shadowedColumn, shadowedName, sortAfterTake, sortAfterTop, undocumentedParam, unseededSample, unusedDef, unusedLet, unusedParam,
];
