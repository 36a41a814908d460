/** Without this file nobody could say before a query runs how many texts the model will read, and how many are known already. */
import { nodes, rewrite } from "../../src/optimize/rule.ts";
import { OPS, type Op, type Plan } from "../../src/ops/op.ts";
import type { ActivationContext, Forward } from "../passes/activations.ts";
import type { Single, Table, Tokens, Value } from "../data/frame.ts";
import { concatTables, takeRows } from "../data/table.ts";
import { tokenizeTable } from "../passes/documents.ts";
import { DataError, systemCode } from "../data/error.ts";
import { readOnce } from "../engine/generation.ts";
import type { Document } from "../engine/port.ts";
import { isComputed, valueKey } from "../execute/value_key.ts";
import type { Amount, Work, Workload } from "../execute/recording.ts";
import { streamOf } from "../execute/stream.ts";
import { tapSpaces } from "../passes/tap_spaces.ts";
import { createTurns } from "../turns.ts";
import type { ValueStore } from "../execute/value_store.ts";
import { contentOf } from "../passes/tap_documents.ts";
import { placesOfEdits, wantedPositions } from "../passes/window.ts";
import { numbersOf, spaceOfContinuing } from "../passes/continuing.ts";
import { piecesOf, stepsOf, type NamedTable } from "../passes/generating.ts";
import { promptsOf, stepsOf as stepsOfMemorize } from "../passes/memorization.ts";

export type WorkContext = Omit<ActivationContext, "onProgress"> & {
  readonly values: ValueStore;
  /** The value of a plan that runs no model. */
  readonly evaluate: (plan: Plan) => Promise<Value>;
};

/** A model that goes on with texts. */
export type Writing = Plan & { readonly op: Op & { readonly op: "generate" | "memorize" } };

/** Texts that are looked at, evenly spread; more are counted and not read. */
const MOST_TEXTS = 2000;

/** Read the texts that a pass would read, without the model. Nothing on the way is shown, saved or asserted. */
export async function workOf(pass: Plan & { readonly op: Forward }, context: WorkContext): Promise<Workload> {
  const tokenize = pass.inputs[0]!;
  const computed = nodes(tokenize).find((node) => isComputed(node) && context.values.get(valueKey(node, context.numerics)) === undefined);
  if (computed !== undefined) return { unknown: `how many tokens are read is known once \`${computed.label}\` has run` };
  let sample: { readonly sets: readonly Tokens[]; readonly share: number };
  try {
    sample = await sampled(tokenize, context);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof DataError ? error.cause : error;
    if (cause instanceof DataError) return { unknown: `the texts cannot be read: ${cause.message}` };
    throw error;
  }
  const { sets, share } = sample;
  const documents = sets.flatMap((tokens) => tokens.ids.map((ids, i): Document => ({ ids, wanted: wantedPositions(pass.op.window, ids.length, tokens.boundary?.[i] ?? null), ...placesOfEdits(pass.op, ids.length, tokens.boundary?.[i] ?? null) })));
  return workIn(pass.op, documents, share, context);
}

