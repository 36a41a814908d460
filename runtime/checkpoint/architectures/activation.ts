/** Without this file families would each translate the names that transformers gives to activation functions. */
import type { Activation } from "../../../src/emit/specs.ts";
import { word, type Config } from "../config.ts";
import { unsupported } from "./family.ts";

/** transformers' `ACT2FN` (`activations.py`): three of its names are the same tanh approximation. */
const NAMES: Readonly<Record<string, Activation>> = { silu: "silu", swish: "silu", gelu: "gelu", gelu_new: "gelu_tanh", gelu_pytorch_tanh: "gelu_tanh", gelu_fast: "gelu_tanh", relu: "relu", relu2: "relu2" };

export function activationOf(config: Config, key: string, fallback: string): Activation {
  const name = word(config, key, fallback);
  const known = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
  if (known === undefined) throw unsupported(config, key, `computed are ${Object.keys(NAMES).join(", ")}`);
  return known;
}
