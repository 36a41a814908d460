/** Without this file the activations of a Llama and of a Gemma would run on the CPU only. */
import { node } from "../graph.ts";
import { numberOf, requireKnown, type Rule } from "./rewrite.ts";

/** QuickGelu with α = 1 is x · σ(x), from standard operators. */
export const siluFromPrimitives: Rule = ({ out, node: site }) => {
  requireKnown(site, ["alpha"]);
  if (numberOf(site, "alpha", 1.702) !== 1) return false;
  const [x] = site.inputs as readonly [string];
  node(out, site.name, "Mul", [x, node(out, `${site.name}/sigmoid`, "Sigmoid", [x])]);
  return true;
};

/** FastGelu without a bias is the standard operator with its tanh (ONNX operators, Gelu 20). */
export const geluAsStandard: Rule = ({ out, node: site }) => {
  requireKnown(site, []);
  if (site.inputs.length !== 1) return false;
  node(out, site.name, "Gelu", site.inputs, { approximate: "tanh" });
  return true;
};
