/** Without this file a model that a device cannot compute would fail there under the name of an operator, and one whose heads cannot be read as an SAE wants them would be read otherwise. */
import type { DecoderSpec } from "../../src/emit/specs.ts";
import { PLACES, type Provider, type Target } from "../../src/emit/target.ts";
import type { Edit } from "../../src/ops/edit.ts";
import { expertsIn } from "../../src/emit/block.ts";
import { carriesState } from "../../src/emit/mixer.ts";
import { biasOfValues } from "../../src/emit/value_bias.ts";
import { blocksOf } from "../../src/ops/hook.ts";
import { isOfBlocks, isWithHead } from "../../src/ops/reads_of.ts";
import type { Plan, Tap } from "../../src/ops/op.ts";
import { nodes } from "../../src/optimize/rule.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { CheckpointError } from "../checkpoint/error.ts";
import { EngineError } from "../engine/port.ts";

/**
 * Why these blocks are computed on the CPU only, or null. The loop over experts that tokens chose has lists in it, which are made on the processor:
 * any device would send it what it computes. Places as large as a text is long, times a slope, are more than numbers of 16 bits hold. What turns outside of attention asks where
 * tokens stand by numbers that WebGPU has no kernel for, and so do runs of tokens and factors of queries, which no other device has been tried with. Sinks are in no attention of standard operators.
 */
function obstacleOf(model: DecoderSpec, blocks: number): string | null {
  const read = model.blocks.slice(0, blocks);
  const layer = read.findIndex((block) => expertsIn(block) !== null);
  if (layer >= 0) return `layer ${layer} chooses experts for each token, which is computed on the CPU only`;
  const sloped = read.findIndex(({ attention }) => attention.kind === "softmax" && attention.slopes !== undefined);
  if (sloped >= 0) return `layer ${sloped} adds to scores by distance, which is computed in float32 on the CPU only`;
  const chunked = read.findIndex(({ attention }) => attention.kind === "softmax" && attention.chunk !== undefined);
  if (chunked >= 0) return `layer ${chunked} sees a text in runs of tokens, which is computed on the CPU only`;
  const sharpened = read.findIndex(({ attention }) => attention.kind === "softmax" && attention.sharpening !== undefined);
  if (sharpened >= 0) return `layer ${sharpened} multiplies queries by where they stand, which is computed on the CPU only`;
  const turning = read.findIndex(({ attention }) => attention.kind === "softmax" && attention.turnedFirst === true);
  if (turning >= 0) return `layer ${turning} turns its heads before it norms them, which is computed on the CPU only`;
  const sunk = read.findIndex(({ attention }) => attention.kind === "softmax" && attention.sinks !== undefined);
  return sunk < 0 ? null : `layer ${sunk} has sinks in its attention, which is computed on the CPU only`;
}

/** Why a provider does not compute these blocks, or null. OpenVINO's plugin 1.8.1 leaves `LinearAttention` to others, nobody has seen what it makes of the state of a convolution, and nobody has seen it take the softplus that a learned activation begins with, or heads are opened by. */
function refusalOf(model: DecoderSpec, blocks: number, provider: Provider): string | null {
  if (provider === "cpu") return null;
  const obstacle = obstacleOf(model, blocks);
  if (obstacle !== null || provider !== "openvino") return obstacle;
  const read = model.blocks.slice(0, blocks);
  const carrying = read.findIndex(carriesState);
  if (carrying >= 0) return `layer ${carrying} carries a state from token to token`;
  const softened = read.findIndex(({ attention }) => attention.kind === "softmax" && attention.gate?.activation === "softplus");
  if (softened >= 0) return `layer ${softened} opens its heads by a softplus`;
  const learned = read.findIndex(({ mlp }) => mlp.kind === "plain" && typeof mlp.activation !== "string");
  return learned < 0 ? null : `layer ${learned} has an activation with numbers of its own`;
}

/** @throws EngineError `no-provider` */
export function requireComputable(model: DecoderSpec, blocks: number, { provider }: Target): void {
  const obstacle = refusalOf(model, blocks, provider);
  if (obstacle !== null) throw new EngineError("no-provider", `${PLACES[provider]} does not compute ${model.architecture}: ${obstacle}`, "set ep cpu");
}

/** OpenVINO computes in bfloat16 what is one subgraph, and an encoder in the middle of it would not be float32. @throws EngineError `no-provider` */
export function requireEditable({ edits = [] }: { readonly edits?: readonly Edit[] }, { provider }: Target): void {
  if (provider !== "openvino" || edits.length === 0) return;
  throw new EngineError("no-provider", `${PLACES[provider]} does not compute a model that is edited: the SAE's part would not be in float32`, "set ep cpu");
}

/** Why a plan runs on the CPU only, or null: `auto` then takes no device for it. */
export function onlyOnCpu(plan: Plan, { spec }: Pick<Catalog, "spec">): string | null {
  for (const { op } of nodes(plan)) {
    if (!isOfBlocks(op)) continue;
    const model = spec(op.model);
    const obstacle = obstacleOf(model, isWithHead(op) ? model.blocks.length : blocksOf(op));
    if (obstacle !== null) return obstacle;
  }
  return null;
}

/**
 * Value biases are taken off heads whose attention adds up to one: a sink or a gate leaves each row another part of it. Where values are clipped, a part of a bias may be too.
 * @throws CheckpointError `unsupported-sae`
 */
export function requireSeparable(model: DecoderSpec, places: readonly Pick<Tap, "layer" | "folded" | "sae">[]): void {
  const tap = places.find(({ layer, folded }) => folded !== undefined && reasonOf(model, layer) !== null);
  if (tap === undefined) return;
  throw new CheckpointError("unsupported-sae", `${tap.sae?.name ?? "the SAE"} was trained on z without the value biases of the heads, and in ${model.architecture} they are in every row in another part`, {
    notes: [reasonOf(model, tap.layer) as string],
    help: 'set sae "…"',
  });
}

function reasonOf({ blocks }: DecoderSpec, layer: number): string | null {
  const attention = blocks[layer]?.attention;
  if (attention?.kind !== "softmax" || biasOfValues(attention.qkv) === null) return null;
  if (attention.gate !== undefined) return "its heads are multiplied by what each token opens them by";
  if (attention.sinks !== undefined) return "its heads have sinks, which take a part of the attention that has no value";
  return attention.clip === undefined ? null : `its values are kept between −${attention.clip} and ${attention.clip} once their biases are added`;
}
