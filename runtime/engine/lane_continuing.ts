/** Without this file the engine's process could read texts and go on with none: it keeps what texts that are being continued were read into, each row of them at its own length. */
import * as ort from "onnxruntime-node";
import { tokenAxis } from "../../src/emit/arrange.ts";
import type { CacheInput } from "../../src/emit/specs.ts";
import { windowFeeds } from "./edited_places.ts";
import { arranged, free, numbers } from "./lane_arranging.ts";
import { drawnIds } from "./lane_predicting.ts";
import { presentOf, type LaneSession, type Tensors } from "./lane_session.ts";
import { narrow } from "./narrow.ts";
import type { Outputs, Prompts, StepNumbers } from "./protocol.ts";

type Cache = Record<string, ort.Tensor>;

/** Rows that were read together. A row of the cache may belong to several of them: copies of one prompt. */
interface Part {
  readonly cache: Cache;
  /** The row of the cache that each row reads. */
  readonly rows: Uint32Array;
  /** Tokens that each row has in the cache. */
  readonly lengths: Int32Array;
  /** The token that comes next in each row. */
  readonly next: Int32Array;
  /** Where the text of each row is edited; null where the graph is not told. */
  readonly edited: readonly Int32Array[] | null;
}

interface Text {
  readonly session: LaneSession;
  parts: readonly Part[];
}

/** What is being continued in this process, by the number that the host gave it. */
export interface LaneTexts {
  /** Read prompts, as more rows of what is continued under the number; its steps have not begun. */
  readonly begin: (number: number, session: LaneSession, prompts: Prompts, drawn?: StepNumbers) => Promise<Outputs>;
  /** One token more of each row, or of those rows alone that are kept: the others are gone for good. */
  readonly step: (number: number, keep?: Uint32Array, drawn?: StepNumbers) => Promise<Outputs>;
  /** Keys and values on a device are freed by hand. */
  readonly forget: (number: number) => void;
  readonly busy: (session: LaneSession) => boolean;
}

export function createLaneTexts(): LaneTexts {
  const texts = new Map<number, Text>();
  return {
    begin: async (number, session, prompts, drawn) => {
      const part = await read(session, prompts, drawn);
      const text = texts.get(number);
      if (text !== undefined && text.session !== session) throw new Error(`text ${number} is being continued by another graph`);
      texts.set(number, { session, parts: [...(text?.parts ?? []), part] });
      return answerOf(part);
    },
    step: async (number, keep, drawn) => {
      const text = texts.get(number);
      if (text === undefined) throw new Error(`no text ${number} is being continued`);
      const { session, parts } = text;
      // What a step is put together from is gone, and after a failure nothing goes on.
      text.parts = [];
      text.parts = [await advance(session, await together(session, parts, keep), drawn)];
      return answerOf(text.parts[0]!);
    },
    forget: (number) => {
      for (const { cache } of texts.get(number)?.parts ?? []) free(Object.values(cache));
      texts.delete(number);
    },
    busy: (session) => [...texts.values()].some((text) => text.session === session),
  };
}

const answerOf = ({ next }: Part): Outputs => ({ next: { type: "int32", data: next, dims: [next.length] } });

/** A prompt's last token may be wanted by several rows, and one row alone is asked for twice: it would take another kernel. */
async function read(session: LaneSession, { ids: prompts, columns, rows, edited }: Prompts, drawn: StepNumbers | undefined): Promise<Part> {
  const ids = new BigInt64Array(prompts.length * columns);
  // Padding stands at 0: learned positions may have no row for what lies behind the context.
  const places = new BigInt64Array(ids.length);
  prompts.forEach((prompt, at) =>
    prompt.forEach((id, place) => {
      ids[at * columns + place] = BigInt(id);
      places[at * columns + place] = BigInt(place);
    }),
  );
  const lengths = Int32Array.from(rows, (row) => prompts[row]!.length);
  const last = Array.from(rows, (row, at) => row * columns + lengths[at]! - 1);
  const fed: Fed = { ids, documents: prompts.length, lengths: new Int32Array(prompts.length).fill(columns), last, places, edited: windowFeeds(edited ?? [], columns) };
  const outputs = await session.run({ ...emptyCache(session, prompts.length), ...feedsOf(fed) });
  return { cache: presentIn(session, outputs), rows, lengths, next: nextOf(outputs, rows.length, drawn), edited: edited === undefined ? null : Array.from(rows, (row) => edited[row]!) };
}

