/** Without this file a session could ask of the directions of another SAE than the one whose features are meant, or of directions that mean nothing. */
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Table, Value } from "../../runtime/data/frame.ts";
import { cellAt, columnNamed } from "../../runtime/data/table.ts";
import { modelFolder, saeFolder, safetensors, type Tensor } from "./checkpoints.ts";
import { bits, folder, open, run, type Ran } from "./open.ts";

const sae = (...paths: readonly string[]): string => `set sae ${paths.map((path) => JSON.stringify(path)).join(", ")}\n`;

async function ask(query: string, options: Parameters<typeof open>[0] = {}): Promise<Ran> {
  const session = await open(options);
  const ran = await run(session, query);
  await session.close();
  return ran;
}

function cells(value: Value | undefined, ...names: readonly string[]): unknown[][] {
  const table = value as Table;
  return Array.from({ length: table.rows }, (_, row) => names.map((name) => cellAt(columnNamed(table, name), row)));
}

/** Rows of a decoder whose features 0 … 3 lie along axes: 1 as 0, 2 against it, 3 across it, 4 nowhere. */
const axes = (weights: Record<string, Tensor>): void => {
  const { values, shape: [, width] } = weights["W_dec"]!;
  values.fill(0);
  [[0, 0, 1], [1, 0, 3], [2, 0, -2], [3, 1, 1]].forEach(([row, at, value]) => (values[row! * width! + at!] = value!));
};

test("nearest are those that point the same way, whatever their length; what points nowhere is near to none, which is said", async () => {
  const set = sae(saeFolder({ dSae: 5, change: axes }));
  const { values, notices, codes } = await ask(`${set}similar 0 k 9\nsimilar 4, 1 k 1\npromotes 4, 0 k 1`);
  assert.equal(codes, []);
  assert.equal(cells(values[0], "feature", "rank", "similar", "cosine"), [[0, 1, 1, 1], [0, 2, 3, 0], [0, 3, 2, -1]]);
  assert.equal(cells(values[1], "feature", "similar"), [[1, 0]]);
  assert.equal(cells(values[2], "feature", "side"), [[0, "promoted"], [0, "suppressed"]]);
  assert.equal(notices.filter((notice) => notice.includes("feature 4")).map((notice) => notice.split(": ")[2]), ["the decoder direction has no length to compare, or there is no other", "the decoder direction has no effect on any logit"]);
});

test("the same bits for any lanes, threads and neighbours in the question", async () => {
  const query = "similar 769, 620, 1453 k 5\npromotes 769, 620, 1453 k 5";
  const results = new Set<string>();
  for (const engine of [{ lanes: 1, threads: 1 }, { lanes: 3, threads: 1 }, { lanes: 1, threads: 2 }]) results.add(bits((await ask(query, { engine: { ...engine, batch: null } })).values));
  assert.is(results.size, 1);
  const { values } = await ask("similar 620 k 5\nsimilar 769, 620, 1453 k 5 | where feature == 620\npromotes 620 k 5\npromotes 769, 620 k 5 | where feature == 620");
  assert.equal(cells(values[0], "similar", "cosine"), cells(values[1], "similar", "cosine"));
  assert.equal(cells(values[2], "token_id", "weight"), cells(values[3], "token_id", "weight"));
});

test("features of a list, of figures and of a file are those that are meant, each once, by group", async () => {
  const place = folder({ "own.csv": "feature,note\n620,a\n,b\n1453,c\n620,d\n", "beyond.csv": "feature\n620\n1536\n", "words.csv": "feature\nx\n" });
  const beside = await ask("similar 620, 532 k 1 | promotes of similar k 1\npromotes 532, 273 k 1");
  assert.is(bits((beside.values[0] as Table).columns), bits((beside.values[1] as Table).columns));
  assert.equal((await ask("similar 620 k 1 | promotes of cosine")).codes, ["unknown-column"]);
  const session = await open({ readFrom: place });
  const { values, codes, notices } = await run(session, 'csv "own.csv" | similar k 1\nsimilar 620, 1453 k 1');
  assert.equal(codes, []);
  assert.is(bits((values[0] as Table).columns), bits((values[1] as Table).columns));
  assert.ok(notices.some((notice) => notice.endsWith("1 row names no feature")));
  const beyond = await run(session, 'csv "beyond.csv" | promotes');
  assert.equal(beyond.codes, ["out-of-range"]);
  assert.match(beyond.outcome.diagnostics[0]!.message, /row 2: there is no feature 1536/);
  assert.equal((await run(session, 'csv "words.csv" | promotes')).codes, ["unknown-column"]);
  await session.close();
  const grouped = await ask("groups a = (sample perfect 3), b = (sample non_perfect 3) | acts layer 7 | top 2 | promotes k 1 side promoted");
  const [value] = grouped.values;
  assert.ok(value?.kind === "groups" && value.members.length === 2);
  const ungrouped = await ask("groups a = (sample perfect 3), b = (sample non_perfect 3) | acts layer 7 | top 2 | promotes k 1 side promoted | ungroup | count by group");
  assert.equal(cells(ungrouped.values[0], "group", "count"), [["a", 2], ["b", 2]]);
});

