/** Without this file a bfloat16 weight would become float32 in memory before a provider made it bfloat16 again. */
import { node } from "../graph.ts";
import { ELEMENT } from "../proto.ts";
import { requireKnown, type Rule } from "./rewrite.ts";

/**
 * x · Wᵀ + b with a weight that the file holds as bfloat16: the rows are cast to bfloat16 and multiplied with the weight as it is
 * stored. In this form OpenVINO's plugin maps the file and takes the whole model as one subgraph; as a product of cast weights it
 * expands them to float32 (measured: 0.9 GB instead of 11.6 GB for Llama-3.1-8B shapes).
 */
export const productOfStored: Rule = ({ out, node: site, producer }) => {
  const [x, weight, bias] = site.inputs as readonly [string, string, string | undefined];
  const cast = producer.get(weight);
  const tensor = cast?.op === "Cast" ? out.initializers.get(cast.inputs[0]!) : undefined;
  if (tensor?.element !== "bf16" || site.name.startsWith("/taps/")) return false;
  requireKnown(site, ["transA", "transB"]);
  const path = site.name;
  const rows = node(out, `${path}/rows`, "Cast", [x], { to: ELEMENT.bf16 });
  const turned = site.attributes["transB"]?.value === 1 ? node(out, `${path}/turned`, "Transpose", [tensor.name], { perm: [1, 0] }) : tensor.name;
  const product = node(out, `${path}/product`, "MatMul", [rows, turned]);
  if (bias === undefined || bias === "") {
    node(out, path, "Cast", [product], { to: ELEMENT.f32 });
    return true;
  }
  node(out, path, "Add", [node(out, `${path}/wide`, "Cast", [product], { to: ELEMENT.f32 }), bias]);
  return true;
};
