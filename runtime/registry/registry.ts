/** Without this file nobody could name an SAE from a paper: its repository, path, hook and scale would have to be looked up by hand. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../package_root.ts";

/** An SAE that sae_lens knows, as `registry/build.py` took it from its table. Null is what only the files themselves tell. */
export interface RegisteredSae {
  readonly release: string;
  readonly id: string;
  /** The base model's repository on the hub. */
  readonly model: string;
  readonly repository: string;
  /** A folder of the repository, or one file of it. */
  readonly path: string;
  /** The loader of sae_lens that reads it: `sae_lens`, `llama_scope`, `gemma_2` … */
  readonly conversion: string;
  /** TransformerLens' name of where it reads the model; "" where it is not known. */
  readonly hook: string;
  readonly layer: number | null;
  readonly width: number | null;
  /** Features active per token, as published. */
  readonly l0: number | null;
  readonly explainedVariance: number | null;
  /** What activations are multiplied by where the SAE expects them scaled (`norm_scaling_factor`). */
  readonly normScale: number | null;
  readonly neuronpedia: string | null;
  /** A normalisation that sae_lens puts in place of the one in the files. */
  readonly normalize: string | null;
  /** The model's residual has to be centred before this SAE reads it. */
  readonly centered: boolean;
}

interface Release {
  readonly name: string;
  readonly model: string;
  readonly repository: string;
  readonly conversion: string;
  readonly overrides: readonly string[];
  /** Where its SAEs stand in the text. */
  readonly from: number;
  readonly to: number;
}

interface Index {
  readonly text: string;
  readonly releases: ReadonlyMap<string, Release>;
}

let index: Index | null = null;

/** The table, which is ASCII, is read when it is first asked for; of 14,000 lines only those of a release are taken apart, when that release is. */
function read(): Index {
  if (index !== null) return index;
  const file = join(packageRoot(), "registry", "saes.tsv");
  if (!existsSync(file)) throw new Error("registry/saes.tsv is missing from the package");
  const text = readFileSync(file, "latin1");
  const releases = new Map<string, Release>();
  for (let at = text.indexOf("\n>\t"); at !== -1; ) {
    const end = text.indexOf("\n", at + 1);
    const next = text.indexOf("\n>\t", end);
    const [, name, model, repository, conversion, overrides] = text.slice(at + 1, end).split("\t");
    releases.set(name!, { name: name!, model: model!, repository: repository!, conversion: conversion!, overrides: (overrides ?? "").split(","), from: end + 1, to: next === -1 ? text.length : next + 1 });
    at = next;
  }
  return (index = { text, releases });
}

export function releaseNames(): readonly string[] {
  return [...read().releases.keys()];
}

export function hasRelease(name: string): boolean {
  return read().releases.has(name);
}

/** Repositories of the models that there are SAEs for. */
export function modelsOfReleases(): readonly string[] {
  return [...new Set([...read().releases.values()].map(({ model }) => model))];
}

/** The SAEs of a release, in the order of the table; [] for an unknown one. */
export function saesOf(release: string): readonly RegisteredSae[] {
  const { text, releases } = read();
  const found = releases.get(release);
  if (found === undefined) return [];
  return text.slice(found.from, found.to).split("\n").filter((line) => line !== "").map((line) => entry(found, line));
}

function entry({ name, model, repository, conversion, overrides }: Release, line: string): RegisteredSae {
  const [id, path, hook = "", width = "", l0 = "", explained = "", scale = "", neuronpedia = ""] = line.split("\t");
  const number = (text: string): number | null => (text === "" ? null : Number(text));
  const layer = /\.(\d+)(?:\.|$)/.exec(hook)?.[1] ?? /layer_?(\d+)/.exec(id!)?.[1];
  return {
    release: name, id: id!, model, repository, path: path === "=" ? id! : path!, conversion, hook,
    layer: layer === undefined ? null : Number(layer), width: number(width), l0: number(l0), explainedVariance: number(explained), normScale: number(scale),
    neuronpedia: neuronpedia === "" ? null : neuronpedia,
    normalize: overrides.find((each) => each.startsWith("normalize="))?.slice("normalize=".length) ?? null,
    centered: overrides.includes("center"),
  };
}

/** The SAE behind `release/id`; null where there is none of that name. Ids may hold slashes, names of releases do not. */
export function registeredSae(name: string): RegisteredSae | null {
  const at = name.indexOf("/");
  if (at < 1 || !hasRelease(name.slice(0, at))) return null;
  const id = name.slice(at + 1);
  return saesOf(name.slice(0, at)).find((sae) => sae.id === id) ?? null;
}

/** Every SAE of every release. */
export function* allSaes(): Generator<RegisteredSae> {
  for (const release of releaseNames()) yield* saesOf(release);
}

export function fullName({ release, id }: RegisteredSae): string {
  return `${release}/${id}`;
}
