/** Without this file an SAE could be applied to activations it was not trained on. */
import type { Plan, Tap } from "../../ops/op.ts";
import type { ColumnSchema } from "../../ops/schema.ts";
import { source } from "../../ops/key.ts";
import { TOKEN_COLUMNS } from "./documents.ts";
import type { Lowering, ModelFacts, SaeFacts } from "../stage.ts";

export const ACTS_COLUMNS: readonly ColumnSchema[] = [
  ...TOKEN_COLUMNS,
  { name: "feature", type: "int" },
  { name: "value", type: "float" },
];

/** dense → acts, with every fact on which model and SAE could disagree checked first. */
export function encoded(context: Lowering, dense: Plan): Plan | null {
  const model = context.model();
  const saes = context.saes();
  if (model === null || saes.length === 0) return null;
  const forward = source(dense).op;
  if (forward.op !== "forward") throw new Error(`encode on ${forward.op}`);
  const chosen: SaeFacts[] = [];
  for (const tap of forward.taps) {
    const sae = saeFor(context, model, saes, tap);
    if (sae === null) return null;
    chosen.push(sae);
  }
  if (!bosAgrees(context, dense, chosen)) return null;
  const several = forward.taps.length > 1;
  return context.node(
    { op: "encode", saes: chosen.map(({ ref }) => ref) },
    [dense],
    { ...dense.schema, kind: "acts", columns: several ? [{ name: "layer", type: "int" }, ...ACTS_COLUMNS] : ACTS_COLUMNS },
  );
}

/** The SAE trained on exactly this hook. A near hook is never substituted. */
function saeFor(context: Lowering, model: ModelFacts, saes: readonly SaeFacts[], tap: Tap): SaeFacts | null {
  const match = saes.find((sae) => sae.layer === tap.layer && sae.hook === tap.hook);
  if (match === undefined) {
    const first = saes[0]!;
    const layers = saes.map((sae) => sae.layer ?? "any").join(", ");
    const hookDiffers = saes.some((sae) => sae.layer === tap.layer);
    context.report({
      code: "hook-mismatch",
      message: hookDiffers
        ? `this SAE reads ${first.hook ?? first.hookName}, you asked for ${tap.hook}`
        : `${saes.length === 1 ? "this SAE reads" : "these SAEs read"} layer ${layers}, you asked for layer ${tap.layer}`,
      span: context.at(hookDiffers && context.given("hook") ? "hook" : "layer"),
      notes: saes.map((sae) => `${sae.ref.name} was trained on ${sae.hookName}, d_in ${sae.dIn}`),
      help: first.layer === null ? 'set sae "…"' : `set sae "…" for layer ${tap.layer}, or: acts layer ${first.layer}`,
    });
    return null;
  }
  if (match.dIn !== model.hiddenSize) {
    context.report({
      code: "sae-width-mismatch",
      message: `this SAE reads vectors of ${match.dIn} numbers, but the model's have ${model.hiddenSize}`,
      notes: [`${match.ref.name}: d_in ${match.dIn}`, `${model.ref.name}: hidden size ${model.hiddenSize}`],
      help: 'set model "…" to the model that the SAE was trained on',
    });
    return null;
  }
  return match;
}

function bosAgrees(context: Lowering, dense: Plan, saes: readonly SaeFacts[]): boolean {
  const tokens = source(source(dense).inputs[0]!).op;
  if (tokens.op !== "tokenize") return true;
  const other = saes.find((sae) => sae.prependBos !== tokens.bos);
  if (other === undefined || context.settings.bos !== null) return true;
  context.report({
    code: "bos-mismatch",
    message: `the SAE was trained ${other.prependBos ? "with" : "without"} a beginning-of-text token, the tokenizer ${tokens.bos ? "adds one" : "adds none"}`,
    notes: [`${other.ref.name}: prepend_bos ${other.prependBos}`],
    help: `set bos ${other.prependBos}`,
  });
  return false;
}
