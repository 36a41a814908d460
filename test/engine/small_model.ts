/** Without this file engine tests would wait for a real checkpoint: it writes a tiny random one. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { emitEncode } from "../../src/emit/encode.ts";
import { emitScreened } from "../../src/emit/screen.ts";
import { emitForward } from "../../src/emit/forward.ts";
import { emitGenerate } from "../../src/emit/generate.ts";
import { llamaSpec } from "../emit/llama_spec.ts";
import type { SaeSpec } from "../../src/emit/sae_specs.ts";
import type { EmittedGraph, TensorRef } from "../../src/emit/specs.ts";
import type { Document, Engine, Progress, TapOutput } from "../../runtime/engine/port.ts";
import { generator } from "../kernels/seeded.ts";

const HIDDEN = 64;
const MLP = 160;
const VOCABULARY = 97;
const FEATURES = 400;
const LAYERS = 3;

/** Tensors of seeded numbers, one after the other in one file. */
function tensorWriter(file: string): { readonly tensor: (shape: readonly number[], scale: number, shift?: number) => TensorRef; readonly write: () => void } {
  const next = generator(7);
  const parts: Uint8Array[] = [];
  let offset = 0;
  const tensor = (shape: readonly number[], scale: number, shift = 0): TensorRef => {
    const values = Float32Array.from({ length: shape.reduce((size, n) => size * n, 1) }, () => shift + scale * (next() + next() + next() - 1.5));
    const at = offset;
    parts.push(new Uint8Array(values.buffer));
    offset += values.byteLength;
    return { file, offset: at, length: values.byteLength, dtype: "f32", shape };
  };
  return { tensor, write: () => writeFileSync(file, Buffer.concat(parts)) };
}

export interface SmallModel {
  readonly file: string;
  /** Residual after the last block, encoded, and after the first block, dense. */
  readonly forward: EmittedGraph;
  /** The same residual, dense. */
  readonly dense: EmittedGraph;
  readonly encode: EmittedGraph;
  /** `forward` and `encode` with features screened by the engine. */
  readonly screened: { readonly forward: EmittedGraph; readonly encode: EmittedGraph };
  readonly sae: SaeSpec;
  readonly generate: EmittedGraph;
  readonly hidden: number;
  readonly vocabulary: number;
  readonly remove: () => void;
}

export function smallModel(): SmallModel {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "saeq-engine-")));
  const file = join(folder, "weights.bin");
  const { tensor, write } = tensorWriter(file);
  const embed = tensor([VOCABULARY, HIDDEN], 1);
  const blocks = Array.from({ length: LAYERS }, () => ({
    ln1: tensor([HIDDEN], 0.1, 1),
    q: tensor([HIDDEN, HIDDEN], 0.3),
    k: tensor([HIDDEN / 2, HIDDEN], 0.3),
    v: tensor([HIDDEN / 2, HIDDEN], 0.3),
    o: tensor([HIDDEN, HIDDEN], 0.3),
    ln2: tensor([HIDDEN], 0.1, 1),
    gate: tensor([MLP, HIDDEN], 0.3),
    up: tensor([MLP, HIDDEN], 0.3),
    down: tensor([HIDDEN, MLP], 0.2),
  }));
  const model = llamaSpec({ digest: "small", hiddenSize: HIDDEN, heads: 4, kvHeads: 2, headDim: HIDDEN / 4, context: 256 }, { embed, blocks, finalNorm: tensor([HIDDEN], 0.1, 1) });
  const sae: SaeSpec = {
    kind: "standard",
    digest: "small",
    dIn: HIDDEN,
    dSae: FEATURES,
    encoder: tensor([HIDDEN, FEATURES], 0.3),
    encoderLayout: "in_out",
    decoder: { weight: tensor([FEATURES, HIDDEN], 0.3), layout: "in_out", dOut: HIDDEN, scale: null, bias: null, skip: null },
    noDecoder: "",
    normalize: "none",
    inputShift: null,
    bias: new Float32Array(FEATURES).fill(-1.5),
    preScale: null,
    threshold: null,
    k: null,
    gateBias: null,
    magnitudeScale: null,
    outputScale: null,
    layer: LAYERS - 1,
    hook: "resid_post",
    hookName: `blocks.${LAYERS - 1}.hook_resid_post`,
    convention: "saelens",
    modelName: null,
    prependBos: true,
    format: "sae_lens",
    hookOut: null,
    module: null,
    notes: [],
  };
  write();
  const last = { layer: LAYERS - 1, hook: "resid_post" } as const;
  return {
    file,
    forward: emitForward(model, [{ ...last, sae }, { layer: 0, hook: "resid_post", sae: null }], { blocks: null, slice: true }),
    dense: emitForward(model, [{ ...last, sae: null }], { blocks: null, slice: false }),
    encode: emitEncode(sae),
    screened: {
      forward: emitForward(model, [{ ...last, sae, screened: true }, { layer: 0, hook: "resid_post", sae: null }], { blocks: null, slice: true }),
      encode: emitScreened(sae),
    },
    sae,
    generate: emitGenerate(model),
    hidden: HIDDEN,
    vocabulary: VOCABULARY,
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** `count` documents of 1 … `longest` tokens; the wanted positions are all, the last ten, or one. */
export function documentsOf(count: number, longest: number, vocabulary: number, seed = 3): Document[] {
  const next = generator(seed);
  return Array.from({ length: count }, (_, i) => {
    const length = i === 0 ? 1 : 1 + Math.floor(next() * longest);
    const ids = Int32Array.from({ length }, () => Math.floor(next() * vocabulary));
    const positions = Uint32Array.from({ length }, (_, at) => at);
    const wanted = i % 3 === 0 ? positions : i % 3 === 1 ? positions.slice(-10) : positions.slice(-1);
    return { ids, wanted };
  });
}

export interface Collected {
  readonly taps: (readonly TapOutput[] | undefined)[];
  readonly progress: Progress[];
}

/** Run a forward graph and keep everything it tells. `after` is called with the number of documents so far. */
export async function collect(engine: Engine, graph: EmittedGraph, taps: number, documents: readonly Document[], signal?: AbortSignal, after?: (documents: number) => void): Promise<Collected> {
  const collected: Collected = { taps: documents.map(() => undefined), progress: [] };
  let told = 0;
  await engine.forward(graph, taps, documents, {
    signal: signal ?? new AbortController().signal,
    onProgress: (progress) => collected.progress.push(progress),
    onDocument: (index, outputs) => {
      if (collected.taps[index] !== undefined) throw new Error(`document ${index} came twice`);
      collected.taps[index] = outputs;
      after?.(++told);
    },
  });
  return collected;
}

/** Every bit of the outputs, as text. */
export function bitsOf(taps: readonly (readonly TapOutput[] | undefined)[]): string[] {
  const hex = (array: Uint32Array | Float32Array): string => Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString("base64");
  return taps.map((outputs) => (outputs ?? []).map((tap) => (tap.kind === "dense" ? `${tap.width}:${hex(tap.values)}` : [tap.indptr, tap.indices, tap.values].map(hex).join("|"))).join("/"));
}
