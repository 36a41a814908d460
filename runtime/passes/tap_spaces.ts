/** Without this file nobody would know under which name lies what a tap of the model gave for a text. */
import { blocksNeeded } from "../../src/ops/hook.ts";
import type { WeightRef } from "../../src/emit/specs.ts";
import type { Tap } from "../../src/ops/op.ts";
import { forwardGraphOf, type ActivationContext, type Forward } from "./activations.ts";
import { weightsOfEdits } from "./editing.ts";
import { placeOf } from "./graph_targets.ts";
import type { Space } from "../cache/space_segments.ts";
import { spaceOf, tapName } from "../cache/spaces.ts";
import { usedSaeWeights, usedWeights } from "../checkpoint/nonfinite.ts";
import type { Document } from "../engine/port.ts";

/** Where what a tap gives is kept: in the space of the graph that reads this tap alone, so that passes with other taps find it too. */
export function tapSpaces(op: Forward, context: Pick<ActivationContext, "catalog" | "graphs" | "engine" | "residuals" | "guard">): readonly Space[] {
  return op.taps.map((tap) => {
    const blocks = blocksNeeded(tap);
    const graph = forwardGraphOf({ ...op, taps: [tap], blocks, slice: "inside" }, context.catalog, context.graphs, placeOf(context.engine));
    return spaceOf(graph, weightsOf(op, [tap], blocks, context), context.engine.options, tapName(op, tap, context.guard.on), tap.sae === null && !context.residuals);
  });
}

/** What a pass maps for these taps. */
export function weightsOf(op: Forward, taps: readonly Tap[], blocks: number | null, { catalog }: Pick<ActivationContext, "catalog">): readonly WeightRef[] {
  const spec = catalog.spec(op.model);
  return [...usedWeights(spec, blocks ?? spec.blocks.length, false), ...taps.flatMap((tap) => (tap.sae === null ? [] : usedSaeWeights(catalog.sae(tap.sae).spec))), ...weightsOfEdits(op, catalog)];
}

/** Whether it is certain, without any text, that nothing is kept of what a pass would give. */
export function nothingKept(op: Forward, context: Parameters<typeof tapSpaces>[1] & Pick<ActivationContext, "store">): boolean {
  if (context.store.empty([])) return true;
  const [spaces, whole] = [tapSpaces(op, context), tapSpaces(allFeatures(op), context)];
  return context.store.empty([...spaces, ...whole]);
}

/** Where what the taps of a pass give is kept, and where what they would give of all features. */
export type Spaces = readonly [own: readonly Space[], whole: readonly Space[]];

/** As they are now, what other processes wrote included. */
export function spacesOf(op: Forward, context: ActivationContext): Spaces {
  const own = tapSpaces(op, context);
  const whole = op.taps.some(({ features }) => features !== undefined) ? tapSpaces(allFeatures(op), context) : own;
  context.store.refresh([...new Set([...own, ...whole])]);
  return [own, whole];
}

/** Whether something is still to be read of these documents at the tap of a later line. */
export function isNew(op: Forward, tap: Tap, documents: readonly Document[], context: ActivationContext): boolean {
  const [own, whole] = spacesOf({ ...op, taps: [tap] }, context);
  return documents.some((document) => !context.store.has(own, document) && !context.store.has(whole, document));
}

/** The same pass with all features of its SAEs. */
function allFeatures(op: Forward): Forward {
  return { ...op, taps: op.taps.map(({ features: _, ...tap }) => tap) };
}
