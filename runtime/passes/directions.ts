/** Without this file decoder directions would be ranked, and nobody would know of which features or with which weights. */
import { emitPromotes, emitSimilar, NO_COSINE, type RankingGraph } from "../../src/emit/directions.ts";
import type { WeightRef } from "../../src/emit/specs.ts";
import type { Op, SaeRef } from "../../src/ops/op.ts";
import { CheckpointError } from "../checkpoint/error.ts";
import { usedDecoderWeights, usedUnembedding } from "../checkpoint/nonfinite.ts";
import type { RankedPart } from "../engine/port.ts";
import { createBest, type Ranked } from "../kernels/best.ts";
import { whileFinite, type ActivationContext } from "./activations.ts";
import { hostTargetOf } from "./graph_targets.ts";

type Similar = Op & { readonly op: "similar" };
type Promotes = Op & { readonly op: "promotes" };

/** Which features of one SAE are asked for, each once. */
export interface Asked {
  readonly sae: SaeRef;
  readonly features: readonly number[];
  readonly onShare: (share: number) => void;
}

/**
 * Of each feature the `count` others whose directions have the largest cosine with its own, without those that have no length; none where it has none itself.
 * @throws CheckpointError `nonfinite-weights`, EngineError; AbortError
 */
export async function similarFeatures({ count }: Similar, asked: Asked, context: ActivationContext): Promise<ReadonlyMap<number, Ranked>> {
  const { spec } = context.catalog.sae(asked.sae);
  const target = hostTargetOf(context.engine);
  const made = emitSimilar(spec, count + 1, target);
  const [nearest] = await ranked(made, usedDecoderWeights(spec), count, asked, context, (feature, id, value) => id !== feature && value !== NO_COSINE);
  return nearest!;
}

/**
 * Of each feature the tokens whose logits its direction raises most and lowers most.
 * @throws CheckpointError `nonfinite-weights`, or `missing-tensor` of a model without a head; EngineError; AbortError
 */
export async function promotedTokens({ model: ref, count, raw }: Promotes, asked: Asked, context: ActivationContext): Promise<{ readonly promoted: ReadonlyMap<number, Ranked>; readonly suppressed: ReadonlyMap<number, Ranked> }> {
  const { spec } = context.catalog.sae(asked.sae);
  const model = context.catalog.spec(ref);
  if (model.noHead !== undefined) throw new CheckpointError("missing-tensor", `tensor \`${model.noHead}\` is in none of the files of ${ref.name}: without an unembedding nothing is said of tokens`, { help: "use the checkpoint of the model with its head (…ForCausalLM)" });
  const made = emitPromotes(spec, model, { count, largest: [true, false], raw: raw === true }, hostTargetOf(context.engine));
  const [promoted, suppressed] = await ranked(made, [...usedDecoderWeights(spec), ...usedUnembedding(model)], count, asked, context, () => true);
  return { promoted: promoted!, suppressed: suppressed! };
}

async function ranked(made: RankingGraph, weights: readonly WeightRef[], count: number, { features, onShare }: Asked, context: ActivationContext, counts: (feature: number, id: number, value: number) => boolean): Promise<readonly ReadonlyMap<number, Ranked>[]> {
  const found = made.largest.map((largest) => new Map(features.map((feature) => [feature, createBest(count, largest)])));
  const take = (from: number, lists: readonly RankedPart[]): void => {
    lists.forEach(({ count: each, values, ids }, list) => {
      for (let row = 0; row * each < ids.length; row++) {
        const feature = features[from + row]!;
        const kept = Array.from({ length: each }, (_, i) => row * each + i).filter((i) => counts(feature, ids[i]!, values[i]!));
        found[list]!.get(feature)!.add(kept.map((i) => values[i]!), kept.map((i) => ids[i]!));
      }
    });
  };
  if (features.length > 0) await whileFinite(weights, context.signal, (signal) => context.engine.rank(made, { features, signal, onPart: take, onShare }));
  return found.map((list) => new Map([...list].map(([feature, best]) => [feature, best.take()])));
}
