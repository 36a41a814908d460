/** Without this file the experts of gpt-oss, whose gates and ups are columns of one map in turn, could not be computed as they are published: four bits a number. */
import type { ExpertLinear, PairedExpertSpec, PairedExpertsSpec } from "./expert_specs.ts";
import type { Expert, Parts } from "./experts.ts";
import { constant, ints, node, nodes, type Graph } from "./graph.ts";
import { product } from "./product.ts";

/** What four bits stand for: a sign, two bits of exponent, one of fraction (Open Compute Project, Microscaling Formats 1.0, 5.3.3). */
const E2M1 = [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0, -0.5, -1, -1.5, -2, -3, -4, -6] as const;
/** Numbers that share a power of two. */
const BLOCK = 32;
const EXPONENT_BIAS = 127;

/** The tensors of an expert by name. */
export function partsOfPair({ gateUp, down }: PairedExpertSpec): Parts {
  return { ...partsOf("gate_up", gateUp), ...partsOf("down", down) };
}

function partsOf(name: string, map: ExpertLinear): Parts {
  const weights: Parts = "weight" in map ? { [name]: map.weight } : { [`${name}_blocks`]: map.blocks, [`${name}_scales`]: map.scales };
  return { ...weights, [`${name}_bias`]: map.bias };
}

/** Weights of one expert. */
export function pairedElements({ gateUp, down }: PairedExpertSpec): number {
  return elementsOf(gateUp) + elementsOf(down);
}

/** Weights of a map, however many bits each has. */
export function elementsOf(map: ExpertLinear): number {
  const count = ("weight" in map ? map.weight : map.blocks).shape.reduce((product, dim) => product * dim, 1);
  return "weight" in map ? count : 2 * count;
}

/** As transformers' `GptOssExperts`. QuickGelu is x·σ(alpha·x). */
export function pairedExpert({ alpha, limit, pairs }: PairedExpertsSpec): Expert {
  const { gateUp, down } = pairs[0]!;
  return (graph, path, rows, part) => {
    const at = (name: string): string => `${path}/${name}`;
    const bound = (value: number): string => constant(graph, "f32", [], [value]);
    const both = affine(graph, at("gate_up"), rows, gateUp, "gate_up", part);
    const width = gateUp.bias.shape[0]! / 2;
    const pairsOf = node(graph, at("pairs"), "Reshape", [both, ints(graph, -1, width, 2)]);
    const [gate, up] = nodes(graph, at("apart"), { op: "Split", inputs: [pairsOf, ints(graph, 1, 1)], attributes: { axis: 2 } }, 2) as readonly [string, string];
    const low = node(graph, at("gate/clamped"), "Clip", [gate, "", bound(limit)]);
    const glu = nodes(graph, at("glu"), { op: "QuickGelu", domain: "com.microsoft", inputs: [low], attributes: { alpha } }, 1)[0] as string;
    const factor = node(graph, at("up/plus_one"), "Add", [node(graph, at("up/clamped"), "Clip", [up, bound(-limit), bound(limit)]), bound(1)]);
    const opened = node(graph, at("product"), "Reshape", [node(graph, at("product/apart"), "Mul", [factor, glu]), ints(graph, -1, width)]);
    return affine(graph, at("down"), opened, down, "down", part);
  };
}

/** x·W + b with a map of the expert. */
function affine(graph: Graph, path: string, x: string, map: ExpertLinear, name: string, part: (name: string) => string): string {
  const bias = part(`${name}_bias`);
  const columns = map.bias.shape[0] as number;
  if ("weight" in map) return product(graph, `${path}/out`, x, part(name), columns, "in_out", bias);
  return product(graph, `${path}/out`, x, unpacked(graph, path, map.blocks.shape, part(`${name}_blocks`), part(`${name}_scales`)), columns, "out_in", bias);
}

/**
 * Blocks [out, in / 32, 16] and scales [out, in / 32], as lists → [out, in]. Two bytes are a row of a table of the four numbers in them: half as many rows
 * to look up as bytes. Products with powers of two are exact.
 */
function unpacked(graph: Graph, path: string, shape: readonly number[], blocks: string, scales: string): string {
  const [out, count] = shape as readonly [number, number];
  quads ??= Float32Array.from({ length: 4 * 65536 }, (_, at) => E2M1[((at >> 2) >> (4 * (at & 3))) & 15] as number);
  const powers = Float32Array.from({ length: 256 }, (_, exponent) => 2 ** (exponent - EXPONENT_BIAS));
  const looked = (name: string, table: string, list: string): string => node(graph, `${path}/${name}`, "Gather", [table, node(graph, `${path}/${name}/row`, "Cast", [list], { to: 6 })], { axis: 0 });
  const numbers = node(graph, `${path}/each`, "Reshape", [looked("numbers", constant(graph, "f32", [65536, 4], quads), blocks), ints(graph, out, count, BLOCK)]);
  const factors = node(graph, `${path}/factors`, "Reshape", [looked("powers", constant(graph, "f32", [256], powers), scales), ints(graph, out, count, 1)]);
  return node(graph, `${path}/unpacked`, "Reshape", [node(graph, `${path}/scaled`, "Mul", [numbers, factors]), ints(graph, out, count * BLOCK)]);
}

/** Made once: a megabyte. */
let quads: Float32Array | null = null;
