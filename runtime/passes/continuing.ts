/** Without this file `memorize` and `generate` would each let the model go on, keep what it wrote and look for broken weights in a way of its own. */
import { createHash } from "node:crypto";
import { emitGenerate, type StepOutput } from "../../src/emit/generate.ts";
import { positionsFor } from "../../src/emit/rope.ts";
import type { DecoderSpec, EmittedGraph, WeightRef } from "../../src/emit/specs.ts";
import type { Target } from "../../src/emit/target.ts";
import { printEdits, windowsOf } from "../../src/ops/edit.ts";
import type { WithHead } from "../../src/ops/reads_of.ts";
import type { ModelRef } from "../../src/ops/op.ts";
import { mostCached } from "../engine/generation.ts";
import type { ContinueJob } from "../engine/port.ts";
import { heldBack } from "../cache/held_back.ts";
import { spaceOf } from "../cache/spaces.ts";
import type { Space } from "../cache/space_segments.ts";
import { CheckpointError } from "../checkpoint/error.ts";
import { usedWeights } from "../checkpoint/nonfinite.ts";
import { requireSteady } from "../checkpoint/steady.ts";
import type { Column, Tokens, WrittenTokens } from "../data/frame.ts";
import { createColumn } from "../data/table.ts";
import type { Tokenizer } from "../checkpoint/tokenizer/tokenizer.ts";
import { counted } from "../counted.ts";
import { whileFinite, type ActivationContext } from "./activations.ts";
import { placeOf, targetOf } from "./graph_targets.ts";
import { shapesOf } from "./lane_memory.ts";
import { fitContinuing, memoryLimit, requireMemory, type Continued, type Fit } from "./limits.ts";
import { requireComputable, requireEditable, requireSeparable } from "./computable.ts";
import { editingOf, saesOfEdits, weightsOfEdits } from "./editing.ts";
import { proveUnedited } from "./tap_documents.ts";
import { placesOfEdits } from "./window.ts";

/** What is continued, and how. */
export interface Continuing {
  /** The model, and what is done to it. */
  readonly op: Pick<WithHead, "model" | "edits">;
  readonly prompts: readonly Int32Array[];
  /** New tokens of each. */
  readonly steps: number;
  readonly gives: StepOutput;
  /** What `saeq cache ls` calls it behind the model: all that a continuation depends on beside its prompt and what names its draw. */
  readonly name: string;
  /** Of drawn tokens: the text that names the numbers of each prompt. */
  readonly draws: readonly string[] | null;
  readonly job: Pick<ContinueJob, "ends" | "drawn">;
}

/** A model that may only be read continues nothing. @throws CheckpointError `missing-tensor` */
export function requireHead({ noHead }: DecoderSpec, { name }: ModelRef, what: string): void {
  if (noHead !== undefined) throw new CheckpointError("missing-tensor", `tensor \`${noHead}\` is in none of the files of ${name}: it reads texts, but ${what} none`, { help: "use the checkpoint of the model with its head (…ForCausalLM)" });
}

/** New tokens of each prompt, from what is kept or from the model, which goes on where a stopped run ended. @throws CheckpointError, EngineError; AbortError */
export async function continueTexts({ op, prompts, steps, gives, name, draws, job }: Continuing, context: ActivationContext): Promise<readonly Int32Array[]> {
  const { spec } = context.catalog.model(op.model);
  requireEditable(op, placeOf(context.engine));
  requireComputable(spec, spec.blocks.length, placeOf(context.engine));
  requireSeparable(spec, op.edits ?? []);
  const weights = weightsOfSteps(op, context);
  await requireSteady(weights);
  const space = spaceOfContinuing({ op, gives, name }, context);
  context.store.refresh([space]);
  const numbers = draws?.map(numbersOf);
  const generated: (Int32Array | undefined)[] = prompts.map((prompt, at) => context.store.continuation(space, prompt, numbers?.[at]));
  const missing = prompts.flatMap((_, at) => (generated[at] === undefined ? [at] : []));
  context.onKept?.(prompts.length - missing.length, prompts.length);
  if (missing.length > 0) {
    await proveUnedited(op, missing.map((at) => prompts[at]!), context);
    const { store, release } = heldBack(context.store);
    const longest = missing.reduce((most, at) => Math.max(most, prompts[at]!.length), 0);
    const limits = continuingLimits(op, { texts: missing.length, longest, steps }, context, stepGraphOf({ op, gives }, context, placeOf(context.engine)));
    if (limits !== null) requireMemory(limits, context.memory);
    const { ends, drawn } = job;
    await whileFinite(weights, context.signal, (signal, finite) => {
      finite.then(release, () => {});
      return context.engine.generate(stepGraphOf({ op, gives }, context, targetOf(context.engine), longest + steps), missing.map((at) => prompts[at]!), steps, {
        signal,
        onProgress: context.onProgress,
        ...(limits === null ? {} : { limits }),
        ...(windowsOf(op.edits ?? []).length === 0 ? {} : { edited: (length) => placesOfEdits(op, length + steps, length).edited! }),
        ...(ends === undefined ? {} : { ends: (index, ids) => ends(missing[index]!, ids) }),
        ...(drawn === undefined ? {} : { drawn: { ...drawn, number: (index) => drawn.number(missing[index]!) } }),
        onDocument: (index, tokens) => {
          const at = missing[index]!;
          generated[at] = tokens;
          store.keepContinuation(space, prompts[at]!, tokens, numbers?.[at]);
        },
      });
    }).finally(() => context.store.flush());
  }
  return generated.map((tokens) => tokens!);
}

