/** Without this file a model that a device cannot compute would fail there under the name of an operator, and one whose heads cannot be read as an SAE wants them would be read otherwise. */
import type { DecoderSpec } from "../../src/emit/specs.ts";
import { PLACES, type Target } from "../../src/emit/target.ts";
import type { Tap } from "../../src/ops/op.ts";
import { CheckpointError } from "../checkpoint/error.ts";
import { EngineError } from "../engine/port.ts";

/**
 * The loop over experts that tokens chose has lists in it, which are made on the processor: of the other providers each would send it what it computes.
 * @throws EngineError `no-provider`
 */
export function requireComputable(model: DecoderSpec, blocks: number, { provider }: Target): void {
  if (provider === "cpu") return;
  const layer = model.blocks.slice(0, blocks).findIndex(({ mlp }) => mlp.kind === "experts");
  if (layer >= 0) throw new EngineError("no-provider", `${PLACES[provider]} does not compute ${model.architecture}: layer ${layer} chooses experts for each token, which is computed on the CPU only`, "set ep cpu");
}

/**
 * Value biases are taken off heads whose attention adds up to one: a sink leaves each row another part of it.
 * @throws CheckpointError `unsupported-sae`
 */
export function requireSeparable(model: DecoderSpec, taps: readonly Tap[]): void {
  const tap = taps.find(({ layer, folded }) => folded !== undefined && holdsBack(model, layer));
  if (tap === undefined) return;
  throw new CheckpointError("unsupported-sae", `${tap.sae?.name ?? "the SAE"} was trained on z without the value biases of the heads, and in ${model.architecture} they are in every row in another part`, {
    notes: ["its heads have sinks, which take a part of the attention that has no value"],
    help: 'set sae "…" to one without `fold_value_biases`',
  });
}

function holdsBack({ blocks }: DecoderSpec, layer: number): boolean {
  const attention = blocks[layer]?.attention;
  return attention?.kind === "softmax" && attention.sinks !== undefined && ("all" in attention.qkv ? attention.qkv.all : attention.qkv.v).bias !== null;
}
