/** Without these tests SAEs that are one file of a repository, archives and files of torch.save would be known by name only. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createCatalog, type Catalog } from "../../runtime/catalog/catalog.ts";
import type { HubCall } from "../../runtime/hub/hub.ts";
import { registeredSae } from "../../runtime/registry/registry.ts";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { emitEncode } from "../../src/emit/encode.ts";
import type { Plan, SaeRef } from "../../src/ops/op.ts";
import { UNKNOWN } from "../../src/ops/schema.ts";
import type { SaeFacts } from "../../src/stages/stage.ts";
import { ownCache } from "../checkpoint/own_cache.ts";
import { torchFile } from "../checkpoint/archives.ts";
import { encodeRows } from "../emit/run_graph.ts";
import { requireParity } from "../parity/tally.ts";
import { readTensors } from "../parity/tensors.ts";
import { bits, open, run } from "../session/open.ts";
import { startHub, type Repository } from "./server.ts";

const own = mkdtempSync(join(tmpdir(), "saeq-hub-saes-"));
ownCache(test, join(own, "cache"));

const formats = join(import.meta.dirname, "../parity/sae_formats");
const fixture = (...path: readonly string[]): Buffer => readFileSync(join(formats, ...path));
const registered = (name: string): { readonly repository: string; readonly path: string } => registeredSae(name)!;
const large = (files: Readonly<Record<string, Uint8Array>>): Repository => ({ files: { "README.md": Buffer.from("# SAEs\n"), ...files }, lfs: Object.keys(files).filter((path) => /\.(safetensors|npz|pt|pth)$/.test(path)) });

interface Case {
  readonly name: string;
  readonly repository: string;
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** Of sae_formats: what the package that owns the format computes. */
  readonly expected: string;
  readonly convention?: string;
  readonly hook: string;
  readonly model: string | null;
}

/** An SAE of the registry, with the fixture's files where sae_lens looks for them. */
function known(name: string, files: (path: string) => Readonly<Record<string, Uint8Array>>, more: Pick<Case, "expected" | "hook" | "model" | "convention">): Case {
  const { repository, path } = registered(name);
  return { name, repository, files: files(path), ...more };
}

