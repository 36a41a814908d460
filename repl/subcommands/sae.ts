/** Without this file nobody could see which SAEs saeq knows by name. */
import { visible } from "../../grammar/visible.ts";
import type { Table } from "../../runtime/data/frame.ts";
import { createColumn, createTable } from "../../runtime/data/table.ts";
import { allSaes, fullName, hasRelease, registeredSae, releaseNames, saesOf, type RegisteredSae } from "../../runtime/registry/registry.ts";
import { nearest } from "../../src/check/suggest.ts";
import type { Request } from "../request.ts";
import { renderValue } from "../render/value.ts";
import { showRows } from "../show.ts";
import { mistake, type Shop } from "./shop.ts";

type Sae = Extract<Request, { kind: "sae" }>;

/** Rows that people are shown; machines get all. */
const MOST_ROWS = 40;

/** `saeq sae ls [RELEASE] [--model M] [--layer N] [--hook H]`, `saeq sae search WORD…`, `saeq sae info NAME`: 2 for a name that is none. */
export async function sae(request: Sae, shop: Shop): Promise<number> {
  switch (request.what) {
    case "ls": {
      const [release] = request.words;
      if (release !== undefined && !hasRelease(release)) return unknown(release, releaseNames(), "release", shop);
      const filtered = request.model !== null || request.layer !== null || request.hook !== null;
      if (release === undefined && !filtered) return print(releaseTable(), shop, "narrow it with --model, --layer or --hook, or name a release");
      return print(saeTable([...(release === undefined ? allSaes() : saesOf(release))].filter((one) => matches(one, request))), shop, "--format jsonl prints all");
    }
    case "search": {
      if (request.words.length === 0) return wrong("what shall be looked for? saeq sae search llama layer 7", shop);
      return print(saeTable(search(request.words).filter((one) => matches(one, request))), shop, "more words narrow it");
    }
    case "info": {
      const [name] = request.words;
      if (name === undefined) return wrong("which one? saeq sae info llama_scope_lxr_8x/l7r_8x", shop);
      const found = registeredSae(name);
      return found === null ? unknown(name, candidates(name), "SAE", shop) : info(found, shop);
    }
    default:
      return request.what satisfies never;
  }
}

const low = (text: string): string => text.toLowerCase();

function matches(one: RegisteredSae, { model, layer, hook }: Sae): boolean {
  return (model === null || low(one.model).includes(low(model))) && (layer === null || one.layer === layer) && (hook === null || low(one.hook).includes(low(hook)));
}

/** SAEs with every word somewhere in name, model, hook or Neuronpedia id; `layer 7` is the layer, not a 7 anywhere. */
function search(words: readonly string[]): RegisteredSae[] {
  const at = words.findIndex((word, i) => low(word) === "layer" && /^\d+$/.test(words[i + 1] ?? ""));
  const layer = at === -1 ? null : Number(words[at + 1]);
  const rest = (at === -1 ? words : words.toSpliced(at, 2)).map(low);
  return [...allSaes()].filter((one) => {
    const text = low(`${fullName(one)} ${one.model} ${one.hook} ${one.neuronpedia ?? ""} ${one.width ?? ""}`);
    return (layer === null || one.layer === layer) && rest.every((word) => text.includes(word));
  });
}

function releaseTable(): Table {
  const rows = releaseNames().map((name) => {
    const saes = saesOf(name);
    const layers = saes.flatMap(({ layer }) => (layer === null ? [] : [layer]));
    const hooks = [...new Set(saes.map(({ hook }) => hook.replace(/^blocks\.\d+\./, "")))];
    return { name, model: saes[0]!.model, saes: saes.length, layers: [...new Set([Math.min(...layers), Math.max(...layers)])].filter(Number.isFinite).join("–"), hook: hooks.filter((hook) => hook !== "").join(", "), conversion: saes[0]!.conversion };
  });
  return createTable("releases", [
    createColumn("release", "str", rows.map((row) => row.name)),
    createColumn("model", "str", rows.map((row) => row.model)),
    createColumn("saes", "int", rows.map((row) => row.saes)),
    createColumn("layers", "str", rows.map((row) => row.layers)),
    createColumn("hook", "str", rows.map((row) => row.hook)),
    createColumn("conversion", "str", rows.map((row) => row.conversion)),
  ], rows.length);
}

