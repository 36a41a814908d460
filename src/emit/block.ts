/** Without this file forward and generate graphs would each describe a decoder block, and hooks would not know where they lie in it. */
import { HOOKS, type Hook } from "../ops/hook.ts";
import type { ExpertsSpec } from "./expert_specs.ts";
import { node, scalar, weight, type Graph } from "./graph.ts";
import { linear } from "./linear.ts";
import { layerInput, withLayerInput, type LayerInputs } from "./layer_inputs.ts";
import { mixed, projections, type Past } from "./mixer.ts";
import { chosen, mapsOf, mlp, weightsOfToken } from "./mlp.ts";
import { norm, normalized } from "./norm.ts";
import type { Shared } from "./positions.ts";
import type { BesideSpec, BlockSpec, DecoderSpec, LinearSpec, NormSpec } from "./specs.ts";

export interface BlockRun {
  readonly past: Past | null;
  /** What the inputs of blocks are made of, where they have any. */
  readonly inputs: LayerInputs | null;
  /** Rows to go on with once attention is done: all of them, or those that are wanted. */
  readonly gather: (path: string, x: string) => string;
  /** Whether somebody reads or changes a hook of this block. */
  readonly wanted: (hook: Hook) => boolean;
  /** Takes the value of each wanted hook, [n, width], and gives the one that the block goes on with. What the second norm makes before its weight is only read: the block computes norm and weight in one. */
  readonly read: (hook: Hook, value: string) => string;
  /** The last hook that is needed: nothing after it is computed. */
  readonly until: Hook;
}

/**
 * One block: x [T, d] → x after it [n, d], null where it was left early.
 *   sequential   mid = x + attn(ln1(x));  post = mid + mlp(ln2(mid))
 *   parallel     post = x + attn(ln1(x)) + mlp(ln2(x))
 * and where it is told of each token itself, or has a factor, these come before the end of it (`layer_inputs.ts`).
 * and where the stream itself is normed, mid and post are what that gives, behind the hook of the first and before that of the second.
 * What attention and MLP give may be normed and scaled before it is added; a norm that is not there is the identity, but for a parallel block's second, which is its first.
 */
export function block(graph: Graph, path: string, model: DecoderSpec, spec: BlockSpec, common: Shared, x: string, run: BlockRun): { readonly x: string | null; readonly present: Past } {
  const d = model.hiddenSize;
  const normOf = (at: string, value: string, weights: NormSpec): string => norm(graph, at, value, model.norm, weights, d);
  const left = { x: null };
  const through = (hook: Hook, value: string): string => (run.wanted(hook) ? run.read(hook, value) : value);
  const ends = (hook: Hook): boolean => HOOKS.indexOf(run.until) <= HOOKS.indexOf(hook);

  /** What is added to the stream of what a half of the block gives, and the hook on the way. */
  const joining = (hook: Hook, at: string, made: string, weights: NormSpec | null): string => {
    const post = (value: string): string => (weights === null ? value : normOf(`${at}/post_norm`, value, weights));
    const joined = model.readBeforePostNorms === true ? post(through(hook, made)) : through(hook, post(made));
    return model.residualScale === undefined ? joined : node(graph, `${at}/scaled`, "Mul", [joined, scalar(graph, model.residualScale)]);
  };

  const normed = spec.ln1 === null ? x : normOf(`${path}/ln1`, x, spec.ln1);
  const { mixed: looked, present } = mixed(graph, `${path}/attn`, model, spec, common, normed, run.past);
  const [heads, entered] = [run.gather(`${path}/mixed_rows`, looked), run.gather(`${path}/rows`, x)];
  const z = through("z", heads);
  if (ends("z")) return { ...left, present };
  const attended = joining("attn_out", `${path}/attn`, linear(graph, `${path}/attn/o`, z, spec.attention.o), spec.attentionPostNorm);
  if (ends("attn_out")) return { ...left, present };

  const sequential = model.residual === "sequential";
  const mid = sequential ? through("resid_mid", node(graph, `${path}/resid_mid`, "Add", [entered, attended])) : entered;
  if (sequential && ends("resid_mid")) return { ...left, present };
  const stream = spec.streamNorms === undefined ? mid : normOf(`${path}/resid_mid_normed`, mid, spec.streamNorms.attention);
  if (run.wanted("ln2_normalized")) run.read("ln2_normalized", normalized(graph, `${path}/ln2_normalized`, mid, model.norm, d));
  if (ends("ln2_normalized")) return { ...left, present };
  const unnormed = (): string => (sequential ? stream : run.gather(`${path}/ln1_rows`, normed));
  const read = through("mlp_in", spec.ln2 === null ? unnormed() : normOf(`${path}/ln2`, stream, spec.ln2));
  if (ends("mlp_in")) return { ...left, present };
  const made = spec.beside === undefined ? mlp(graph, `${path}/mlp`, read, spec.mlp) : withExperts(graph, path, model, spec.beside, mlp(graph, `${path}/mlp/dense`, read, spec.mlp), mid);
  const added = joining("mlp_out", `${path}/mlp`, made, spec.mlpPostNorm);
  if (ends("mlp_out")) return { ...left, present };
  const sum = sequential ? added : node(graph, `${path}/outputs`, "Add", [added, attended]);
  const whole = ended(graph, path, model, spec, stream, sum, run);
  return { x: through("resid_post", spec.streamNorms === undefined ? whole : normOf(`${path}/resid_post_normed`, whole, spec.streamNorms.mlp)), present };
}

