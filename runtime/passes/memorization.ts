/** Without this file nobody could measure what a model knows by heart. */
import type { Op } from "../../src/ops/op.ts";
import type { Tokenizer } from "../checkpoint/tokenizer/tokenizer.ts";
import { counted } from "../counted.ts";
import type { ActivationContext } from "./activations.ts";
import { continueTexts, type Continuing, recutTokens, requireHead, writtenColumn, readBy } from "./continuing.ts";
import { editsTold } from "./editing.ts";
import { idsOf } from "./known_tokens.ts";
import { tellIdleEdits } from "./idle_edits.ts";
import { DataError } from "../data/error.ts";
import type { Column, Table } from "../data/frame.ts";
import { createColumn } from "../data/table.ts";

type Memorize = Op & { readonly op: "memorize" };

/**
 * Greedy continuation of the first `prefix` tokens of each text, compared with the text's own next tokens (Carlini et al. 2022,
 * "Quantifying Memorization", section 2: extractable with a context of k tokens). `matching_tokens` is the length of the agreeing
 * start, `matching_positions` the number of agreeing positions; `perfect_match`: all agree. Where a text and its continuation
 * would be cut into other tokens than were generated, the table keeps these.
 * @throws DataError `text-too-short` with the row; CheckpointError `missing-tensor` of a model without a head
 */
export async function memorize(op: Memorize, table: Table, context: ActivationContext, onNotice: (text: string) => void): Promise<Table> {
  const model = context.catalog.model(op.model);
  const { tokenizer, spec } = model;
  requireHead(spec, op.model, "continues");
  const encode = context.tokenIds.encoder(model);
  const bos = op.bos ? 1 : 0;
  const needed = op.prefix + op.continuation;
  const { ids, prompts } = promptsOf(op, table, tokenizer, encode);
  const generated = await continueTexts({ op, prompts, steps: op.continuation, ...stepsOf(op), draws: null, job: {} }, context);
  await tellIdleEdits(op, [readBy(prompts, generated)], context, onNotice);
  const truth = ids.map((document) => document.slice(bos + op.prefix, bos + needed));
  const prefixMatch = truth.map((expected, row) => {
    let agree = 0;
    while (agree < expected.length && expected[agree] === generated[row]![agree]) agree++;
    return agree;
  });
  const positions = truth.map((expected, row) => expected.reduce((sum, token, i) => sum + (token === generated[row]![i] ? 1 : 0), 0));
  const inputs = prompts.map((prompt) => tokenizer.decode(prompt.slice(bos)));
  const continuations = generated.map((tokens) => tokenizer.decode(tokens));
  const recut = recutTokens(op, prompts.map((prompt, row) => ({ input: inputs[row]!, continuation: continuations[row]!, prompt, generated: generated[row]! })), encode, onNotice);
  const { eosId } = tokenizer;
  const past = eosId === null ? 0 : generated.filter((tokens) => tokens.subarray(0, -1).includes(eosId)).length;
  if (past > 0) onNotice(`${past} of ${counted(prompts.length, "continuation")} ${past === 1 ? "goes" : "go"} on behind ${JSON.stringify(tokenizer.decode(Int32Array.of(eosId!)))}, where \`generate\` of transformers would end: always ${counted(op.continuation, "token")} are generated`);
  const made = ["input_text", "generated_continuation_text", "true_continuation_text", "perfect_match", "matching_tokens", "matching_positions"];
  const columns: Column[] = [
    ...table.columns.filter(({ name }) => name !== op.textColumn && !made.includes(name)),
    createColumn("input_text", "str", inputs),
    writtenColumn(continuations, recut),
    createColumn("true_continuation_text", "str", truth.map((tokens) => tokenizer.decode(tokens))),
    createColumn("perfect_match", "bool", prefixMatch.map((agree) => agree === op.continuation)),
    createColumn("matching_tokens", "int", prefixMatch),
    createColumn("matching_positions", "int", positions),
  ];
  const facts = { texts: table.rows, positions: prompts.length * op.continuation, masked: 0, truncated: 0, model: op.model.name, source: op.textColumn, origin: table.origin, ...editsTold(op) };
  return { ...table, columns, foundIn: [{ taps: [], facts }] };
}

/** What names the steps beside prompts. */
export function stepsOf({ continuation }: Memorize): Pick<Continuing, "gives" | "name"> {
  return { gives: "next", name: `${continuation} tokens continued` };
}

/** The tokens of each text, and those that the model is given. @throws DataError `text-too-short` with the row */
export function promptsOf(op: Memorize, table: Table, tokenizer: Tokenizer, encode: Tokenizer["encode"]): { readonly ids: readonly Int32Array[]; readonly prompts: readonly Int32Array[] } {
  const column = table.columns.find((each) => each.name === op.textColumn);
  if (column === undefined || column.type !== "str") throw new Error(`no text column ${op.textColumn}`);
  const bos = op.bos ? 1 : 0;
  const needed = op.prefix + op.continuation;
  const tokensAt = idsOf(op, table, [op.textColumn], tokenizer, encode);
  const ids = column.values.map((text, row) => {
    const document = tokensAt(row, [text]).ids;
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
  return { ids, prompts: ids.map((document) => document.slice(0, bos + op.prefix)) };
}
