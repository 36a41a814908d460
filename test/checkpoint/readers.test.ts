/** Without this file links, digests, tokens and the scan for NaN would be promised and not shown. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { headsOf } from "../../runtime/checkpoint/architectures/heads.ts";
import { CheckpointError } from "../../runtime/checkpoint/error.ts";
import { readModel } from "../../runtime/checkpoint/model.ts";
import { requireFinite, usedWeights } from "../../runtime/checkpoint/nonfinite.ts";
import { decodeNumbers } from "../../runtime/checkpoint/numbers.ts";
import { readSae } from "../../runtime/checkpoint/sae.ts";
import { forRows, readTokenizer } from "../../runtime/checkpoint/tokenizer/tokenizer.ts";
import type { AttentionSpec, RopeSpec } from "../../src/emit/attention_specs.ts";
import type { TensorRef } from "../../src/emit/specs.ts";

const folder = mkdtempSync(join(tmpdir(), "saeq-read-"));
test.after(() => rmSync(folder, { recursive: true }));
const models = join(import.meta.dirname, "../parity/fixtures/models");
const shipped = join(import.meta.dirname, "../../examples/kjv/model");

test("the layout of a hub cache, links to blobs outside the folder, is resolved", async () => {
  const snapshot = join(folder, "snapshots/main");
  const blobs = join(folder, "blobs");
  mkdirSync(snapshot, { recursive: true });
  mkdirSync(blobs);
  for (const name of ["config.json", "model.safetensors"]) {
    cpSync(join(models, "gqa", name), join(blobs, name));
    symlinkSync(join("../../blobs", name), join(snapshot, name));
  }
  const { spec, name } = await readModel(snapshot);
  assert.is(name, "main");
  assert.match(spec.embed.file, /blobs.model\.safetensors$/);
  assert.is(spec.digest, (await readModel(join(models, "gqa"))).spec.digest, "the digest is of content, not of paths");
});

const architectures = join(import.meta.dirname, "../parity/architectures");

/** A fixture with another config. */
function withConfig(name: string, from: string, change: (config: Record<string, unknown>) => void): string {
  const path = join(folder, name);
  cpSync(from, path, { recursive: true });
  const config = JSON.parse(readFileSync(join(path, "config.json"), "utf8")) as Record<string, unknown>;
  change(config);
  writeFileSync(join(path, "config.json"), JSON.stringify(config));
  return path;
}

test("the first Gemma says gelu and means the tanh form; of later ones another form is refused by the key that says it", async () => {
  const { spec } = await readModel(withConfig("gelu", join(architectures, "gemma_one"), (config) => void (config["hidden_act"] = "gelu")));
  const activations = (of: typeof spec): readonly string[] => of.blocks.map(({ mlp }) => ("activation" in mlp && typeof mlp.activation === "string" ? mlp.activation : "of experts"));
  assert.equal(activations(spec), activations((await readModel(join(architectures, "gemma_one"))).spec));
  for (const [name, key] of [["gemma_one", "hidden_act"], ["gemma2_capped", "hidden_activation"]] as const) {
    const error = await readModel(withConfig(`${name}_relu`, join(architectures, name), (config) => void (config[key] = "relu"))).then(() => null, (cause: CheckpointError) => cause);
    assert.match(error!.message, new RegExp(`\`${key}\``));
  }
});

test("numbers of heads that a config leaves out are those of its family", async () => {
  const heads = (family: string) => headsOf({ file: "config.json", value: { hidden_size: 2560 } }, 256, { gemma3: 4 }[family] ?? null, { gemma3: 8 }[family] ?? null);
  // transformers 5.24, configuration_gemma3.py, Gemma3TextConfig.
  assert.equal(heads("gemma3"), { hiddenSize: 2560, heads: 8, kvHeads: 4, headDim: 256 });
  assert.throws(() => heads("other"), /num_attention_heads/);
  const error = await readModel(withConfig("few_heads", join(architectures, "gemma3_local"), (config) => void (delete config["num_attention_heads"], delete config["num_key_value_heads"]))).then(() => null, (cause: CheckpointError) => cause);
  assert.is(error?.code ?? "read", "shape-mismatch", "eight heads are taken, and the weights of this fixture have fewer");
});