/** How many processes go on with texts, and in which batches, so that it stays below the limit of memory; null on a device, whose memory is its own. */
export function continuingLimits(op: Continuing["op"], texts: Continued, { catalog, engine, memory }: Pick<ActivationContext, "catalog" | "engine" | "memory">, graph: EmittedGraph): Fit | null {
  if (targetOf(engine).provider !== "cpu") return null;
  const spec = catalog.spec(op.model);
  const shapes = shapesOf(spec, [], spec.blocks.length, (sae) => catalog.sae(sae).spec, op.edits);
  return fitContinuing(shapes, texts, engine.options.lanes, memoryLimit(memory), mostCached(graph), engine.options.batch, targetOf(engine).parts);
}

/** What the model read to write them, and where it begins to be its own: of the last token of each nothing follows. */
export function readBy(prompts: readonly Int32Array[], generated: readonly Int32Array[]): Pick<Tokens, "ids" | "boundary"> {
  return { ids: prompts.map((prompt, at) => Int32Array.from([...prompt, ...generated[at]!.subarray(0, -1)])), boundary: prompts.map(({ length }) => length) };
}

type StepContext = Pick<ActivationContext, "catalog" | "graphs" | "engine">;

/** The graph of one step, emitted once. `longest`: tokens of the longest text at its end, 0 where a graph is only looked at. */
export function stepGraphOf({ op, gives }: Pick<Continuing, "op" | "gives">, { catalog, graphs }: Pick<StepContext, "catalog" | "graphs">, target: Target, longest = 0): EmittedGraph {
  const spec = catalog.spec(op.model);
  const positions = positionsFor(spec, longest);
  const id = JSON.stringify(["generate", op.model, op.edits ?? null, target, positions, gives]);
  const graph = graphs.get(id) ?? emitGenerate(spec, target, positions, gives, editingOf(op, catalog).editing);
  // Over an SAE that is not here yet it is good for looking at, not for running.
  if (saesOfEdits(op).every((sae) => catalog.sae(sae).whole)) graphs.set(id, graph);
  return graph;
}

function weightsOfSteps(op: Continuing["op"], { catalog }: Pick<StepContext, "catalog">): readonly WeightRef[] {
  const { spec } = catalog.model(op.model);
  return [...usedWeights(spec, spec.blocks.length, true), ...weightsOfEdits(op, catalog)];
}

/** Where continuations are kept. They are named by the usual graph: a longer table of positions changes no token, and no number of threads. */
export function spaceOfContinuing({ op, gives, name }: Pick<Continuing, "op" | "gives" | "name">, context: StepContext): Space {
  const named = stepGraphOf({ op, gives }, context, placeOf(context.engine));
  return spaceOf(named, weightsOfSteps(op, context), context.engine.options, `${op.model.name}${op.edits === undefined ? "" : `, edited (${printEdits(op.edits)})`}, ${name}`, false);
}

/** Four numbers that name a text. */
export function numbersOf(text: string): Uint32Array {
  const hash = createHash("sha256").update(text).digest();
  return Uint32Array.from({ length: 4 }, (_, at) => hash.readUInt32LE(4 * at));
}

/** What was continued, row by row: texts, and tokens as the model read and wrote them. */
export interface Written {
  readonly input: string;
  readonly continuation: string;
  readonly prompt: Int32Array;
  readonly generated: Int32Array;
}

/** Of each row, its tokens where its texts alone would be cut otherwise; how many these are is told. */
export function recutTokens({ model, bos }: { readonly model: ModelRef; readonly bos: boolean }, rows: readonly Written[], encode: Tokenizer["encode"], onNotice: (text: string) => void): readonly (WrittenTokens | null)[] {
  const tokens = rows.map(({ input, continuation, prompt, generated }): WrittenTokens | null =>
    same(encode(input + continuation, { bos }), [...prompt, ...generated]) ? null : { model: model.digest, texts: [input, continuation], ids: [prompt.slice(bos ? 1 : 0), generated] },
  );
  const count = tokens.filter((each) => each !== null).length;
  if (count === 0) return tokens;
  const one = count === 1;
  onNotice(`${count} of ${counted(rows.length, "text")} and ${one ? "its continuation" : "their continuations"}, read as ${one ? "one text" : "texts"}, ${one ? "is" : "are"} cut into other tokens than were generated; acts reads the generated ones here, and the others where a file of these rows is read`);
  return tokens;
}

/** The column of what was written. */
export function writtenColumn(continuations: readonly string[], written: readonly (WrittenTokens | null)[]): Column {
  const column = createColumn("generated_continuation_text", "str", continuations);
  return column.type !== "str" || written.every((each) => each === null) ? column : { ...column, written };
}

function same(a: Int32Array, b: readonly number[]): boolean {
  return a.length === b.length && a.every((id, at) => id === b[at]);
}