function saeTable(saes: readonly RegisteredSae[]): Table {
  return createTable("SAEs", [
    createColumn("name", "str", saes.map(fullName)),
    createColumn("model", "str", saes.map((one) => one.model)),
    createColumn("hook", "str", saes.map((one) => (one.hook === "" ? null : one.hook))),
    createColumn("layer", "int", saes.map((one) => one.layer)),
    createColumn("width", "int", saes.map((one) => one.width)),
    createColumn("l0", "float", saes.map((one) => one.l0)),
    createColumn("norm_scale", "float", saes.map((one) => one.normScale)),
    createColumn("neuronpedia", "str", saes.map((one) => one.neuronpedia)),
    createColumn("repository", "str", saes.map((one) => one.repository)),
    createColumn("path", "str", saes.map((one) => one.path)),
    createColumn("conversion", "str", saes.map((one) => one.conversion)),
  ], saes.length);
}

/** What people look at first; the rest is in `info` and in the formats for machines. */
const SHOWN = ["name", "model", "hook", "width", "l0", "release", "saes", "layers"];

async function print(table: Table, shop: Shop, more: string): Promise<number> {
  const { format, quiet } = shop.options;
  if (format !== "table") {
    await showRows(table, format, shop.stdout);
    return 0;
  }
  const { width, color, ascii } = shop.dataLook;
  const shown = { ...table, columns: table.columns.filter(({ name }) => SHOWN.includes(name)) };
  shop.stdout.write(`${renderValue(shown, "", { width, color, ascii, rows: MOST_ROWS, wide: true })}\n`);
  if (table.rows > MOST_ROWS && !quiet) shop.stderr.write(`${table.rows} in all; ${more}\n`);
  return 0;
}

async function info(found: RegisteredSae, shop: Shop): Promise<number> {
  if (shop.options.format !== "table") {
    await showRows(saeTable([found]), shop.options.format, shop.stdout);
    return 0;
  }
  const unknownUntilRead = "told by its files";
  const facts: readonly (readonly [string, string])[] = [
    ["name", fullName(found)],
    ["model", `hf:${found.model}`],
    ["hook", found.hook === "" ? unknownUntilRead : found.hook],
    ["width", found.width === null ? unknownUntilRead : String(found.width)],
    ["expected L0", found.l0 === null ? "not published" : String(found.l0)],
    ["explained variance", found.explainedVariance === null ? "not published" : String(found.explainedVariance)],
    ["activations", found.normScale === null ? (found.normalize ?? "as they are, unless its files say otherwise") : `times ${found.normScale}`],
    ...(found.centered ? [["residual", "centred: the mean over its dimensions is taken off"] as const] : []),
    ["files", `hf:${found.repository}/${found.path}`],
    ["read by", found.conversion],
    ["neuronpedia", found.neuronpedia === null ? "not there" : `https://www.neuronpedia.org/${found.neuronpedia}`],
    ["to use it", `set sae "${fullName(found)}"`],
  ];
  for (const [name, value] of facts) shop.stdout.write(`${name.padEnd(20)}${visible(value)}\n`);
  return 0;
}

/** Names that a misspelt one may have meant: SAEs of its release, or where that is wrong too, releases. */
function candidates(name: string): readonly string[] {
  const at = name.indexOf("/");
  const release = at === -1 ? name : name.slice(0, at);
  const meant = hasRelease(release) ? release : nearest(release, releaseNames());
  return meant === null ? releaseNames() : saesOf(meant).map(fullName);
}

function unknown(name: string, names: readonly string[], what: string, shop: Shop): number {
  const guess = nearest(name, names);
  return wrong(`no ${what} \`${visible(name)}\`${guess === null ? "; `saeq sae search` looks through all" : `; did you mean \`${guess}\`?`}`, shop);
}

function wrong(text: string, shop: Shop): number {
  mistake(shop, text);
  return 2;
}
