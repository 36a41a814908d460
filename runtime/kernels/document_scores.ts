/** Without this file groups could only be compared token by token, as if the tokens of one text knew nothing of each other. */
import type { CompareBy } from "../../src/ops/op.ts";
import type { Csr, Rows } from "./csr.ts";
import { eachActive } from "./active.ts";

/** One number for each feature and document in which it fires; everywhere else the score is 0. By feature, then document. */
export interface DocumentScores {
  /** Documents with at least one token that counts, ascending. */
  readonly documents: Uint32Array;
  /** The scores of feature f are scores[start[f] .. start[f + 1]); start has [features + 1]. */
  readonly start: Uint32Array;
  /** [firing (feature, document) pairs], above 0. */
  readonly scores: Float64Array;
  /** The document of each score. */
  readonly of: Uint32Array;
}

/**
 * The scores of a matrix [rows, features] whose rows stand in the order of their documents. `fires`: 1. `rate`: active tokens / tokens
 * that count. `max`: the largest activation. `mean`: sum of activations / tokens that count, added in the order of positions.
 * O(rows + features + nnz).
 */
export function documentScores(csr: Csr, rows: Rows, by: CompareBy, threshold: number): DocumentScores {
  const tokens = tokensPerDocument(rows);
  const features: number[] = [];
  const of: number[] = [];
  const values: number[] = [];
  const sum = new Float64Array(csr.cols);
  const touched: number[] = [];
  let document = -1;
  const finish = (): void => {
    const counted = tokens.get(document) ?? 0;
    for (const feature of touched) {
      features.push(feature);
      of.push(document);
      values.push(by === "rate" || by === "mean" ? sum[feature]! / counted : sum[feature]!);
      sum[feature] = 0;
    }
    touched.length = 0;
  };
  eachActive(csr, rows, threshold, (row, feature, value) => {
    if (rows.document[row] !== document) finish();
    document = rows.document[row]!;
    if (sum[feature] === 0) touched.push(feature);
    sum[feature] = by === "fires" ? 1 : by === "max" ? Math.max(sum[feature]!, value) : sum[feature]! + (by === "rate" ? 1 : value);
  });
  finish();
  return { documents: Uint32Array.from(tokens.keys()), ...byFeature(features, of, values, csr.cols) };
}

function tokensPerDocument(rows: Rows): Map<number, number> {
  const tokens = new Map<number, number>();
  for (let row = 0; row < rows.count; row++) {
    const document = rows.document[row]!;
    if (rows.masked[row] === 0) tokens.set(document, (tokens.get(document) ?? 0) + 1);
  }
  return tokens;
}

function byFeature(features: readonly number[], of: readonly number[], values: readonly number[], count: number): Pick<DocumentScores, "start" | "scores" | "of"> {
  const start = new Uint32Array(count + 1);
  for (const feature of features) start[feature + 1]!++;
  for (let f = 0; f < count; f++) start[f + 1]! += start[f]!;
  const next = start.slice();
  const scores = new Float64Array(values.length);
  const documents = new Uint32Array(values.length);
  features.forEach((feature, i) => {
    const at = next[feature]!++;
    scores[at] = values[i]!;
    documents[at] = of[i]!;
  });
  return { start, scores, of: documents };
}