test("a base model is read without the head that it does not hold", async () => {
  const path = withConfig("headless", shipped, (config) => void (config["tie_word_embeddings"] = false));
  const { spec } = await readModel(path);
  assert.equal([spec.lmHead, spec.noHead], [null, "lm_head.weight"]);
  assert.is((await readModel(shipped)).spec.noHead, undefined);
});

test("a download that stopped early is named with both sizes", async () => {
  const path = join(folder, "short");
  cpSync(join(models, "gqa"), path, { recursive: true });
  truncateSync(join(path, "model.safetensors"), 100_000);
  await readModel(path).then(() => assert.unreachable(), (error: CheckpointError) => {
    assert.is(error.code, "truncated-safetensors");
    assert.match(error.message, "has 100000 bytes");
  });
});

test("the digest notices another config and other weights", async () => {
  const path = join(folder, "changed");
  cpSync(join(models, "gqa"), path, { recursive: true });
  const digest = async (): Promise<string> => (await readModel(path)).spec.digest;
  const first = await digest();
  const weights = readFileSync(join(path, "model.safetensors"));
  weights[weights.length - 5] = 1 ^ (weights[weights.length - 5] as number);
  writeFileSync(join(path, "model.safetensors"), weights);
  const second = await digest();
  writeFileSync(join(path, "config.json"), `${readFileSync(join(path, "config.json"), "utf8")} `);
  assert.is(new Set([first, second, await digest()]).size, 3);
});

test("a config of transformers 5 keeps its rope under rope_parameters", async () => {
  const path = join(folder, "rope");
  cpSync(join(models, "llama3_rope"), path, { recursive: true });
  const ropeOf = async (): Promise<RopeSpec> => ((await readModel(path)).spec.blocks[0]?.attention as AttentionSpec).rope as RopeSpec;
  const old = await ropeOf();
  const { rope_scaling, rope_theta, ...config } = JSON.parse(readFileSync(join(path, "config.json"), "utf8")) as Record<string, object>;
  writeFileSync(join(path, "config.json"), JSON.stringify({ ...config, rope_parameters: { ...rope_scaling, rope_theta } }));
  assert.equal(await ropeOf(), old);
  assert.is(old.scaling.kind, "llama3");
  assert.is(old.theta, 500000);
});

test("the window of mistral holds in every layer and bounds no context", async () => {
  const { spec } = await readModel(join(models, "mistral"));
  assert.is(spec.context, 512);
  assert.equal(spec.blocks.map(({ attention }) => (attention as AttentionSpec).window), [200, 200, 200]);
});

test("float16 and bfloat16 are decoded exactly", () => {
  const half = Uint16Array.from([0x0000, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x7c00, 0xfe00]);
  assert.equal([...decodeNumbers(new Uint8Array(half.buffer), "F16")], [0, -0, 1, -2, 65504, 2 ** -24, 2 ** -14, Infinity, NaN]);
  const brain = Uint16Array.from([0x3f80, 0xc049, 0x7f80]);
  assert.equal([...decodeNumbers(new Uint8Array(brain.buffer), "BF16")], [1, -3.140625, Infinity]);
});

const stored = { f32: [Float32Array, 1, Infinity], bf16: [Uint16Array, 0x3f80, 0xff80], f16: [Uint16Array, 0x3c00, 0x7e00] } as const;
for (const dtype of ["f32", "bf16", "f16"] as const) {
  test(`NaN and infinities in ${dtype} are found wherever they lie, and nothing else is`, async () => {
    const [Numbers, one, bad] = stored[dtype];
    for (const position of [null, 0, 1, 500, 1000]) {
      const values = new Numbers(1001).fill(one);
      if (position !== null) values[position] = bad;
      // A file of its own: two writes may fall into one tick of the file system's clock.
      const file = join(folder, `finite.${dtype}.${position}`);
      writeFileSync(file, values);
      const ref: TensorRef = { file, offset: 0, length: values.byteLength, dtype, shape: [1001] };
      const outcome = await requireFinite([{ ...ref, file }]).then(() => null, (error: CheckpointError) => error);
      if (position === null) assert.is(outcome, null);
      else assert.match(outcome?.notes[0] ?? "", `element ${position}`);
    }
  });
}

