/** Without this file WebGPU would leave the embedding to the CPU. Kernels: onnxruntime 1.30, tried one by one. */
import { ints, node, scalar, type Graph } from "../graph.ts";
import { ELEMENT } from "../proto.ts";
import { castTo } from "./facts.ts";
import { isOfPlaces, sliceOfPositions } from "./learned_positions.ts";
import { numberOf, type Rule } from "./rewrite.ts";

/**
 * No kernel reads bfloat16, or int64 but as an index. A table is cast as a whole, when the session is made, before rows are taken from
 * it; and where token ids [B, S] were made flat first, the rows are made flat instead.
 */
const gatherFromTable: Rule = (given) => {
  const { out, node: site, producer } = given;
  const [table, indices] = site.inputs as readonly [string, string];
  const tensor = out.initializers.get(table);
  if (tensor === undefined) return false;
  if (tensor.data.kind !== "external") return isOfPlaces(indices, producer) && sliceOfPositions(given, table, tensor.dims[0]!);
  const source = tensor.element === "f32" ? table : castWhole(out, table);
  const axis = numberOf(site, "axis", 0);
  if (isOfPlaces(indices, producer)) return sliceOfPositions(given, source, tensor.dims[0]!);
  const flat = producer.get(indices);
  if (flat?.op !== "Reshape" || !out.inputs.some(({ name }) => name === flat.inputs[0])) {
    node(out, site.name, "Gather", [source, indices], { axis });
    return true;
  }
  const apart = node(out, `${site.name}/apart`, "Gather", [source, flat.inputs[0]!], { axis });
  node(out, site.name, "Reshape", [apart, ints(out, -1, tensor.dims[1]!)]);
  return true;
};

function castWhole(out: Graph, table: string): string {
  const whole = `${table}/whole`;
  if (!out.names.has(whole)) {
    out.names.add(whole);
    out.weightNodes.push({ name: whole, op: "Cast", domain: "", inputs: [table], outputs: [whole], attributes: { to: { kind: "int", value: ELEMENT.f32 } } });
  }
  return whole;
}

/** The cast of rows whose table is cast already. */
const castOfFloat: Rule = ({ out, node: site, producer }) => {
  const made = producer.get(site.inputs[0]!);
  if (castTo(site) !== "f32" || made?.op !== "Gather" || !out.names.has(`${made.inputs[0]!}/whole`)) return false;
  node(out, site.name, "Identity", site.inputs);
  return true;
};

/** No kernel joins two masks: their sum in float32 is above zero where either is true. */
const eitherMask: Rule = ({ out, node: site }) => {
  const [a, b] = site.inputs.map((input, i) => node(out, `${site.name}/float${i}`, "Cast", [input], { to: ELEMENT.f32 })) as [string, string];
  node(out, site.name, "Greater", [node(out, `${site.name}/sum`, "Add", [a, b]), scalar(out, 0)]);
  return true;
};

export const WEBGPU_RULES: Readonly<Record<string, Rule>> = { Gather: gatherFromTable, Cast: castOfFloat, Or: eitherMask };
