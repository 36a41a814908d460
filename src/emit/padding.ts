/** Without this file the engine and its tests would pad documents to lengths at which attention gives other bits. */
import { headColumns, ONE_SUM } from "./head_columns.ts";
import type { DecoderSpec } from "./specs.ts";

/** Whether products inside attention order their sums by the number of keys in the last block. */
export function wideHeads(model: DecoderSpec): boolean {
  return model.headDim > ONE_SUM || model.blocks.some(({ attention }) => attention.kind === "softmax" && headColumns(model.headDim, attention.rope, attention.slopes !== undefined).width > ONE_SUM);
}

/**
 * Tokens that a document of `length` is fed as. Even: a block of one query row takes another kernel. Heads wider than 128: the sum over a
 * head is split in two unless a block has at most 64 keys (MLAS chooses its strides by the shape of a product), and blocks begin at
 * multiples of 128; so a last block is never that narrow.
 */
export function paddedLength(length: number, wide: boolean): number {
  const even = length + (length % 2);
  const tail = even % 128;
  return wide && tail > 0 && tail <= 64 ? even - tail + 66 : even;
}
