/** Without this file callers would have to know in which of many formats an SAE was saved. */
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { SaeSpec } from "../../src/emit/sae_specs.ts";
import { readCircuitTracer } from "./circuit_tracer.ts";
import { readDictionaryLearning } from "./dictionary_learning.ts";
import { CheckpointError } from "./error.ts";
import { readGemmaScope } from "./gemma_scope.ts";
import { readGemmaScope2 } from "./gemma_scope_2.ts";
import { readLlamaScope } from "./llama_scope.ts";
import { readLlamascopium } from "./llamascopium.ts";
import { requireFolder } from "./real_path.ts";
import { openFolder, type SaeOptions, type SaeReader } from "./sae_folder.ts";
import { readSaeLens, REFUSED } from "./sae_lens.ts";
import { readSparsify } from "./sparsify.ts";
import { readTorchSae } from "./torch_saes.ts";

/** Every format, with the files that show it; tried in this order, the most particular first. A format is one reader and one line here. */
export const SAE_FORMATS: readonly { readonly name: string; readonly files: string; readonly read: SaeReader }[] = [
  { name: "Llama Scope", files: "hyperparams.json and checkpoints/final.safetensors", read: readLlamaScope },
  { name: "sparsify", files: "cfg.json and sae.safetensors", read: readSparsify },
  { name: "sae_lens", files: "cfg.json and sae_weights.safetensors", read: readSaeLens },
  { name: "Gemma Scope", files: "params.npz", read: readGemmaScope },
  { name: "Gemma Scope 2", files: "params.safetensors, and config.json", read: readGemmaScope2 },
  { name: "dictionary_learning", files: "config.json and ae.safetensors or ae.pt", read: readDictionaryLearning },
  { name: "llamascopium and Llama Scope R1", files: "config.json and sae_weights.safetensors", read: readLlamascopium },
  { name: "circuit-tracer", files: "layer_<n>.safetensors, or W_enc_<n>.safetensors and W_dec_<n>.safetensors, and config.yaml", read: readCircuitTracer },
  { name: "Qwen Scope, Goodfire, DeepSeek-R1, hook_z", files: "one .pt, .pth or .safetensors under its published name", read: readTorchSae },
];

/**
 * Read an SAE folder, or one file of a folder of several SAEs: config, small vectors and headers; the matrices are only located. Throws `CheckpointError`; where no format fits,
 * `unsupported-sae-format` lists what was found and what is read.
 */
export async function readSae(path: string, options: SaeOptions): Promise<SaeSpec> {
  const folder = await openFolder(...(await folderAndFile(path, options)));
  for (const { read } of SAE_FORMATS) {
    const spec = await read(folder);
    if (spec !== null) return spec;
  }
  // As canrager/temporalSAEs is published, which the registry knows.
  if (folder.names.has("conf.yaml") && folder.names.has("latest_ckpt.safetensors")) {
    throw new CheckpointError("unsupported-architecture", `${folder.path} holds a \`temporal\` SAE`, { notes: [`not computed: ${REFUSED["temporal"]}`], help: 'set sae "…"' });
  }
  const supported = SAE_FORMATS.map(({ name, files }) => `supported: ${name}: ${files}`);
  const names = [...folder.names].sort();
  if (names.length === 0) throw new CheckpointError("missing-file", `${folder.path} holds no SAE: it is empty`, { notes: supported });
  const below = folder.place === path ? await saesBelow(folder.path) : [];
  if (below.length > 0) {
    throw new CheckpointError("unsupported-sae-format", `${folder.path} holds no SAE itself, but ${below.length === 1 ? "one lies" : "some lie"} below it`, { notes: [`found: ${below.slice(0, 8).join(", ")}${below.length > 8 ? ` and ${below.length - 8} more` : ""}`], help: `set sae ${JSON.stringify(below[0])}` });
  }
  const there = `found: ${names.slice(0, 12).join(", ")}${names.length > 12 ? ` and ${names.length - 12} more` : ""}`;
  throw new CheckpointError("unsupported-sae-format", `${folder.path} holds no SAE in a format that is read`, { notes: [there, ...supported, "the folder that holds the weights themselves is named"], help: 'set sae "…"' });
}

/** Files that only the folder of one SAE holds, those that a run of training writes around it aside. */
const WEIGHTS = ["sae_weights.safetensors", "sae.safetensors", "params.npz", "params.safetensors", "ae.pt", "ae.safetensors"];
const MOST_LOOKED_INTO = 200;

/** Folders of SAEs at most two levels below, as runs of training and repositories lay them out. */
async function saesBelow(path: string, levels = 2): Promise<readonly string[]> {
  if (levels === 0) return [];
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name).sort((a, b) => a.localeCompare(b, "en", { numeric: true })).slice(0, MOST_LOOKED_INTO);
  const found: string[] = [];
  for (const name of folders) {
    const at = join(path, name);
    const names = await readdir(at).catch(() => []);
    if (names.some((each) => WEIGHTS.includes(each))) found.push(at);
    else found.push(...(await saesBelow(at, levels - 1)));
  }
  return found;
}

/** A path to a file is that file of its folder. */
async function folderAndFile(path: string, options: SaeOptions): Promise<[string, SaeOptions]> {
  const found = await stat(path).catch(() => null);
  if (found === null || !found.isFile()) return [await requireFolder(path), { ...options, place: options.place ?? path }];
  return [await requireFolder(dirname(path)), { ...options, place: options.place ?? dirname(path), file: options.file ?? basename(path) }];
}
