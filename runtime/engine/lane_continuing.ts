/** Without this file the engine's process could read texts and go on with none: it keeps what texts that are being continued were read into, each row of them at its own length. */
import * as ort from "onnxruntime-node";
import type { CacheInput } from "../../src/emit/specs.ts";
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
      const ready = together(text, keep);
      // What it was put together from is gone, and after a failure nothing goes on.
      text.parts = [];
      text.parts = [await advance(text.session, ready, drawn)];
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

/** Let go of what nobody reads any more. Memory that the runtime gave would wait for the garbage collector, which sees small objects only: a buffer that is moved out of its place is freed at once. */
function free(tensors: Iterable<ort.Tensor>): void {
  for (const tensor of tensors) {
    if (tensor.location !== "cpu") tensor.dispose();
    else (tensor.data as Float32Array<ArrayBuffer>).buffer.transfer(0);
  }
}

/** A prompt's last token may be wanted by several rows, and one row alone is asked for twice: it would take another kernel. */
async function read(session: LaneSession, { ids: prompts, columns, rows }: Prompts, drawn: StepNumbers | undefined): Promise<Part> {
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
  const fed: Fed = { ids, documents: prompts.length, lengths: new Int32Array(prompts.length).fill(columns), last, places };
  const outputs = await session.run({ ...emptyCache(session, prompts.length), ...feedsOf(fed) });
  return { cache: presentIn(session, outputs), rows, lengths, next: nextOf(outputs, rows.length, drawn) };
}

/** `part` is as it is fed: its rows are those of the cache, in their order. */
async function advance(session: LaneSession, { cache, rows, lengths, next }: Part, drawn: StepNumbers | undefined): Promise<Part> {
  const documents = fedRows(rows.length);
  const fedRow = (at: number): number => (at < rows.length ? at : 0);
  const each = (values: Int32Array): Int32Array => Int32Array.from({ length: documents }, (_, at) => values[fedRow(at)]!);
  const before = each(lengths);
  const fed: Fed = { ids: BigInt64Array.from(each(next), BigInt), documents, lengths: before.map((length) => length + 1), last: [...before.keys()], places: BigInt64Array.from(before, BigInt) };
  const outputs = await session.run({ ...cache, ...feedsOf(fed) });
  free(Object.values(cache));
  return { cache: presentIn(session, outputs), rows, lengths: lengths.map((length) => length + 1), next: nextOf(outputs, rows.length, drawn) };
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
}

/** As `emitGenerate` says. A graph takes of them what it has inputs for. */
function feedsOf({ ids, documents, lengths, last, places }: Fed): Tensors {
  const columns = ids.length / documents;
  const wanted = last.length > 1 ? last : [last[0]!, last[0]!];
  return {
    input_ids: new ort.Tensor("int64", ids, [documents, columns]),
    layout: new ort.Tensor("int64", BigInt64Array.of(BigInt(documents), BigInt(columns), -1n), [3]),
    lengths: new ort.Tensor("int32", lengths, [documents]),
    total: new ort.Tensor("int32", Int32Array.of(longest(lengths)), [1]),
    last: new ort.Tensor("int64", BigInt64Array.from(wanted, BigInt), [wanted.length]),
    places: new ort.Tensor("int64", places, [documents, columns]),
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
  return Object.fromEntries(
    caches.map(({ name, element, dims: declared }) => {
      const dims = declared.map((dim, at) => (at === 0 ? documents : typeof dim === "number" ? dim : 0));
      const size = dims.reduce((product, dim) => product * dim, 1);
      return [name, element === "f16" ? new ort.Tensor("float16", new Uint16Array(size), dims) : new ort.Tensor("float32", new Float32Array(size), dims)];
    }),
  );
}

/** All rows of a text, or those that are kept, side by side: as they are where they lie so already, else put together anew, and what they were is let go. */
function together({ session, parts }: Text, keep: Uint32Array | undefined): Part {
  const [only] = parts;
  if (keep === undefined && parts.length === 1 && liesReady(session, only!)) return only!;
  const all = parts.flatMap((part) => Array.from(part.rows, (row, at) => ({ part, row, length: part.lengths[at]!, next: part.next[at]! })));
  const chosen = keep === undefined ? all : Array.from(keep, (at) => all[at]!);
  const sources = Array.from({ length: fedRows(chosen.length) }, (_, at) => chosen[at] ?? chosen[0]!);
  const most = longest(chosen.map(({ length }) => length));
  const cache: Cache = {};
  for (const input of session.caches) {
    cache[input.name] = gathered(input, sources.map(({ part, row, length }) => ({ tensor: part.cache[input.name]!, row, length })), most);
    free(parts.map((part) => part.cache[input.name]!));
  }
  return { cache, rows: Uint32Array.from(chosen.keys()), lengths: Int32Array.from(chosen, ({ length }) => length), next: Int32Array.from(chosen, ({ next }) => next) };
}

/** Whether a part is fed as it is: its rows are those of the cache. On a device nothing else can be fed. */
function liesReady({ caches }: LaneSession, { cache, rows }: Part): boolean {
  const [first] = caches;
  return (first === undefined || cache[first.name]!.dims[0] === fedRows(rows.length)) && rows.every((row, at) => row === at);
}

const longest = (lengths: Iterable<number>): number => Math.max(0, ...lengths);

/** The dimension that grows with the tokens; -1 where there is none. */
function tokenAxis({ dims }: CacheInput): number {
  return dims.findIndex((dim, at) => at > 0 && typeof dim === "string");
}

interface CacheRow {
  readonly tensor: ort.Tensor;
  readonly row: number;
  readonly length: number;
}

/** Rows of caches in one tensor that has room for `most` tokens. @throws Error of a cache on a device, which nothing here can read */
function gathered(input: CacheInput, rows: readonly CacheRow[], most: number): ort.Tensor {
  const { name, dims: declared } = input;
  const axis = tokenAxis(input);
  const sized = (tokens: number): readonly number[] => declared.map((dim, at) => (at === 0 ? rows.length : typeof dim === "number" ? dim : tokens));
  const dims = sized(most);
  const product = (from: number, to: number): number => dims.slice(from, to).reduce((size, dim) => size * dim, 1);
  const size = product(1, dims.length);
  const [runs, inner] = axis === -1 ? [1, size] : [product(1, axis), product(axis + 1, dims.length)];
  const made = new Float32Array(rows.length * size);
  rows.forEach(({ tensor, row, length }, at) => {
    const { data } = tensor;
    if (tensor.location !== "cpu" || !(data instanceof Float32Array)) throw new Error(`${name} is not float32 of this process: its rows stay as they are`);
    const stride = axis === -1 ? size : tensor.dims[axis]! * inner;
    const taken = axis === -1 ? size : length * inner;
    const step = size / runs;
    for (let run = 0; run < runs; run++) {
      const from = (row * runs + run) * stride;
      made.set(data.subarray(from, from + taken), at * size + run * step);
    }
  });
  return new ort.Tensor("float32", made, dims);
}