test("the weights of a cut model are those of its blocks", async () => {
  const { spec } = await readModel(join(models, "untied_bias"));
  assert.is(usedWeights(spec, 0, false).length, 1);
  assert.is(usedWeights(spec, 2, false).length, 1 + 2 * 16);
  assert.is(usedWeights(spec, 3, true).length, 1 + 3 * 16 + 2);
  await requireFinite(usedWeights(spec, 3, true));
});

test("text becomes ids with BOS exactly once, and ids become text", async () => {
  const tokenizer = await readTokenizer(shipped);
  const bos = tokenizer.bosId as number;
  const ids = tokenizer.encode("In the beginning God created", { bos: true });
  assert.is(ids[0], bos);
  assert.equal([...tokenizer.encode("In the beginning God created", { bos: false })], [...ids.slice(1)]);
  const spelled = tokenizer.encode("<|begin_of_text|>In the", { bos: true });
  assert.is(spelled.filter((id) => id === bos).length, 1);
  assert.is(tokenizer.decode(ids.slice(1)), "In the beginning God created");
  assert.is([...ids.slice(1)].map(tokenizer.piece).join(""), "In the beginning God created");
  assert.ok(tokenizer.specialIds.has(bos) && tokenizer.specialIds.has(tokenizer.eosId as number));
  assert.equal([...tokenizer.encode("", { bos: true })], [bos]);
  assert.is(tokenizer.piece(10 ** 6), "<1000000>");
});

test("a tokenizer with more ids than the model has rows is refused", async () => {
  const tokenizer = await readTokenizer(shipped);
  forRows(tokenizer, tokenizer.size, "model");
  assert.throws(() => forRows(tokenizer, tokenizer.size - 1, "model"), /embedding/);
});

test("a tokenizer that is no tokenizer is an error of the checkpoint", async () => {
  for (const content of ["{}", '{"model":null}', '{"model":{"type":"BPE","vocab":{},"merges":[]}}', '{"model":{"type":"Alien"}}', "[]", "{"]) {
    const path = mkdtempSync(join(folder, "tokenizer-"));
    writeFileSync(join(path, "tokenizer.json"), content);
    const outcome = await readTokenizer(path).then(() => null, (error: unknown) => error);
    assert.ok(outcome === null || outcome instanceof CheckpointError, `${content}: ${String(outcome)}`);
  }
});

test("a folder with SAEs below it names them, those of a run of training in their order", async () => {
  const refused = async (path: string): Promise<CheckpointError> => (await readSae(path, { convention: null }).then(() => assert.unreachable(), (error: unknown) => error)) as CheckpointError;
  const path = mkdtempSync(join(folder, "run-"));
  // As dictionary_learning, sparsify and sae_lens lay out what they write.
  for (const file of ["trainer_10/ae.pt", "trainer_2/ae.pt", "trainer_2/checkpoints/ae_20.pt", "run/layers.1/sae.safetensors", "run/optimizer/state.pt", "checkpoints/id/final_100/sae_weights.safetensors"]) {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    writeFileSync(join(path, file), "");
  }
  const error = await refused(path);
  assert.is(error.code, "unsupported-sae-format");
  assert.equal(error.notes, [`found: ${["run/layers.1", "trainer_2", "trainer_10"].map((name) => join(path, name)).join(", ")}`]);
  assert.is(error.help, `set sae "${join(path, "run/layers.1")}"`);
  assert.match((await refused(join(path, "checkpoints"))).help!, "final_100");
  assert.match((await refused(join(path, "run", "optimizer"))).notes.join(), "the folder that holds the weights themselves");
});

test.run();
