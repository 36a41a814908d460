/** Without this file nobody would know how near predicted memory comes to what is taken: `node bench/memory/run.ts` (Linux) prints both for shapes of known models. */
import { lanePeak, type Load } from "../../test/engine/lane_peak.ts";
import type { HollowShape } from "../../test/engine/hollow_model.ts";

type Case = readonly [name: string, shape: HollowShape];
const llama135 = { hidden: 576, mlp: 1536, heads: 9, kvHeads: 3, headDim: 64, layers: 15, features: 24_576, active: 0.002 } as const;
const llama8b = { hidden: 4096, mlp: 14_336, heads: 32, kvHeads: 8, headDim: 128, layers: 2, dtype: "bf16", active: 0.002 } as const;
const CASES: readonly Case[] = [
  ["Llama 135M, float32", { ...llama135, dtype: "f32" }],
  ["Llama 135M, bfloat16", { ...llama135, dtype: "bf16" }],
  ["GPT-2 small's sizes, L0 1,229", { hidden: 768, mlp: 3072, heads: 12, kvHeads: 12, headDim: 64, layers: 6, dtype: "f32", features: 24_576, active: 0.05 }],
  ["Gemma 2B, bfloat16", { hidden: 2304, mlp: 9216, heads: 8, kvHeads: 4, headDim: 256, layers: 2, dtype: "bf16", features: 65_536, active: 0.002 }],
  ["Llama 8B, bfloat16, 32,768 features", { ...llama8b, features: 32_768 }],
  ["Llama 8B, bfloat16, 131,072 features", { ...llama8b, features: 131_072 }],
  ["Qwen3 30B-A3B, bfloat16", { hidden: 2048, mlp: 768, heads: 32, kvHeads: 4, headDim: 128, layers: 2, dtype: "bf16", features: 32_768, active: 0.002, experts: { count: 128, perToken: 8 } }],
];
const LOADS: readonly Load[] = [
  { texts: 10, length: 100, wanted: 50, batch: 2 },
  { texts: 20, length: 100, wanted: 50, batch: 10 },
  { texts: 40, length: 100, wanted: 25, batch: 40 },
  { texts: 2, length: 2048, wanted: 1024, batch: 1 },
];

console.log("| model | batch | peak MB | predicted MB | predicted / peak |\n| --- | --- | ---: | ---: | ---: |");
for (const [name, shape] of CASES) {
  for (const load of LOADS) {
    const { peak, predicted } = await lanePeak(shape, load);
    console.log(`| ${name} | ${load.batch} × ${load.length}, ${load.batch * load.wanted} wanted | ${(peak / 1e6).toFixed(0)} | ${(predicted / 1e6).toFixed(0)} | ${(predicted / peak).toFixed(2)} |`);
  }
}