/** What an MLP gives and what experts beside it make of the stream before it [n, d], each behind its norm. */
function withExperts(graph: Graph, path: string, model: DecoderSpec, spec: BesideSpec, dense: string, stream: string): string {
  const d = model.hiddenSize;
  const at = (name: string): string => `${path}/experts/${name}`;
  const weighed = node(graph, at("router_weighed"), "Mul", [normalized(graph, at("router_normed"), stream, model.norm, d), weight(graph, at("router_weight"), spec.routerWeight)]);
  const routerInput = node(graph, at("router_input"), "Mul", [weighed, scalar(graph, spec.routerFactor)]);
  const sparse = chosen(graph, `${path}/experts`, norm(graph, at("input"), stream, model.norm, spec.norm, d), spec.experts, routerInput);
  return node(graph, `${path}/mlp`, "Add", [norm(graph, `${path}/mlp/normed`, dense, model.norm, spec.mlpNorm, d), norm(graph, at("normed"), sparse, model.norm, spec.outputNorm, d)]);
}

/** The stream at the end of a block. */
function ended(graph: Graph, path: string, model: DecoderSpec, spec: BlockSpec, mid: string, sum: string, { inputs, gather }: BlockRun): string {
  const more = spec.layerInput !== undefined || spec.factor !== undefined;
  const added = node(graph, more ? `${path}/outputs_added` : `${path}/resid_post`, "Add", [mid, sum]);
  const told = spec.layerInput === undefined || inputs === null ? added : withLayerInput(graph, `${path}/told`, model, spec.layerInput, added, gather(`${path}/input_rows`, layerInput(graph, `${path}/input`, model, model.blocks.indexOf(spec), inputs)));
  return spec.factor === undefined ? told : node(graph, `${path}/resid_post`, "Mul", [told, weight(graph, `${path}/factor`, spec.factor)]);
}

/** Multiply-adds × 2 of one token in the matrix products of `count` blocks; attention scores are left out (they grow with the position). */
export function blockFlops(model: DecoderSpec, count: number): number {
  const elements = (linears: readonly LinearSpec[]): number => linears.reduce((sum, { weight }) => sum + weight.shape.reduce((product, dim) => product * dim, 1), 0);
  const beside = ({ beside }: BlockSpec): number => (beside === undefined ? 0 : weightsOfToken(beside.experts));
  return 2 * model.blocks.slice(0, count).reduce((sum, spec) => sum + elements(projections(spec.attention)) + weightsOfToken(spec.mlp) + beside(spec) + elements(mapsOfInput(spec)), 0);
}

/** The maps of a block that every token goes through whole, experts left out. */
export function mapsOfBlock(spec: BlockSpec): readonly LinearSpec[] {
  return [...projections(spec.attention), ...mapsOf(spec.mlp), ...(spec.beside === undefined ? [] : mapsOf(spec.beside.experts)), ...mapsOfInput(spec)];
}

function mapsOfInput({ layerInput }: BlockSpec): readonly LinearSpec[] {
  return layerInput === undefined ? [] : [layerInput.from, layerInput.gate, layerInput.back];
}

/** The experts of a block; null where it has none. */
export function expertsIn({ mlp, beside }: BlockSpec): ExpertsSpec | null {
  return mlp.kind === "experts" ? mlp : (beside?.experts ?? null);
}

/** Whether one of the first `count` blocks gives tokens experts of their own. */
export function choosesExperts(model: DecoderSpec, count: number): boolean {
  return model.blocks.slice(0, count).some((spec) => expertsIn(spec) !== null);
}