/** The tokens of at most so many texts, and which share of all they are. */
async function sampled(tokenize: Plan, context: WorkContext): Promise<{ readonly sets: readonly Tokens[]; readonly share: number }> {
  if (tokenize.op.op !== "tokenize") {
    const value = await context.evaluate(withoutEffects(tokenize));
    return { sets: singles(value).map(asTokens), share: 1 };
  }
  const { op } = tokenize;
  const model = context.catalog.model(op.model);
  const encode = context.tokenIds.encoder(model);
  const from = tokenize.inputs[0]!;
  const flow: Flow = { came: 0, from: 0, whole: { came: 0, from: 0 }, all: 0 };
  const onRows = (_: Plan, rows: number, all: number): void => void Object.assign(flow, { whole: { came: flow.came, from: flow.from }, from: rows, all });
  const pieces = streamOf(from, { catalog: context.catalog, tokenIds: context.tokenIds, known: () => undefined, onNotice: () => {}, onRows, signal: context.signal });
  // Pieces of texts are as many as these have tokens: those of some rows tell of the rest.
  const cut = nodes(from).some(({ op }) => op.op === "chunk") && nodes(from).every(({ op }) => ["read", "filter", "project", "edit", "chunk"].includes(op.op));
  const tables = pieces === null ? singles(await context.evaluate(withoutEffects(from))).map(asTable).map((table) => ({ table, rows: table.rows })) : [await firstOf(pieces, flow, cut)];
  const all = tables.reduce((sum, { rows }) => sum + rows, 0);
  const turns = createTurns(context.signal);
  const sets: Tokens[] = [];
  for (const { table, rows } of tables) sets.push(await tokenizeTable({ ...op, whenTooLong: "truncate" }, spread(table, Math.ceil(rows * Math.min(1, MOST_TEXTS / Math.max(1, all)))), model, encode, turns));
  return { sets, share: all === 0 ? 1 : sets.reduce((sum, { ids }) => sum + ids.length, 0) / all };
}

/** How far a stream has come: rows that came out of it, of how many of its file, which has `all`; `whole`: the same when these had all come out. */
interface Flow {
  came: number;
  readonly from: number;
  readonly whole: { readonly came: number; readonly from: number };
  readonly all: number;
}

/** The first rows of a stream, and how many there are in all; told from some where it is long and `some` will do. */
async function firstOf(pieces: AsyncGenerator<Table>, flow: Flow, some: boolean): Promise<{ readonly table: Table; readonly rows: number }> {
  const first: Table[] = [];
  let held = 0;
  for await (const piece of pieces) {
    flow.came += piece.rows;
    if (held < MOST_TEXTS) {
      first.push(piece);
      held += piece.rows;
    } else if (some && flow.whole.came >= MOST_TEXTS) {
      flow.came = Math.round((flow.whole.came * flow.all) / flow.whole.from);
      break;
    }
  }
  return { table: first.length === 1 ? first[0]! : concatTables(first), rows: flow.came };
}

function spread(table: Table, count: number): Table {
  const { rows } = table;
  return count >= rows ? table : takeRows(table, Uint32Array.from({ length: count }, (_, i) => Math.floor((i * rows) / count)));
}

/** Read the texts that a model would go on with, without the model. Rows are new tokens, at most. */
export async function writingWorkOf({ op, inputs: [input] }: Writing, context: WorkContext): Promise<Workload> {
  const computed = nodes(input!).find((node) => isComputed(node) && context.values.get(valueKey(node, context.numerics)) === undefined);
  if (computed !== undefined) return { unknown: `how many texts are continued is known once \`${computed.label}\` has run` };
  try {
    const value = await context.evaluate(withoutEffects(input!));
    const tables = value.kind === "groups" ? value.members.map((member) => ({ name: member.name, table: asTable(member.value) })) : [{ name: null, table: asTable(value) }];
    return writingIn(op, tables, context);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof DataError ? error.cause : error;
    if (cause instanceof DataError) return { unknown: `the texts cannot be read: ${cause.message}` };
    throw error;
  }
}

