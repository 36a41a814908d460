/** Without this file what the model says at the end of a text would stay inside the engine. */
import { emitPredict } from "../../src/emit/predict.ts";
import { positionsFor } from "../../src/emit/rope.ts";
import type { DecoderSpec, EmittedGraph } from "../../src/emit/specs.ts";
import type { Target } from "../../src/emit/target.ts";
import type { Op } from "../../src/ops/op.ts";
import type { LoadedModel } from "../catalog/catalog.ts";
import { usedWeights } from "../checkpoint/nonfinite.ts";
import { counted } from "../counted.ts";
import { DataError } from "../data/error.ts";
import type { Cell, Column, Reading, Table, Tokens } from "../data/frame.ts";
import { createColumn, createTable, findColumn, takeColumn } from "../data/table.ts";
import { MOST_CELLS } from "../data/table_limits.ts";
import type { Document, PredictJob } from "../engine/port.ts";
import { tokensOf, type Predictions } from "../kernels/softmax.ts";
import { jobLimitsOf, whileFinite, type ActivationContext, type Forward } from "./activations.ts";
import { requireComputable, requireEditable, requireSeparable } from "./computable.ts";
import { requireHead } from "./continuing.ts";
import { editingOf, editsTold, saesOfEdits, weightsOfEdits } from "./editing.ts";
import { jobTargetOf, placeOf } from "./graph_targets.ts";
import { tellIdleEdits } from "./idle_edits.ts";
import { proveUnedited } from "./tap_documents.ts";
import { placesOfEdits, wantedPositions } from "./window.ts";

type Logits = Op & { readonly op: "logits" };

/**
 * Tables of predictions, one for each set of tokens, all in one job. A prediction stands at the position of the token that it is of, and is made from
 * the tokens before it: nothing predicts position 0.
 * @throws DataError `not-one-token`, `too-many-rows`; CheckpointError `missing-tensor` of a model without a head
 */
export async function predictTokens(op: Logits, sets: readonly Tokens[], context: ActivationContext, onNotice: (text: string) => void): Promise<readonly Table[]> {
  const model = context.catalog.model(op.model);
  requireHead(model.spec, op.model, "predicts");
  const asked = askedOf(op, model);
  const places = sets.map((tokens) => tokens.ids.map((ids, at) => positionsOf(op, ids.length, tokens.boundary?.[at] ?? null).filter((place) => op.tell.kind !== "came" || op.special || !tokens.special.has(ids[place]!))));
  requireFew(places.flat(), asked.kind === "came" ? 1 : tokensOf(asked, model.spec.vocabulary), op.keep.length);
  const documents = sets.flatMap((tokens, s) => tokens.ids.map((ids, at): Document => ({ ids, wanted: places[s]![at]!.map((place) => place - 1), ...placesOfEdits(op, ids.length, tokens.boundary?.[at] ?? null) })));
  const made = await predicted(op, documents, asked, context);
  const broken = made.reduce((sum, { logProbabilities }) => sum + logProbabilities.reduce((some, each) => some + Number(Number.isNaN(each)), 0), 0);
  if (broken > 0) onNotice(`${counted(broken, "prediction")} ${broken === 1 ? "is not a finite number" : "are not finite numbers"}, and ${broken === 1 ? "is" : "are"} null`);
  const empty = noneCameNotice(op, sets, places);
  if (empty !== null) onNotice(empty);
  await tellIdleEdits(op, sets, context, onNotice);
  let next = 0;
  return sets.map((tokens, s) => ({ ...tableOf(op, tokens, tokens.ids.map((_, at) => ({ places: places[s]![at]!, made: made[next++]! }))), foundIn: [readingOf(op, tokens, places[s]!)] }));
}

/** Why there is no token that came; null where there are some, where there is no text, and where tokens are asked for that may come. */
function noneCameNotice({ at, tell, special }: Logits, sets: readonly Tokens[], places: readonly (readonly Uint32Array[])[]): string | null {
  const positions = places.flat().reduce((sum, { length }) => sum + length, 0);
  const texts = sets.reduce((sum, { ids }) => sum + ids.length, 0);
  if (tell.kind !== "came" || positions > 0 || texts === 0) return null;
  if (at !== "all" && !sets.some(({ ids, boundary }) => ids.some(({ length }, text) => positionsOf({ at, tell }, length, boundary?.[text] ?? null).length > 0))) return `no tokens are left: the texts have no ${at}${at === "prompt" ? " that anything predicts" : ""}; \`at all\` reads all of their tokens`;
  return `no tokens are left: nothing predicts the first token of a text${special ? "" : ", and special ones count in no figure"}`;
}

