/** Without this file a model with experts would be read, and nobody would have asked it anything. */
import { join } from "node:path";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { headerOf } from "../../runtime/session/header.ts";
import type { Dense, Table, TextValue } from "../../runtime/data/frame.ts";
import type { Explanation } from "../../runtime/planner/explanation.ts";
import { createSessionEngine } from "../../runtime/session/session_engine.ts";
import { readModel } from "../../runtime/checkpoint/model.ts";
import { familyModel } from "../docs/outside_checkpoints.ts";
import { ownFolder } from "../house/own_folder.ts";
import { saeFolder } from "./checkpoints.ts";
import { bits, open, run, type Ran } from "./open.ts";

const prompts = 'prompts "the word was by the sea", "the lazy dog", "of the fox and the sea, the word of the lazy dog", "by"';

/** A model of the fixtures with a tokenizer. */
function model(name: string): string {
  const path = ownFolder("saeq-experts-");
  familyModel(path, name, "qwen");
  return path;
}

const single = model("qwen3_moe_single");
const start = `set model ${JSON.stringify(single)}\nset sae ${JSON.stringify(saeFolder({ dIn: 24, dSae: 48, hook: "blocks.1.hook_mlp_out", change: (_, config) => Object.assign(config["metadata"] as object, { prepend_bos: false }) }))}\n`;

async function once(text: string, options: Parameters<typeof open>[0] = {}): Promise<Ran> {
  const session = await open(options);
  const ran = await run(session, text);
  await session.close();
  return ran;
}

test("an SAE of what all experts of a block give together is read there", async () => {
  const { values, codes } = await once(`${start}${prompts} | acts layer 1`);
  assert.equal(codes, []);
  assert.match(headerOf(values[0]!, "float32 on CPU"), "layer 1 mlp_out (model.layers.1.mlp output)");
});

test("processes and batches change no bit", async () => {
  const of = async (name: string, lanes: number, batch: number): Promise<string> => {
    const { values, codes } = await once(`set model ${JSON.stringify(model(name))}\n${prompts} | resid layer 1`, { engine: { lanes, threads: 1, batch } });
    assert.equal(codes, []);
    return bits((values[0] as Dense).taps.map((tap) => tap.values));
  };
  for (const name of ["qwen3_moe_shares", "qwen3_moe_mixed", "qwen3_moe_single", "qwen2_moe_shared", "mixtral_published", "mixtral_fused", "olmoe_clipped"]) {
    const alone = await of(name, 1, 1);
    assert.is(await of(name, 1, 4), alone, name);
    assert.is(await of(name, 3, 2), alone, name);
  }
});

test("the engine is told why no device is to be taken, up to the layer that is asked for", async () => {
  const told: unknown[] = [];
  const engines = createSessionEngine({ lanes: 1, threads: 1 });
  const session = await open({ engines: { ...engines, forPlan: (plan, settings, onlyOnCpu) => (told.push(onlyOnCpu), engines.forPlan(plan, settings, onlyOnCpu)) } });
  const mixed = `set model ${JSON.stringify(model("qwen3_moe_mixed"))}`;
  const { codes } = await run(session, `${mixed}\n${prompts} | resid layer 0 hook resid_pre\n${prompts} | resid layer 1\n${prompts} | take 1 | memorize prefix 2 continue 3 of text\n${prompts} | count`);
  await session.close();
  assert.equal(codes, []);
  const { spec: { blocks } } = await readModel(model("qwen3_moe_mixed"));
  const why = `layer ${blocks.findIndex(({ mlp }) => mlp.kind === "experts")} chooses experts for each token, which is computed on the CPU only`;
  assert.equal(told, [null, why, why, null]);
});

test("texts are continued, and `explain` counts the experts that a token takes", async () => {
  const { values, codes } = await once(`${start}${prompts} | take 3 | memorize prefix 2 continue 3 of text | select matching_tokens`);
  assert.equal(codes, []);
  assert.is((values[0] as Table).columns[0]!.values.length, 3);
  const folder = model("qwen3_moe_shares");
  const explained = await once(`set model ${JSON.stringify(folder)}\n${prompts} | resid layer 1 | explain`);
  const [pass] = ((explained.values[0] as TextValue).data as Explanation).passes;
  const { spec: { hiddenSize: d, heads, kvHeads, headDim } } = await readModel(folder);
  // Queries, keys, values and what is mixed; the router over 8 experts; three of 12 columns each.
  assert.is(pass!.flopsPerToken, 2 * 2 * (d * headDim * (2 * heads + 2 * kvHeads) + 8 * d + 3 * 3 * 12 * d));
});

test("a weight of an expert that is NaN is found, whoever chooses it", async () => {
  const folder = model("qwen3_moe_shares");
  const file = join(folder, "model.safetensors");
  const bytes = readFileSync(file);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString()) as Record<string, { readonly data_offsets: readonly [number, number] }>;
  bytes.writeUInt16LE(0x7fc0, 8 + length + header["model.layers.0.mlp.experts.7.up_proj.weight"]!.data_offsets[0] + 4);
  writeFileSync(file, bytes);
  const { codes, outcome } = await once(`set model ${JSON.stringify(folder)}\nprompts "by" | resid layer 0`);
  assert.equal(codes, ["nonfinite-weights"]);
  assert.match(JSON.stringify(outcome.diagnostics), /shape \[12, 24\].*the first is element 2/);
});

test.run();