function writingIn(op: Writing["op"], tables: readonly NamedTable[], context: WorkContext): Work {
  const model = context.catalog.model(op.model);
  const encode = context.tokenIds.encoder(model);
  const all = tables.reduce((sum, { table }) => sum + table.rows, 0);
  const some = tables.map(({ name, table }) => ({ name, table: spread(table, Math.ceil(table.rows * Math.min(1, MOST_TEXTS / Math.max(1, all)))) }));
  const share = all === 0 ? 1 : some.reduce((sum, { table }) => sum + table.rows, 0) / all;
  const asked = op.op === "generate" ? piecesOf(op, some, model, encode) : { pieces: some.flatMap(({ table }) => promptsOf(op, table, model.tokenizer, encode).prompts.map((prompt) => ({ prompt }))), draws: null };
  const steps = op.op === "generate" ? op.most : op.continuation;
  const space = spaceHere(() => spaceOfContinuing({ op, ...(op.op === "generate" ? stepsOf(op) : stepsOfMemorize(op)) }, context));
  if (space !== null) context.store.refresh([space]);
  // Of some of the rows nobody knows which numbers they are drawn by, as these are named by all.
  const isKept = (prompt: Int32Array, draw: string | undefined): boolean => space !== null && (share === 1 || draw === undefined) && context.store.continuation(space, prompt, draw === undefined ? undefined : numbersOf(draw)) !== undefined;
  const missing = asked.pieces.filter(({ prompt }, at) => !isKept(prompt, asked.draws?.[at]));
  const amount = (pieces: readonly { readonly prompt: Int32Array }[]): Amount => {
    const scaled = (count: number): number => Math.round(count / share);
    return { texts: scaled(pieces.length), tokens: scaled(pieces.reduce((sum, { prompt }) => sum + prompt.length, 0)), rows: scaled(pieces.length * steps) };
  };
  const whole = amount(asked.pieces);
  const run = amount(missing);
  const read = amount(readOnce(missing.map(({ prompt }) => prompt)).map((prompt) => ({ prompt })));
  return { ...whole, run, known: whole.texts - run.texts, longest: asked.pieces.reduce((most, { prompt }) => Math.max(most, prompt.length + steps), 0), mostRows: steps, exact: share === 1, prompts: { texts: read.texts, tokens: read.tokens } };
}

function workIn(op: Forward, documents: readonly Document[], share: number, context: WorkContext): Work {
  const spaces = spacesHere(op, context);
  if (spaces !== null) context.store.refresh(spaces);
  const seen = new Set<string>();
  const [all, run] = [[0, 0, 0] as [number, number, number], [0, 0, 0] as [number, number, number]];
  let known = 0;
  let longest = 0;
  let mostRows = 0;
  for (const document of documents) {
    const { ids, wanted } = document;
    const add = (to: [number, number, number]): void => {
      to[0]++;
      to[1] += ids.length;
      to[2] += wanted.length;
    };
    add(all);
    longest = Math.max(longest, ids.length);
    mostRows = Math.max(mostRows, wanted.length);
    if (wanted.length === 0) continue;
    if (spaces !== null && spaces.length > 0 && context.store.has(spaces, document)) {
      known++;
      continue;
    }
    const id = contentOf(document);
    if (!seen.has(id)) add(run);
    seen.add(id);
  }
  const scaled = (count: number): number => Math.round(count / share);
  const amount = ([texts, tokens, rows]: readonly [number, number, number]): Amount => ({ texts: scaled(texts), tokens: scaled(tokens), rows: scaled(rows) });
  return { ...amount(all), run: amount(run), known: scaled(known), longest, mostRows, exact: share === 1 };
}

/** Where what is known of the pass lies; null while its weights are on the hub only, as they have no state yet that it could be known under. */
function spacesHere(op: Forward, context: WorkContext): ReturnType<typeof tapSpaces> | null {
  return spaceHere(() => tapSpaces(op, context));
}

function spaceHere<T>(find: () => T): T | null {
  try {
    return find();
  } catch (error) {
    if (systemCode(error) === "ENOENT") return null;
    throw error;
  }
}

/** The same rows without what is done on the way. */
function withoutEffects(plan: Plan): Plan {
  return rewrite(plan, (node) => (OPS[node.op.op].passes ? node.inputs[0]! : null)) ?? plan;
}

function singles(value: Value): readonly Single[] {
  return value.kind === "groups" ? value.members.map((member) => member.value) : [value];
}

function asTable(value: Single): Table {
  if (value.kind === "table") return value;
  if (value.kind === "features") return value.table;
  throw new Error(`texts are rows of a table, not ${value.kind}`);
}

function asTokens(value: Single): Tokens {
  if (value.kind !== "tokens") throw new Error(`a pass reads tokens, not ${value.kind}`);
  return value;
}
