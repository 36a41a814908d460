/** Without this file blocks and generation would have to know how each kind of attention looks back. */
import { attention, cacheWidth, headsIn } from "./attention.ts";
import { gatedConvolution } from "./convolution.ts";
import { convColumns, deltaAttention, deltaMaps, EXACT_STATE } from "./delta.ts";
import type { Graph } from "./graph.ts";
import { latentMaps } from "./latent.ts";
import type { Shared } from "./positions.ts";
import type { BlockSpec, DecoderSpec, LinearSpec } from "./specs.ts";

/** What a block keeps of earlier tokens, by name. */
export type Past = Readonly<Record<string, string>>;

/** One tensor that is kept: its dimensions before a step and after it. B texts, P tokens before, T new ones. */
export interface KeptTensor {
  readonly name: string;
  readonly past: readonly (string | number)[];
  readonly present: readonly (string | number)[];
}

/** What a block keeps: keys and values of all tokens, what linear attention makes of them, or the last ones that a convolution has read. Where there is no past, what has no P in its dimensions begins as zeros. */
export function keptTensors(model: DecoderSpec, { attention: spec }: BlockSpec): readonly KeptTensor[] {
  switch (spec.kind) {
    case "softmax": {
      // Those of the block that it looks at are kept there.
      if (spec.qkv.kind === "queries") return [];
      const of = (tokens: string): readonly (string | number)[] => ["B", headsIn(model, spec).kvHeads, tokens, cacheWidth(model, spec)];
      return ["key", "value"].map((name) => ({ name, past: of("P"), present: of("P+T") }));
    }
    case "delta": {
      const alike = (name: string, ...dims: readonly number[]): KeptTensor => ({ name, past: ["B", ...dims], present: ["B", ...dims] });
      return [alike("conv", spec.kernel - 1, convColumns(spec)), alike(EXACT_STATE, spec.valueHeads, spec.keyDim, spec.valueDim)];
    }
    case "convolution": {
      const [columns, , kernel] = spec.kernels.weight.shape as readonly [number, number, number];
      const dims = ["B", kernel - 1, columns];
      return [{ name: "conv", past: dims, present: dims }];
    }
    default:
      return spec satisfies never;
  }
}

/** Whether what a block keeps is carried from token to token, and would take in what follows a text: padding. */
export function carriesState({ attention }: BlockSpec): boolean {
  return attention.kind !== "softmax";
}

/** The products of a block's attention, that of its output last. */
export function projections(spec: BlockSpec["attention"]): readonly LinearSpec[] {
  switch (spec.kind) {
    case "softmax":
      return [...(spec.qkv.kind === "latent" ? latentMaps(spec.qkv) : Object.values(spec.qkv).filter((part): part is LinearSpec => typeof part === "object")), ...(spec.gate === undefined ? [] : [spec.gate.map]), spec.o];
    case "delta":
      return [...deltaMaps(spec.maps), spec.o];
    case "convolution":
      return [spec.in, spec.o];
    default:
      return spec satisfies never;
  }
}

/** Operations of one token outside of products with weights, in so many blocks: scores of all keys of a text of `length` and what is mixed, reading and writing the matrices, or kernels and gates. */
export function lookingFlops(model: DecoderSpec, blocks: number, length: number): number {
  const ofBlock = ({ attention: spec }: BlockSpec): number => {
    switch (spec.kind) {
      case "softmax":
        return 4 * length * headsIn(model, spec).heads * headsIn(model, spec).headDim;
      case "delta":
        return 8 * spec.valueHeads * spec.keyDim * spec.valueDim;
      case "convolution":
        return 2 * spec.kernels.weight.shape.reduce((product, dim) => product * dim, 1) + 2 * (spec.kernels.weight.shape[0] as number);
      default:
        return spec satisfies never;
    }
  };
  return model.blocks.slice(0, blocks).reduce((sum, block) => sum + ofBlock(block), 0);
}

/** What a block's tokens learn of those before them, without the output projection: normed x [T, d] → [T, columns of the projection]. */
export function mixed(graph: Graph, path: string, model: DecoderSpec, { attention: spec }: BlockSpec, common: Shared, x: string, past: Past | null): { readonly mixed: string; readonly present: Past } {
  const kept = (name: string): string => past?.[name] as string;
  switch (spec.kind) {
    case "softmax": {
      const { mixed: out, present } = attention(graph, path, model, spec, common, x, past === null || spec.qkv.kind === "queries" ? null : { key: kept("key"), value: kept("value") });
      return { mixed: out, present: { ...present } };
    }
    case "delta": {
      const { mixed: out, present } = deltaAttention(graph, path, model, spec, common, x, past === null ? null : { conv: kept("conv"), state: kept("state") });
      return { mixed: out, present: { ...present } };
    }
    case "convolution": {
      const { mixed: out, present } = gatedConvolution(graph, path, spec, common, x, past === null ? null : kept("conv"));
      return { mixed: out, present: { conv: present } };
    }
    default:
      return spec satisfies never;
  }
}