/** What the header says of the texts. Special tokens that came and are left out are counted. */
function readingOf({ model, at, tell, special, edits }: Logits, { ids, boundary, truncated, source, table }: Tokens, places: readonly Uint32Array[]): Reading {
  const positions = places.reduce((sum, { length }) => sum + length, 0);
  const all = tell.kind !== "came" || special ? positions : ids.reduce((sum, { length }, document) => sum + positionsOf({ at, tell }, length, boundary?.[document] ?? null).length, 0);
  return { taps: [], facts: { texts: ids.length, positions, masked: all - positions, truncated, model: model.name, source, origin: table.origin, ...editsTold({ edits }) } };
}

/** Places of predicted tokens, ascending: that behind the last token is one where tokens are predicted that may come. */
function positionsOf({ at, tell }: Pick<Logits, "at" | "tell">, length: number, boundary: number | null): Uint32Array {
  const behind = tell.kind === "came" ? [] : [length];
  if (at === "last") return Uint32Array.from(behind);
  const part = wantedPositions({ first: null, last: null, of: at }, length, boundary).filter((place) => place > 0);
  return Uint32Array.from([...part, ...(at === "prompt" ? [] : behind)]);
}

function askedOf({ tell }: Logits, model: LoadedModel): PredictJob["asked"] {
  if (tell.kind !== "named") return tell;
  const texts = tell.texts.map((text) => idOf(text, model));
  const far = tell.ids.find((id) => id >= model.spec.vocabulary);
  if (far !== undefined) throw new DataError({ code: "not-one-token", message: `there is no token ${far}: ${model.facts.ref.name} has ${model.spec.vocabulary.toLocaleString("en")}, from 0 on`, help: `logits ids ${model.spec.vocabulary - 1}` });
  return { kind: "named", ids: [...new Set([...texts, ...tell.ids])] };
}

/** @throws DataError `not-one-token`, with how the tokenizer cuts it */
function idOf(text: string, { tokenizer, facts }: LoadedModel): number {
  const cut = (each: string): Int32Array => tokenizer.encode(each, { bos: false });
  const ids = cut(text);
  if (ids.length === 1) return ids[0]!;
  const near = [` ${text}`, text.trimStart()].find((each) => each !== text && each !== "" && cut(each).length === 1);
  throw new DataError({
    code: "not-one-token",
    message: `${JSON.stringify(text)} is ${ids.length === 0 ? "no token" : `${ids.length} tokens`} of ${facts.ref.name}, and a prediction is of one`,
    notes: ids.length === 0 ? [] : [...(near === undefined ? ["the line is of its first token"] : []), `it is cut into ${Array.from(tokenizer.pieces(ids), (piece, at) => `${JSON.stringify(piece)} (${ids[at]})`).join(", ")}`],
    help: near !== undefined ? `logits of ${JSON.stringify(near)}` : ids.length === 0 ? 'logits of " the"' : `logits ids ${ids[0]}`,
  });
}

/** @throws DataError `too-many-rows` */
function requireFew(places: readonly Uint32Array[], each: number, kept: number): void {
  const rows = places.reduce((sum, { length }) => sum + length, 0) * each;
  const most = Math.floor(MOST_CELLS / (kept + 8));
  if (rows > most) throw new DataError({ code: "too-many-rows", message: `these would be ${rows.toLocaleString("en")} predictions, and ${most.toLocaleString("en")} at most can be made`, help: "ask of fewer texts, or of fewer tokens: logits at all top 1" });
}

/** The same as a pass of all blocks: what limits of memory and threads, and explanations, are taken from. */
export function passOfLogits({ model, at, edits }: Logits, { blocks }: DecoderSpec): Forward {
  return { op: "forward", model, ...(edits === undefined ? {} : { edits }), taps: [], window: { first: null, last: at === "last" ? 1 : null, of: at === "last" ? "all" : at }, blocks: blocks.length, slice: "inside" };
}

