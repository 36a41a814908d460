/** Without this file the activation of a Llama would run on the CPU only. */
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
