/** Without this file features of a list would not be told apart from those that are named, nor groups of them brought together for one pass over the weights. */
import { printColumn } from "../../grammar/print_parts.ts";
import type { Op } from "../../src/ops/op.ts";
import { counted } from "../counted.ts";
import { DataError } from "../data/error.ts";
import type { Column, Single, Table, Value } from "../data/frame.ts";
import { cellAt, columnNamed, createTable } from "../data/table.ts";
import { promotedTable, similarTable, type OfFeature } from "../figures/directions.ts";
import type { ActivationContext } from "../passes/activations.ts";
import { promotedTokens, similarFeatures } from "../passes/directions.ts";
import type { Turns } from "../turns.ts";
import { asTable, together } from "./members.ts";

type DirectionOp = Op & { readonly op: "similar" | "promotes" };

interface Told {
  readonly label: string;
  readonly turns: Turns;
  readonly onShare: (share: number) => void;
  readonly onNotice: (text: string) => void;
}

/** Features by the place of their SAE in the op. */
interface Listed {
  readonly tap: number;
  readonly feature: number;
}

/** Features named more than so often in one notice are counted. */
const MOST_NAMED = 8;

/** What the decoder directions of features lie beside, or promote. @throws DataError `out-of-range`; CheckpointError, EngineError; AbortError */
export async function aboutDirections(op: DirectionOp, input: Value | null, told: Told, context: ActivationContext): Promise<Value> {
  const note = (text: string): void => told.onNotice(`${told.label}: ${text}`);
  if (input === null) {
    const listed = (op.features ?? []).map((feature): Listed => ({ tap: 0, feature }));
    const [table] = await tablesOf(op, [once(listed)], told, context, note);
    return table!;
  }
  return together(input, async (singles) => {
    const lists: (readonly Listed[])[] = [];
    for (const single of singles) lists.push(await listedIn(op, single, context, told.turns, note));
    return tablesOf(op, lists, told, context, note);
  });
}

/** The features that a table lists, each once, in the order in which they come first. */
async function listedIn({ saes, layers, of = "feature" }: DirectionOp, single: Single, { catalog }: ActivationContext, turns: Turns, note: (text: string) => void): Promise<readonly Listed[]> {
  const table: Table = asTable(single);
  const features = columnNamed(table, of);
  const ofLayers: Column | null = layers === null ? null : columnNamed(table, "layer");
  const met = saes.map(() => new Set<number>());
  const listed: Listed[] = [];
  let nameless = 0;
  for (let row = 0; row < table.rows; row++) {
    if (turns.due()) await turns.pass(row / table.rows);
    const feature = cellAt(features, row);
    const layer = ofLayers === null ? null : cellAt(ofLayers, row);
    if (typeof feature !== "number" || (ofLayers !== null && layer === null)) {
      nameless++;
      continue;
    }
    const tap = layers === null ? 0 : layers.indexOf(layer as number);
    if (met[tap]?.has(feature) === true) continue;
    if (tap < 0) throw new DataError({ code: "out-of-range", message: `row ${row + 1} is of layer ${layer}, and no SAE of that layer is set`, notes: [`layers of the SAEs: ${layers!.join(", ")}`], help: 'set sae "…", "…"', row: row + 1, column: "layer" });
    const { dSae } = catalog.sae(saes[tap]!).spec;
    if (feature < 0 || feature >= dSae) throw new DataError({ code: "out-of-range", message: `row ${row + 1}: there is no feature ${feature}`, notes: [`${saes[tap]!.name} has ${dSae}, 0 to ${dSae - 1}`], help: `… | where ${printColumn(of)} in 0..${dSae - 1}`, row: row + 1, column: of });
    met[tap]!.add(feature);
    listed.push({ tap, feature });
  }
  if (nameless > 0) note(`${counted(nameless, "row")} ${nameless === 1 ? "names" : "name"} no feature`);
  return listed;
}

const idOf = ({ tap, feature }: Listed): string => `${tap}:${feature}`;

function once(listed: readonly Listed[]): readonly Listed[] {
  return [...new Map(listed.map((each) => [idOf(each), each])).values()];
}

/** One table for each list; the weights are read once for all of them. */
async function tablesOf(op: DirectionOp, lists: readonly (readonly Listed[])[], { onShare }: Told, context: ActivationContext, note: (text: string) => void): Promise<readonly Table[]> {
  const all = once(lists.flat());
  const found = new Map<string, OfFeature>();
  const bare: string[] = [];
  for (const [tap, sae] of op.saes.entries()) {
    const features = all.filter((each) => each.tap === tap).map(({ feature }) => feature);
    const asked = { sae, features, onShare: (share: number) => onShare((tap + share) / op.saes.length) };
    const { promoted, suppressed } = op.op === "similar" ? { promoted: await similarFeatures(op, asked, context), suppressed: null } : await promotedTokens(op, asked, context);
    for (const feature of features) {
      const [first, last] = [promoted.get(feature)!, suppressed?.get(feature) ?? null];
      // A direction of length 0 has no cosine with any other, and changes no logit.
      const none = last === null ? first.ids.length === 0 : first.values[0] === 0 && last.values[0] === 0;
      if (none) bare.push(`feature ${feature}${op.layers !== null && op.saes.length > 1 ? ` of layer ${op.layers[tap]}` : ""}`);
      else found.set(`${tap}:${feature}`, { layer: op.layers?.[tap] ?? null, feature, first, last });
    }
  }
  for (const { name, normalize } of op.op === "promotes" ? op.saes.map((sae) => ({ name: sae.name, normalize: context.catalog.sae(sae).spec.normalize })) : []) {
    if (normalize !== "none") note(`${name} scales each token before it encodes (${normalize}) and back behind; weights are those of a token that needs no scaling`);
  }
  if (bare.length > 0) {
    const shown = bare.slice(0, MOST_NAMED);
    note(`${shown.join(", ")}${bare.length > shown.length ? ` and ${bare.length - shown.length} more` : ""}: the decoder direction has ${op.op === "similar" ? "no length to compare, or there is no other" : "no effect on any logit"}`);
  }
  const saes = [...new Set(op.saes.map(({ name, convention }) => `${name} (${convention})`))].join("; ");
  const about = [`SAE ${saes}`, ...(op.op === "promotes" ? [`model ${op.model.name}`, op.raw === true ? "unembedding alone" : "final norm's weight and unembedding"] : [])];
  const layered = op.layers !== null && op.saes.length > 1;
  return lists.map((listed) => {
    const rows = listed.flatMap((each) => found.get(idOf(each)) ?? []);
    const columns = op.op === "similar" ? similarTable(rows, layered) : promotedTable(rows, layered, op.side, context.catalog.model(op.model).tokenizer.piece);
    return { ...createTable(op.op, columns), about };
  });
}