/** The graph of predictions, emitted once. `longest`: tokens of the longest text, 0 where a graph is only looked at. */
export function predictGraphOf(op: Logits, { catalog, graphs }: Pick<ActivationContext, "catalog" | "graphs">, target: Target, longest = 0): EmittedGraph {
  const spec = catalog.spec(op.model);
  const positions = positionsFor(spec, longest);
  const id = JSON.stringify(["predict", op.model, op.edits ?? null, target, positions]);
  const graph = graphs.get(id) ?? emitPredict(spec, target, positions, editingOf(op, catalog).editing);
  // Over an SAE that is not here yet it is good for looking at, not for running.
  if (saesOfEdits(op).every((sae) => catalog.sae(sae).whole)) graphs.set(id, graph);
  return target.threads === undefined ? graph : { ...graph, key: `${graph.key}, ${target.threads} threads` };
}

async function predicted(op: Logits, documents: readonly Document[], asked: PredictJob["asked"], context: ActivationContext): Promise<readonly Predictions[]> {
  const { engine, signal, onProgress } = context;
  const { spec } = context.catalog.model(op.model);
  requireEditable(op, placeOf(engine));
  requireComputable(spec, spec.blocks.length, placeOf(engine));
  requireSeparable(spec, op.edits ?? []);
  const made = new Array<Predictions>(documents.length);
  if (documents.length === 0) return made;
  await proveUnedited(op, documents.map(({ ids }) => ids), context);
  const pass = passOfLogits(op, spec);
  const limits = jobLimitsOf(pass, documents, context, true);
  engine.start(Math.min(limits?.lanes ?? engine.options.lanes, documents.length));
  const target = jobTargetOf(pass, documents, context, limits?.lanes);
  const graph = predictGraphOf(op, context, target, documents.reduce((most, { ids }) => Math.max(most, ids.length), 0));
  await whileFinite([...usedWeights(spec, spec.blocks.length, true), ...weightsOfEdits(op, context.catalog)], signal, (ending) =>
    engine.predict(graph, documents, { asked, signal: ending, onProgress, ...(limits === null ? {} : { limits }), onDocument: (index, each) => void (made[index] = each) }),
  );
  return made;
}

interface Of {
  readonly places: Uint32Array;
  readonly made: Predictions;
}

function tableOf({ tell, at, special, keep }: Logits, tokens: Tokens, documents: readonly Of[]): Table {
  const row: number[] = [];
  const position: number[] = [];
  const came: Cell[] = [];
  documents.forEach(({ places, made }, document) => {
    const width = places.length === 0 ? 0 : made.ids.length / places.length;
    const ids = tokens.ids[document]!;
    places.forEach((place, i) => {
      for (let each = 0; each < width; each++) {
        row.push(document);
        position.push(place);
        came.push(place < ids.length ? made.ids[i * width + each] === ids[place] : null);
      }
    });
  });
  const gathered = <T extends keyof Predictions>(name: T): number[] => documents.flatMap(({ made }) => Array.from<number>(made[name]));
  const ids = gathered("ids");
  const logs = gathered("logProbabilities");
  const column = (name: string, cells: readonly Cell[], type: Column["type"] = "float"): Column => createColumn(name, type, cells);
  const token = [column("token_id", ids, "int"), column("token", ids.map(tokens.piece), "str")];
  const rank = column("rank", gathered("ranks"), "int");
  const figures = [column("logit", gathered("logits")), column("probability", logs.map(Math.exp))];
  const told =
    tell.kind === "came"
      ? [...token, ...(special ? [column("special", ids.map((id) => tokens.special.has(id)), "bool")] : []), rank, ...figures, column("surprisal", logs.map((log) => 0 - log))]
      : [rank, ...token, ...figures, ...(at === "last" ? [] : [column("came", came, "bool")])];
  const kept = keep.map((name) => takeColumn(findColumn(tokens.table, name)!, row));
  return createTable(tokens.table.origin, [column("row", row, "int"), column("position", position, "int"), ...told, ...kept], row.length);
}