test("of several SAEs the layer says which, by number or row by row", async () => {
  const [five, seven] = [saeFolder({ dSae: 64, hook: "blocks.5.hook_resid_post" }), saeFolder({ dSae: 5, change: axes })];
  const set = `${sae(five, seven)}set guard off\n`;
  assert.equal((await ask(`${set}similar 3`)).codes, ["missing-argument"]);
  const unclear = await ask(`${set}similar 3`);
  assert.is(unclear.outcome.diagnostics[0]!.help, "similar 3 layer 5");
  assert.equal((await ask(`${set}similar 3 layer 6`)).codes, ["hook-mismatch"]);
  assert.equal((await ask(`${set}similar 63 layer 7`)).codes, ["out-of-range"]);
  assert.equal((await ask(`${set}similar 63 layer 5`)).codes, []);
  // Features of activations are of the SAE that found them, whichever others are set.
  assert.equal((await ask(`${set}sample perfect 3 | acts layer 7 | top 2 | similar k 1`)).codes, []);
  const layered = await ask(`${set}let t = sample perfect 3 | acts layer 5, 7 | top 3 per layer\nt | similar k 1\nt | similar k 1 layer 7\nt | similar k 1 | count by layer`);
  assert.equal(layered.codes, []);
  const [both, one] = layered.values;
  assert.equal((both as Table).columns.map(({ name }) => name), ["layer", "feature", "rank", "similar", "cosine"]);
  assert.equal((one as Table).columns.map(({ name }) => name), ["feature", "rank", "similar", "cosine"]);
  assert.equal(cells(both, "layer", "feature", "similar").filter(([layer]) => layer === 7).map(([, ...rest]) => rest), cells(one, "feature", "similar"));
  const place = folder({ "layers.csv": "layer,feature\n7,0\n4,0\n" });
  const strange = await ask(`${set}csv "layers.csv" | similar`, { readFrom: place });
  assert.equal(strange.codes, ["out-of-range"]);
  assert.match(strange.outcome.diagnostics[0]!.message, /row 2 is of layer 4, and no SAE of that layer is set/);
  // Two SAEs of one layer are told apart by their hooks.
  const out = saeFolder({ dSae: 8, hook: "blocks.7.hook_mlp_out" });
  assert.is((await ask(`${sae(out, seven)}similar 3`)).outcome.diagnostics[0]!.help, "similar 3 hook mlp_out");
  assert.equal((await ask(`${sae(out, seven)}similar 7 hook mlp_out`)).codes, []);
  // What was found with another SAE than is set now is asked of none.
  assert.equal((await ask(`let t = sample perfect 2 | acts layer 7 | top 2\n${sae(seven)}t | similar`)).codes, ["wrong-argument"]);
});

test("directions that are none of the residual stream promote nothing, and it is said what stands between", async () => {
  for (const [hook, width, reason] of [["blocks.7.attn.hook_z", 192, /output matrix/], ["blocks.7.ln2.hook_normalized", 192, /into the MLP/], ["blocks.7.mlp.hook_in", 192, /comes out of it/], ["blocks.7.mlp.hook_post", 512, /nothing is known/]] as const) {
    const set = sae(saeFolder({ hook, dIn: width }));
    const refused = await ask(`${set}promotes 3`);
    assert.equal(refused.codes, ["hook-mismatch"], hook);
    assert.match(refused.outcome.diagnostics[0]!.notes!.join("\n"), reason);
    // How they lie to each other is known all the same.
    assert.equal((await ask(`${set}similar 3`)).codes, [], hook);
  }
  for (const hook of ["hook_resid_pre", "hook_resid_mid", "hook_mlp_out", "hook_attn_out"]) assert.equal((await ask(`${sae(saeFolder({ hook: `blocks.7.${hook}` }))}promotes 3 k 1`)).codes, [], hook);
  assert.equal((await ask(`${sae(saeFolder({ dIn: 100 }))}promotes 3`)).codes, ["sae-width-mismatch"]);
  assert.equal((await ask(`${sae(saeFolder({ hook: "blocks.10.hook_resid_post" }))}promotes 3`)).codes, ["hook-mismatch"]);
});

