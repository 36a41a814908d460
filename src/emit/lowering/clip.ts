/** Without this file OLMo would have an operator that nobody has seen OpenVINO's plugin take. */
import { constant, node } from "../graph.ts";
import type { Rule } from "./rewrite.ts";

/** Clip between two bounds: the larger of two numbers is less the smaller of both with their signs turned. */
export const clipFromMinima: Rule = ({ out, node: site }) => {
  const [x, low, high] = site.inputs as readonly [string, string, string];
  const path = site.name;
  const turned = (name: string, value: string): string => node(out, `${path}/${name}`, "Mul", [value, constant(out, "f32", [], [-1])]);
  const above = node(out, `${path}/above`, "Min", [turned("turned", x), turned("low", low)]);
  node(out, path, "Min", [turned("back", above), high]);
  return true;
};
