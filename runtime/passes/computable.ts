/** Without this file a model that a device cannot compute would fail there under the name of an operator. */
import type { DecoderSpec } from "../../src/emit/specs.ts";
import { PLACES, type Target } from "../../src/emit/target.ts";
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
