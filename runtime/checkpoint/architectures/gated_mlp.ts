/** Without this file each family whose MLP has Llama's names would put the same three maps together. */
import type { Activation, GatedSpec } from "../../../src/emit/specs.ts";
import { size } from "../config.ts";
import { linear, type Source } from "./family.ts";

/** Maps gate_proj, up_proj and down_proj below a module; of `intermediate_size` columns. */
export function gatedMlp(source: Source, at: string, d: number, { activation, bias }: { readonly activation: Activation; readonly bias: boolean }): GatedSpec {
  const inner = size(source.config, "intermediate_size");
  const part = (name: string, out: number, into: number): GatedSpec["gate"] => linear(source, `${at}.${name}_proj`, out, into, bias);
  return { kind: "gated", activation, gate: part("gate", inner, d), up: part("up", inner, d), down: part("down", d, inner) };
}