/** `part` is as it is fed: its rows are those of the cache, in their order. */
async function advance(session: LaneSession, { cache, rows, lengths, next, edited }: Part, drawn: StepNumbers | undefined): Promise<Part> {
  const documents = fedRows(rows.length);
  const fedRow = (at: number): number => (at < rows.length ? at : 0);
  const each = (values: Int32Array): Int32Array => Int32Array.from({ length: documents }, (_, at) => values[fedRow(at)]!);
  const before = each(lengths);
  const fed: Fed = { ids: BigInt64Array.from(each(next), BigInt), documents, lengths: before.map((length) => length + 1), last: [...before.keys()], places: BigInt64Array.from(before, BigInt), edited: windowFeeds(edited === null ? [] : Array.from(before, (_, at) => edited[fedRow(at)]!), 1, before) };
  const outputs = await session.run({ ...cache, ...feedsOf(fed) });
  free(Object.values(cache));
  return { cache: presentIn(session, outputs), rows, lengths: lengths.map((length) => length + 1), next: nextOf(outputs, rows.length, drawn), edited };
}

/** One row alone takes another kernel and gives other bits. */
const fedRows = (rows: number): number => Math.max(2, rows);

interface Fed {
  /** [documents, T] */
  readonly ids: BigInt64Array;
  readonly documents: number;
  readonly lengths: Int32Array;
  readonly last: readonly number[];
  /** [documents, T] */
  readonly places: BigInt64Array;
  readonly edited: ReturnType<typeof windowFeeds>;
}

/** As `emitGenerate` says. A graph takes of them what it has inputs for. */
function feedsOf({ ids, documents, lengths, last, places, edited }: Fed): Tensors {
  const columns = ids.length / documents;
  const wanted = last.length > 1 ? last : [last[0]!, last[0]!];
  return {
    input_ids: new ort.Tensor("int64", ids, [documents, columns]),
    layout: new ort.Tensor("int64", BigInt64Array.of(BigInt(documents), BigInt(columns), -1n), [3]),
    lengths: new ort.Tensor("int32", lengths, [documents]),
    total: new ort.Tensor("int32", Int32Array.of(longest(lengths)), [1]),
    last: new ort.Tensor("int64", BigInt64Array.from(wanted, BigInt), [wanted.length]),
    places: new ort.Tensor("int64", places, [documents, columns]),
    ...Object.fromEntries(Object.entries(edited).map(([name, { data, dims }]) => [name, new ort.Tensor("float32", data, dims)])),
  };
}

function nextOf(outputs: Tensors, rows: number, drawn: StepNumbers | undefined): Int32Array {
  if (drawn === undefined) return narrow(outputs["next"]!.data as BigInt64Array).slice(0, rows);
  const { data, dims } = outputs["logits"]!;
  return drawnIds((data as Float32Array).subarray(0, rows * dims[1]!), drawn);
}

function presentIn({ caches }: LaneSession, outputs: Tensors): Cache {
  return Object.fromEntries(caches.map(({ name }) => [name, outputs[presentOf(name)]!]));
}

/** What is kept of no tokens: nothing, or zeros where it is of one size whatever was read. The first dimension is that of the texts. */
function emptyCache({ caches }: LaneSession, documents: number): Cache {
  return Object.fromEntries(caches.map((cache) => [cache.name, numbers(cache, cache.dims.map((dim, at) => (at === 0 ? documents : typeof dim === "number" ? dim : 0)))]));
}

/** All rows of a text, or those that are kept, side by side: as they are where they lie so already, else put together anew, and what they were is let go. */
async function together(session: LaneSession, parts: readonly Part[], keep: Uint32Array | undefined): Promise<Part> {
  const [only] = parts;
  if (keep === undefined && parts.length === 1 && liesReady(session, only!)) return only!;
  const all = parts.flatMap((part) => Array.from(part.rows, (row, at) => ({ part, row, length: part.lengths[at]!, next: part.next[at]!, edited: part.edited?.[at] })));
  const chosen = keep === undefined ? all : Array.from(keep, (at) => all[at]!);
  const sources = Array.from({ length: fedRows(chosen.length) }, (_, at) => chosen[at] ?? chosen[0]!);
  const most = longest(chosen.map(({ length }) => length));
  const cache: Cache = {};
  for (const input of session.caches) {
    cache[input.name] = await arranged(session, input, sources.map(({ part, row, length }) => ({ tensor: part.cache[input.name]!, row, length })), most);
    free(parts.map((part) => part.cache[input.name]!));
  }
  return { cache, rows: Uint32Array.from(chosen.keys()), lengths: Int32Array.from(chosen, ({ length }) => length), next: Int32Array.from(chosen, ({ next }) => next), edited: parts[0]!.edited === null ? null : chosen.map(({ edited }) => edited!) };
}

/** Whether a part is fed as it is: its rows are those of the cache, which ends with the longest of them, so that the next token makes it longer by one. */
function liesReady({ caches }: LaneSession, { cache, rows, lengths }: Part): boolean {
  const most = longest(lengths);
  const fits = (each: CacheInput): boolean => {
    const { dims } = cache[each.name]!;
    const axis = tokenAxis(each);
    return dims[0] === fedRows(rows.length) && (axis === -1 || dims[axis] === most);
  };
  return caches.every(fits) && rows.every((row, at) => row === at);
}

const longest = (lengths: Iterable<number>): number => Math.max(0, ...lengths);
