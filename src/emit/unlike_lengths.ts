/** Without this file each part that goes on with texts would judge for itself which of them may go on together. */
import { carriesState } from "./mixer.ts";
import type { DecoderSpec } from "./specs.ts";
import type { Dtype, Provider, Target } from "./target.ts";

/** Which calls of a continuation take texts of unlike lengths: all, or all but the first; null: none. `note`: what becomes of texts then, and why, for people; null where nothing stands against any. */
export interface UnlikeLengths {
  readonly calls: "all" | "steps" | null;
  readonly note: string | null;
}

/** How attention is computed in a continuation. */
type Form = "operator" | "fused" | "standard" | "plugin";

function formOf({ provider, dtype }: Target): Form {
  const forms: Readonly<Record<Provider, (dtype: Dtype) => Form>> = { cpu: () => "operator", webgpu: () => "standard", cuda: (of) => (of === "f32" ? "standard" : "fused"), openvino: () => "plugin" };
  return forms[provider](dtype);
}

/**
 * Why a form of attention sees one length only; null: it does not. One row a form, one column what the layers of a model do:
 *   operator  of the CPU: takes each text's own length (`seqlens_k`), tested bit by bit
 *   standard  places and masks of our own (`lowering/own_places.ts`)
 *   fused     CUDA's operator for half precision takes `seqlens_k` in each of its kernels; the one for heads and cards that no other fits counts windows from the longest text
 *   plugin    only ever tried with one length
 */
const AGAINST: Readonly<Record<Form, { readonly whole: string | null; readonly window: string | null }>> = {
  operator: { whole: null, window: null },
  standard: { whole: null, window: null },
  fused: { whole: null, window: "not every kernel of CUDA's attention in half precision counts the window of layer {layer} from the end of each text" },
  plugin: { whole: "attention on OpenVINO sees one length", window: "attention on OpenVINO sees one length" },
};

/** Of this model on this device. Soft caps change nothing in it; sinks and experts no device computes. */
export function unlikeLengths({ blocks }: DecoderSpec, target: Target): UnlikeLengths {
  const against = AGAINST[formOf(target)];
  const windowed = blocks.findIndex(({ attention }) => attention.kind === "softmax" && attention.window !== null);
  const why = against.whole ?? (windowed === -1 ? null : against.window);
  if (why !== null) return { calls: null, note: `only prompts of one length go on together: ${why.replace("{layer}", String(windowed))}` };
  const carrying = blocks.findIndex(carriesState);
  return carrying === -1 ? { calls: "all", note: null } : { calls: "steps", note: `prompts are read by length, and then go on together: layer ${carrying} carries a state from token to token, which would take in padding` };
}
