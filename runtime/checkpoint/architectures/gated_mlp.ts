/** Without this file each family whose MLP has Llama's names, or Phi-3's, would put the same three maps together. */
import type { Activation, GatedSpec } from "../../../src/emit/specs.ts";
import { size } from "../config.ts";
import { linear, rowsOf, type Source } from "./family.ts";

/** Maps gate_proj, up_proj and down_proj below a module; of `intermediate_size` columns where nothing else is said. */
export function gatedMlp(source: Source, at: string, d: number, { activation, bias, width }: { readonly activation: Activation; readonly bias: boolean; readonly width?: number }): GatedSpec {
  const inner = width ?? size(source.config, "intermediate_size");
  const part = (name: string, out: number, into: number): GatedSpec["gate"] => linear(source, `${at}.${name}_proj`, out, into, bias);
  return { kind: "gated", activation, gate: part("gate", inner, d), up: part("up", inner, d), down: part("down", d, inner) };
}

/** The same where the rows of the gate stand above those of what it opens, in one tensor: gate_up_proj. */
export function fusedMlp(source: Source, at: string, d: number, activation: Activation): GatedSpec {
  const inner = size(source.config, "intermediate_size");
  const both = linear(source, `${at}.gate_up_proj`, 2 * inner, d, false);
  return { kind: "gated", activation, gate: rowsOf(both, 0, inner), up: rowsOf(both, inner, 2 * inner), down: linear(source, `${at}.down_proj`, d, inner, false) };
}