const hookZ = (path: string): string => `${path.slice(0, -".pt".length)}_cfg.json`;
const rescaled = (): Buffer => {
  const { normalize_activations: _, ...config } = JSON.parse(fixture("lens_rescaled", "cfg.json").toString()) as Record<string, unknown>;
  return Buffer.from(JSON.stringify({ ...config, normalize_activations: "none" }));
};
const inFolder = (path: string, files: Readonly<Record<string, Uint8Array>>): Readonly<Record<string, Uint8Array>> => Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${path}/${name}`, bytes]));
const QWEN = "SAE-Res-Qwen3-1.7B-Base-W32K-L0_6";
const DICTIONARY = "saebench_gemma-2-2b_width-2pow16_date-0107/blocks.12.hook_resid_post__trainer_5";

const CASES: readonly Case[] = [
  { name: `hf:Qwen/${QWEN}/layer3.sae.pt`, repository: `Qwen/${QWEN}`, files: { "layer3.sae.pt": fixture("qwen_scope", QWEN, "layer3.sae.pt"), "layer5.sae.pt": fixture("qwen_scope_bf16", QWEN, "layer5.sae.pt") }, expected: "qwen_scope", hook: "blocks.3.hook_resid_post", model: "Qwen/Qwen3-1.7B-Base" },
  known("goodfire-llama-3.1-8b-instruct/layer_19", (path) => ({ [path]: fixture("goodfire_8b", path) }), { expected: "goodfire_8b", hook: "blocks.19.hook_resid_post", model: "meta-llama/Llama-3.1-8B-Instruct" }),
  known("goodfire-llama-3.3-70b-instruct/layer_50", (path) => ({ [path]: fixture("goodfire_70b", path) }), { expected: "goodfire_70b", hook: "blocks.50.hook_resid_post", model: "meta-llama/Llama-3.3-70B-Instruct" }),
  known("deepseek-r1-distill-llama-8b-qresearch/blocks.19.hook_resid_post", (path) => ({ [path]: fixture("deepseek_r1", path) }), { expected: "deepseek_r1", hook: "blocks.19.hook_resid_post", model: "deepseek-ai/DeepSeek-R1-Distill-Llama-8B" }),
  known("gpt2-small-hook-z-kk/blocks.2.hook_z", (path) => ({ [path]: fixture("hook_z", "gpt2-small_L2_H_z.pt"), [hookZ(path)]: fixture("hook_z", "gpt2-small_L2_H_z_cfg.json"), "other_cfg.json": Buffer.from("{") }), { expected: "hook_z", hook: "blocks.2.attn.hook_z", model: "openai-community/gpt2" }),
  known("mwhanna-qwen3-0.6b-transcoders-lowl0/layer_3", (path) => ({ [path]: fixture("tracer_relu", path), "layer_4.safetensors": fixture("tracer_relu", path), "config.yaml": fixture("tracer_relu", "config.yaml") }), { expected: "tracer_relu", hook: "blocks.3.mlp.hook_in", model: "Qwen/Qwen3-0.6B" }),
  // Its repository has no config.yaml.
  known("mwhanna-qwen3-14b-transcoders/layer_3", (path) => ({ [path]: fixture("tracer_relu", path) }), { expected: "tracer_relu", hook: "blocks.3.mlp.hook_in", model: "Qwen/Qwen3-14B" }),
  known("mntss-gemma-2-2b-2.5m-clt-as-per-layer/layer_1", (path) => ({ [path]: fixture("tracer_clt", path), "W_dec_1.safetensors": Buffer.from("not needed"), "config.yaml": fixture("tracer_clt", "config.yaml") }), { expected: "tracer_clt", hook: "blocks.1.hook_resid_mid", model: "google/gemma-2-2b" }),
  // A folder that is called like a file.
  known("gpt2-small-resid-post-v5-32k/blocks.11.hook_resid_post", (path) => inFolder(path, { "cfg.json": fixture("lens_standard", "cfg.json"), "sae_weights.safetensors": fixture("lens_standard", "sae_weights.safetensors") }), { expected: "lens_standard", hook: "blocks.1.hook_resid_post", model: "openai-community/gpt2" }),
  known("mistral-7b-res-wg/blocks.8.hook_resid_pre", (path) => inFolder(path, { "cfg.json": rescaled(), "sae_weights.safetensors": fixture("lens_rescaled", "sae_weights.safetensors") }), { expected: "lens_rescaled", hook: "blocks.1.hook_resid_post", model: "mistralai/Mistral-7B-v0.1" }),
  ...["", "/ae.pt", "/ae.pt@main"].map((end): Case => {
    const each = "dl_topk";
    const { repository, path } = registered(DICTIONARY);
    const as = `${repository}-topk`;
    return { name: `hf:${as}/${path}${end}`, repository: as, files: inFolder(path, { "config.json": fixture(each, "config.json"), "ae.pt": fixture(each, "ae.pt"), "checkpoints/ae_1000.pt": Buffer.from("not needed") }), expected: each, hook: "blocks.4.hook_resid_post", model: "EleutherAI/pythia-70m-deduped" };
  }),
  known(DICTIONARY, (path) => inFolder(path, { "config.json": fixture("dl_matryoshka", "config.json"), "ae.pt": fixture("dl_matryoshka", "ae.pt") }), { expected: "dl_matryoshka", hook: "blocks.4.hook_resid_post", model: "google/gemma-2-2b" }),
  known("gemma-scope-2b-pt-res/layer_5/width_16k/average_l0_68", (path) => inFolder(path, { "params.npz": fixture("gemma_res", "gemma-scope-2b-pt-res/layer_5/width_16k/average_l0_70/params.npz") }), { expected: "gemma_res", hook: "blocks.5.hook_resid_post", model: "google/gemma-2-2b" }),
  ...([["gemma_mlp_deflated", "gemma-scope-9b-it-mlp", "layer_2/width_16k/average_l0_7", "blocks.2.hook_mlp_out", "google/gemma-2-9b-it"], ["gemma_embedding", "gemma-scope-2b-pt-res", "embedding/width_4k/average_l0_111", "hook_embed", "google/gemma-2-2b"]] as const).flatMap(([expected, release, path, hook, model]) =>
    ["publisher", "neuronpedia"].map((convention): Case => ({ name: `hf:google/${release}-${convention}/${path}`, repository: `google/${release}-${convention}`, files: inFolder(path, { "params.npz": fixture(expected, release, path, "params.npz") }), expected, convention, hook, model }))),
];

const hub = await startHub(Object.fromEntries(CASES.map(({ repository, files }) => [repository, large(files)])));
test.after(async () => {
  await hub.close();
  rmSync(own, { recursive: true });
});

const call = (more: Partial<HubCall> = {}): HubCall => ({ signal: new AbortController().signal, network: true, onProgress: () => {}, ...more });
const catalogOf = (home: string, more: Readonly<Record<string, string>> = {}): Catalog => createCatalog(home, { env: { HOME: home, HF_ENDPOINT: hub.url, HF_HOME: join(home, "hf"), ...more }, patience: { tries: 2, pause: 1, longest: 1, silence: 2000 } });
const encoding = (ref: SaeRef): Plan => ({ op: { op: "encode", saes: [ref] } as unknown as Plan["op"], inputs: [], schema: UNKNOWN, at: { start: 0, end: 0 }, label: "encode" });

async function checked(catalog: Catalog, name: string, convention = "auto", how = call()): Promise<SaeFacts> {
  const found = await catalog.lookUp({ kind: "sae", name, convention }, how);
  assert.is(found.state, "known", JSON.stringify(found));
  return (found as { readonly value: SaeFacts }).value;
}

function blobs(home: string): number {
  const found = readdirSync(join(home, "hf/hub"), { recursive: true, encoding: "utf8" }).filter((path) => /blobs\/[0-9a-f]{64}$/.test(path));
  return found.length;
}

for (const { name, expected, convention = "auto", hook, model } of CASES) {
  test(`${name}${convention === "auto" ? "" : ` (${convention})`}: checked by parts of it, then as its package computes`, async () => {
    const home = mkdtempSync(join(own, "home-"));
    const catalog = catalogOf(home);
    const facts = await checked(catalog, name, convention);
    assert.equal([facts.hookName, facts.trainedOn], [hook, model]);
    assert.is(blobs(home), 0, "no weights are here yet");
    assert.not.ok(catalog.sae(facts.ref).whole);
    // What was asked for once is not asked for again, not even by another session.
    const before = hub.seen.filter(({ range }) => range !== null).length;
    assert.equal(await checked(catalogOf(home), name, convention), facts);
    assert.is(hub.seen.filter(({ range }) => range !== null).length, before);
    assert.equal(await checked(catalogOf(home), name, convention, call({ network: false })), facts, "as while somebody types");
    const progress: string[] = [];
    await catalog.provide(encoding(facts.ref), call({ onProgress: (label) => progress.push(label) }));
    assert.is(progress.includes(`download ${name}`), true);
    assert.is(progress.includes(`convert ${name}`), /deflated|embedding/.test(expected));
    assert.is(blobs(home), 1, "one file of weights, and no other");
    const { spec, whole } = catalog.sae(facts.ref);
    assert.ok(whole);
    const theirs = await readTensors(join(formats, expected, "expected.safetensors"));
    const part = (key: string): Float32Array => theirs.get(`${convention === "auto" ? spec.convention : convention}.${key}`)!;
    const ours = new Float32Array(part("acts").length);
    for (const [row, feature, value] of await encodeRows(emitEncode(spec), theirs.get("x")!, spec.dIn)) ours[row * spec.dSae + feature] = value;
    requireParity(ours, { acts: part("acts"), margin: part("margin"), bound: part("bound") }, name, 20);
    assert.is((await checked(catalogOf(home, { HF_HUB_OFFLINE: "1" }), name, convention)).dSae, spec.dSae, "offline, from what is there");
  });
}

test("a folder of several SAEs asks which one", async () => {
  const found = await catalogOf(mkdtempSync(join(own, "home-"))).lookUp({ kind: "sae", name: `hf:Qwen/${QWEN}@main`, convention: "auto" }, call());
  assert.is(found.state, "failed");
  if (found.state !== "failed") return;
  assert.is(found.problem.code, "unsupported-sae-format");
  assert.match(found.problem.help, `set sae "hf:Qwen/${QWEN}/layer3.sae.pt"`);
});

test("a file that is not there is named, and nothing is downloaded", async () => {
  const home = mkdtempSync(join(own, "home-"));
  const found = await catalogOf(home).lookUp({ kind: "sae", name: `hf:Qwen/${QWEN}/layer9.sae.pt`, convention: "auto" }, call());
  assert.is(found.state === "failed" && found.problem.code, "hub-not-found");
});

test("a look-up that was stopped leaves nothing that stops the next one", async () => {
  const home = mkdtempSync(join(own, "home-"));
  const name = CASES[0]!.name;
  const stop = new AbortController();
  hub.fault = (seen) => (seen.host === "cdn" ? (stop.abort(), { kind: "silence" }) : null);
  await catalogOf(home).lookUp({ kind: "sae", name, convention: "auto" }, call({ signal: stop.signal })).then(() => assert.unreachable(), (error: Error) => assert.is(error.name, "AbortError"));
  hub.fault = () => null;
  await checked(catalogOf(home), name);
});

test("Qwen Scope by its name in the registry, from question to answer: as the same file in a folder", async () => {
  const entry = registeredSae("qwen-scope-3.5-2b-base-w32k-l50/layer7")!;
  const [d, m] = [192, 96];
  const series = (count: number, size: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898 + size) * 0.1);
  const bytes = torchFile({ W_enc: { shape: [m, d], values: series(m * d, 1) }, W_dec: { shape: [d, m], values: series(m * d, 2) }, b_enc: { shape: [m], values: series(m, 3) }, b_dec: { shape: [d], values: series(d, 4) } });
  const files = (folder: string): Record<string, Uint8Array> => Object.fromEntries(readdirSync(join(EXAMPLES, folder)).map((name) => [name, readFileSync(join(EXAMPLES, folder, name))]));
  const other = await startHub({ [entry.repository]: large({ [entry.path]: bytes }), [entry.model]: large(files("kjv/model")) });
  const home = mkdtempSync(join(own, "home-"));
  const local = join(home, entry.repository);
  mkdirSync(local, { recursive: true });
  writeFileSync(join(local, entry.path), bytes);
  const query = "sample perfect 2 | acts layer 7 last 5 | top 60";
  const ask = async (text: string) => {
    const session = await open({ grants: { read: true, write: true, net: true }, env: { HOME: home, HF_ENDPOINT: other.url, HF_HOME: join(home, "hf") } });
    const ran = await run(session, text);
    await session.close();
    assert.is(ran.outcome.exitCode, 0, JSON.stringify(ran.outcome.diagnostics));
    return ran;
  };
  const named = await ask(`set guard off\nset sae "qwen-scope-3.5-2b-base-w32k-l50/layer7"\n${query}`);
  const here = await ask(`set guard off\nset sae "${join(local, entry.path)}"\n${query}`);
  const table = (ran: typeof named): string => { const value = ran.values.at(-1)!; return bits(value.kind === "features" ? value.table : value); };
  assert.is(table(named), table(here));
  assert.ok(existsSync(join(home, "hf/hub")));
  await other.close();
});

test.run();