test("of an SAE that scales each token it is said of which the weights are", async () => {
  const scaling = saeFolder({ change: (_, config) => void (config["normalize_activations"] = "layer_norm") });
  const { notices, codes } = await ask(`${sae(scaling)}promotes 3 k 1\nsimilar 3 k 1`);
  assert.equal(codes, []);
  assert.equal(notices.filter((notice) => /layer_norm/.test(notice)).map((notice) => notice.split(": ")[0]), ["promotes 3 k 1"]);
});

test("a transcoder's directions are where it writes, not where it reads", async () => {
  const transcoder = (out: string): string => saeFolder({
    hook: "blocks.7.ln2.hook_normalized",
    change: (_, config) => {
      config["architecture"] = "jumprelu_transcoder";
      config["d_out"] = 192;
      config["metadata"] = { ...(config["metadata"] as object), hook_name_out: out };
    },
  });
  assert.equal((await ask(`${sae(transcoder("blocks.7.hook_mlp_out"))}promotes 3 k 1`)).codes, []);
  assert.equal((await ask(`${sae(transcoder("blocks.7.attn.hook_z"))}promotes 3 k 1`)).codes, ["hook-mismatch"]);
});

test("what a module gives out is a direction of the stream only where no norm comes behind it", async () => {
  // Gemma norms what the MLP gives out before it adds it.
  const model = join(folder(), "gemma");
  cpSync(join(import.meta.dirname, "..", "parity", "architectures", "gemma2_capped"), model, { recursive: true });
  writeFileSync(join(model, "tokenizer.json"), JSON.stringify({ version: "1.0", added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, model: { type: "BPE", vocab: Object.fromEntries(Array.from({ length: 64 }, (_, i) => [String.fromCharCode(64 + i), i])), merges: [] } }));
  writeFileSync(join(model, "tokenizer_config.json"), JSON.stringify({ tokenizer_class: "PreTrainedTokenizerFast" }));
  const ramp = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.sin(i));
  const found = async (hookpoint: string): Promise<readonly string[]> => {
    const place = join(folder(), hookpoint);
    mkdirSync(place);
    writeFileSync(join(place, "cfg.json"), JSON.stringify({ d_in: 32, num_latents: 4, k: 2 }));
    writeFileSync(join(place, "sae.safetensors"), safetensors({ "encoder.weight": { shape: [4, 32], values: ramp(128) }, "encoder.bias": { shape: [4], values: ramp(4) }, W_dec: { shape: [4, 32], values: ramp(128) }, b_dec: { shape: [32], values: ramp(32) } }));
    return (await ask(`set model ${JSON.stringify(model)}\n${sae(place)}promotes 3 k 2`)).codes;
  };
  assert.equal(await found("layers.1.mlp"), ["hook-mismatch"]);
  assert.equal(await found("layers.1"), []);
});

test("NaN in a decoder or an unembedding is told by whoever reads it, and by nobody else", async () => {
  const broken = saeFolder({ change: (weights) => void (weights["W_dec"]!.values[5] = NaN) });
  for (const query of ["similar 3", "promotes 3"]) assert.equal((await ask(`${sae(broken)}${query}`)).codes, ["nonfinite-weights"], query);
  const model = modelFolder({
    weights: (bytes) => {
      const header = JSON.parse(bytes.toString("utf8", 8, 8 + Number(bytes.readBigUInt64LE(0)))) as Record<string, { readonly data_offsets: readonly [number, number] }>;
      bytes.writeUInt16LE(0x7fc0, 8 + Number(bytes.readBigUInt64LE(0)) + header["model.norm.weight"]!.data_offsets[0]);
      return bytes;
    },
  });
  const set = `set model ${JSON.stringify(model)}\nset guard off\n${sae(saeFolder())}`;
  assert.equal((await ask(`${set}promotes 3 k 1`)).codes, ["nonfinite-weights"]);
  assert.equal((await ask(`${set}similar 3 k 1\nsample perfect 1 | acts layer 7 | top 1`)).codes, []);
});

test("the header names the SAE and the model, and a result is found again by a stage behind it", async () => {
  const session = await open();
  const headers: string[] = [];
  const { values } = await run(session, "promotes 620 k 2\npromotes 620 k 2 raw\nsimilar 620 k 2 | where cosine > 0.3", undefined, (event) => void (event.kind === "result" && headers.push(event.header)));
  await session.close();
  assert.equal(headers.map((header) => header.split(" · ").slice(1)), [["SAE kjv (saelens)", "model kjv", "final norm's weight and unembedding"], ["SAE kjv (saelens)", "model kjv", "unembedding alone"], ["SAE kjv (saelens)"]]);
  assert.equal(cells(values[0], "token").flat().slice(0, 2), [" thee", " thy"]);
});

test.run();
