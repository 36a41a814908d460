/** Without this file each render test would make its own values. */
import type { Acts, Features, Groups, Plot, Table, Tokens } from "../../runtime/data/frame.ts";
import { tableFromRows } from "../../runtime/data/table.ts";

export const passages: Table = tableFromRows(
  [
    { name: "id", type: "int" },
    { name: "input_text", type: "str" },
    { name: "perfect_match", type: "bool" },
    { name: "matching_tokens", type: "int" },
    { name: "loss", type: "float" },
    { name: "generated_continuation_text", type: "str" },
    { name: "source", type: "str" },
  ],
  Array.from({ length: 1000 }, (_, i) => [
    i + 1,
    i % 3 === 0 ? `In the beginning God created the heaven\nand the earth, verse ${i}` : i % 3 === 1 ? "漢字かな交じり文の例です、とても長い文" : "\u001b[31mred\u001b[0m \u202Eevil",
    i % 2 === 0,
    i % 7 === 0 ? null : (i * 37) % 50,
    1 / (i + 0.3),
    `and the Spirit of God moved upon the face of the waters ${i}`,
    "kjv",
  ]),
  "passages.csv",
);

const shape = (centre: number, spread: number, most: number): Float64Array =>
  Float64Array.from({ length: 24 }, (_, i) => Math.round(most * Math.exp(-(((11.5 + i * 3 - centre) / spread) ** 2) / 2)));
const sum = (counts: Float64Array): number => counts.reduce((total, count) => total + count, 0);
const perfect = shape(38, 9, 80);
const other = shape(50, 14, 55);

export const plot: Plot = {
  kind: "plot",
  title: "active features per token by group",
  unit: "tokens",
  quantity: "active features per token",
  edges: Float64Array.from({ length: 25 }, (_, i) => 10 + i * 3),
  series: [
    { name: "perfect", counts: perfect, total: sum(perfect) },
    { name: "non_perfect", counts: other, total: sum(other) + 2 },
  ],
  overlay: true,
  log: false,
};

const pieces = ["<s>", "In", "▁the", "▁beginning", "▁God", "\n", "▁created"];
export const tokens: Tokens = {
  kind: "tokens",
  table: tableFromRows([{ name: "text", type: "str" }], [["In the beginning"], ["God created"]], "prompts"),
  model: "tiny",
  ids: [Int32Array.of(0, 1, 2, 3), Int32Array.of(0, 4, 6)],
  boundary: null,
  special: new Set([0]),
  piece: (id) => pieces[id] ?? "?",
  pieces: (ids) => Array.from(ids, (id) => pieces[id] ?? "?"),
  truncated: 1,
  source: "text",
};

/** Two documents, 7 positions, two of them masked; 10 features. */
export const acts: Acts = {
  kind: "acts",
  tokens,
  rows: {
    count: 7,
    document: Uint32Array.of(0, 0, 0, 0, 1, 1, 1),
    position: Uint32Array.of(0, 1, 2, 3, 0, 1, 2),
    token: Int32Array.of(0, 1, 2, 3, 0, 4, 6),
    masked: Uint8Array.of(1, 0, 0, 0, 1, 0, 0),
  },
  taps: [
    {
      layer: 7,
      hook: "resid_post",
      sae: "tiny",
      csr: {
        rows: 7,
        cols: 10,
        indptr: Uint32Array.of(0, 1, 3, 3, 8, 9, 11, 12),
        indices: Uint32Array.of(9, 1, 4, 0, 1, 2, 3, 8, 9, 2, 5, 8),
        values: Float32Array.of(9, 0.5, 1.25, 0.125, 2, 2, 0.75, 4, 8, 1.5, 0.25, 3),
      },
    },
  ],
};

const features = (ids: number[], counts: number[]): Features => ({
  kind: "features",
  acts,
  table: tableFromRows(
    [
      { name: "feature", type: "int" },
      { name: "count", type: "int" },
      { name: "mean", type: "float" },
      { name: "max", type: "float" },
    ],
    ids.map((id, at) => [id, counts[at]!, counts[at]! / 7, counts[at]! / 3]),
    "prompts",
  ),
});

export const topFeatures: Groups<Features> = {
  kind: "groups",
  members: [
    { name: "perfect", value: features([1203, 88, 4051, 7], [497, 411, 60, 9]) },
    { name: "non_perfect", value: features([88, 29999, 12], [305, 200, 1]) },
  ],
};
