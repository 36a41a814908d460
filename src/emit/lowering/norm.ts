/** Without this file a provider without `RMSNormalization` could not run a Llama. */
import { constant, ints, node } from "../graph.ts";
import { numberOf, requireKnown, type Rule } from "./rewrite.ts";

/** x / sqrt(mean(x²) + ε) · w over the last axis, from standard operators. */
export const rmsFromPrimitives: Rule = ({ out, node: site }) => {
  requireKnown(site, ["axis", "epsilon"]);
  const path = site.name;
  const [x, weight] = site.inputs as readonly [string, string];
  const mean = node(out, `${path}/mean`, "ReduceMean", [node(out, `${path}/squares`, "Mul", [x, x]), ints(out, -1)], { keepdims: 1 });
  const shifted = node(out, `${path}/shifted`, "Add", [mean, constant(out, "f32", [], [numberOf(site, "epsilon", 1e-5)])]);
  const unit = node(out, `${path}/unit`, "Div", [x, node(out, `${path}/root`, "Sqrt", [shifted])]);
  node(out, path, "Mul", [unit, weight]);
  return true;
};

/** The same operator under its older name in onnxruntime's own registry, where a provider has a kernel for that one only. */
export const rmsAsSimplified: Rule = ({ out, node: site }) => {
  requireKnown(site, ["axis", "epsilon"]);
  node(out, site.name, "SimplifiedLayerNormalization", site.inputs, { axis: numberOf(site, "axis", -1), epsilon: numberOf(site, "epsilon", 1e-5) });
  return true;
};
