/** Without this file nobody could measure what a model knows by heart. */
import { emitGenerate } from "../../src/emit/generate.ts";
import { positionsFor } from "../../src/emit/rope.ts";
import type { EmittedGraph } from "../../src/emit/specs.ts";
import type { Target } from "../../src/emit/target.ts";
import type { Op } from "../../src/ops/op.ts";
import { counted } from "../counted.ts";
import { whileFinite, type ActivationContext } from "./activations.ts";
import { placeOf, targetOf } from "./graph_targets.ts";
import { requireComputable } from "./computable.ts";
import { heldBack } from "../cache/held_back.ts";
import { spaceOf } from "../cache/spaces.ts";
import { CheckpointError } from "../checkpoint/error.ts";
import { usedWeights } from "../checkpoint/nonfinite.ts";
import { requireSteady } from "../checkpoint/steady.ts";
import { DataError } from "../data/error.ts";
import { pairOf, type Column, type Table } from "../data/frame.ts";
import { createColumn } from "../data/table.ts";

/**
 * Greedy continuation of the first `prefix` tokens of each text, compared with the text's own next tokens (Carlini et al. 2022,
 * "Quantifying Memorization", section 2: extractable with a context of k tokens). `matching_tokens` is the length of the agreeing
 * start, `matching_positions` the number of agreeing positions; `perfect_match`: all agree. Where a text and its continuation
 * would be cut into other tokens than were generated, the table keeps these.
 * @throws DataError `text-too-short` with the row; CheckpointError `missing-tensor` of a model without a head
 */
export async function memorize(op: Op & { readonly op: "generate" }, table: Table, context: ActivationContext, onNotice: (text: string) => void): Promise<Table> {
  const model = context.catalog.model(op.model);
  const { tokenizer, spec } = model;
  if (spec.noHead !== undefined) throw new CheckpointError("missing-tensor", `tensor \`${spec.noHead}\` is in none of the files of ${op.model.name}: it reads texts, but continues none`, { help: "use the checkpoint of the model with its head (…ForCausalLM)" });
  requireComputable(spec, spec.blocks.length, placeOf(context.engine));
  const encode = context.tokenIds.encoder(model);
  const column = table.columns.find((each) => each.name === op.textColumn);
  if (column === undefined || column.type !== "str") throw new Error(`no text column ${op.textColumn}`);
  const bos = op.bos ? 1 : 0;
  const needed = op.prefix + op.continuation;
  const ids = column.values.map((text, row) => {
    const document = encode(text, { bos: op.bos });
    if (document.length - bos < needed)
      throw new DataError({
        code: "text-too-short",
        message: `the text of row ${row + 1} has ${document.length - bos} tokens; ${op.prefix} + ${op.continuation} are needed`,
        help: `… | memorize prefix ${Math.max(1, (document.length - bos) >> 1)} continue ${Math.max(1, (document.length - bos + 1) >> 1)}`,
        row: row + 1,
        column: op.textColumn,
      });
    return document;
  });
  const graphFor = (longest: number, target: Target): EmittedGraph => {
    const id = JSON.stringify(["generate", op.model, target, longest]);
    const graph = context.graphs.get(id) ?? emitGenerate(spec, target, longest);
    context.graphs.set(id, graph);
    return graph;
  };
  // What is kept is named by the usual graph: a longer table of positions changes no token, and no number of threads.
  const named = graphFor(positionsFor(spec), placeOf(context.engine));
  const prompts = ids.map((document) => document.slice(0, bos + op.prefix));
  const weights = usedWeights(spec, spec.blocks.length, true);
  const space = spaceOf(named, weights, context.engine.options, `${op.model.name}, ${op.continuation} tokens continued`, false);
  await requireSteady(weights);
  context.store.refresh([space]);
  const generated: (Int32Array | undefined)[] = prompts.map((prompt) => context.store.continuation(space, prompt));
  const missing = prompts.flatMap((_, row) => (generated[row] === undefined ? [row] : []));
  if (missing.length > 0) {
    const { store, release } = heldBack(context.store);
    await whileFinite(weights, context.signal, (signal, finite) => {
      finite.then(release, () => {});
      return context.engine.generate(graphFor(positionsFor(spec, bos + needed), targetOf(context.engine)), missing.map((row) => prompts[row]!), op.continuation, {
        signal,
        onProgress: context.onProgress,
        onDocument: (index, tokens) => {
          const row = missing[index]!;
          generated[row] = tokens;
          store.keepContinuation(space, prompts[row]!, tokens);
        },
      });
    }).finally(() => context.store.flush());
  }
  const truth = ids.map((document) => document.slice(bos + op.prefix, bos + needed));
  const prefixMatch = truth.map((expected, row) => {
    let agree = 0;
    while (agree < expected.length && expected[agree] === generated[row]![agree]) agree++;
    return agree;
  });
  const positions = truth.map((expected, row) => expected.reduce((sum, token, i) => sum + (token === generated[row]![i] ? 1 : 0), 0));
  const inputs = prompts.map((prompt) => tokenizer.decode(prompt.slice(bos)));
  const continuations = generated.map((tokens) => tokenizer.decode(tokens!));
  const recut = prompts.flatMap((prompt, row) => (same(encode(inputs[row]! + continuations[row]!, { bos: op.bos }), [...prompt, ...generated[row]!]) ? [] : [row]));
  const pairs = new Map(recut.map((row) => [pairOf(inputs[row]!, continuations[row]!), { prompt: [...prompts[row]!.slice(bos)], generated: [...generated[row]!] }]));
  if (recut.length > 0) onNotice(`${recut.length} of ${counted(prompts.length, "text")} and ${recut.length === 1 ? "its continuation" : "their continuations"}, read as ${recut.length === 1 ? "one text" : "texts"}, ${recut.length === 1 ? "is" : "are"} cut into other tokens than were generated; acts reads the generated ones here, and the others where a file of these rows is read`);
  const { eosId } = tokenizer;
  const past = eosId === null ? 0 : generated.filter((tokens) => tokens!.subarray(0, -1).includes(eosId)).length;
  if (past > 0) onNotice(`${past} of ${counted(prompts.length, "continuation")} ${past === 1 ? "goes" : "go"} on behind ${JSON.stringify(tokenizer.decode(Int32Array.of(eosId!)))}, where \`generate\` of transformers would end: always ${counted(op.continuation, "token")} are generated`);
  const made = ["input_text", "generated_continuation_text", "true_continuation_text", "perfect_match", "matching_tokens", "matching_positions"];
  const columns: Column[] = [
    ...table.columns.filter(({ name }) => name !== op.textColumn && !made.includes(name)),
    createColumn("input_text", "str", inputs),
    createColumn("generated_continuation_text", "str", continuations),
    createColumn("true_continuation_text", "str", truth.map((tokens) => tokenizer.decode(tokens))),
    createColumn("perfect_match", "bool", prefixMatch.map((agree) => agree === op.continuation)),
    createColumn("matching_tokens", "int", prefixMatch),
    createColumn("matching_positions", "int", positions),
  ];
  return { ...table, columns, ...(pairs.size === 0 ? {} : { continued: { model: op.model.digest, pairs } }) };
}

function same(a: Int32Array, b: readonly number[]): boolean {
  return a.length === b.length && a.every((id, at) => id === b[at]);
}
