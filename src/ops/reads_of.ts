/** Without this file every place that asks which models and SAEs a plan reads would have to name the same ops, and could forget one. */
import type { ModelRef, Op, SaeRef } from "./op.ts";

/** Ops that run the whole model, up to what it says comes next. */
export type WithHead = Op & { readonly op: "memorize" | "generate" | "logits" };

export function isWithHead(op: Op): op is WithHead {
  return op.op === "memorize" || op.op === "generate" || op.op === "logits";
}

/** Ops that run blocks of a model. */
export type OfBlocks = WithHead | (Op & { readonly op: "forward" });

export function isOfBlocks(op: Op): op is OfBlocks {
  return op.op === "forward" || isWithHead(op);
}

/** Ops that compute with a model's weights. */
export type OfWeights = OfBlocks | (Op & { readonly op: "promotes" });

export function isOfWeights(op: Op): op is OfWeights {
  return op.op === "promotes" || isOfBlocks(op);
}

/** The model whose tokens or weights an op reads; null where it reads none. */
export function modelOf(op: Op): ModelRef | null {
  return op.op === "tokenize" || op.op === "chunk" || op.op === "chat" || isOfWeights(op) ? op.model : null;
}

/** The SAEs that an op computes with, or names for those that do. */
export function saesOf(op: Op): readonly SaeRef[] {
  switch (op.op) {
    case "encode":
    case "decode":
    case "similar":
    case "promotes":
      return op.saes;
    case "edit":
      return op.edits.map(({ sae }) => sae);
    case "forward":
      return [...(op.edits ?? []), ...op.taps].flatMap(({ sae }) => sae ?? []);
    case "memorize":
    case "generate":
    case "logits":
      return (op.edits ?? []).map(({ sae }) => sae);
    default:
      return [];
  }
}
