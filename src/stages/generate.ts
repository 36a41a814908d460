/** Without this file the model could not be heard: nobody could let it go on with a text. */
import { streamKey, streamStart } from "../ops/key.ts";
import type { Drawn, Plan } from "../ops/op.ts";
import type { ColumnSchema } from "../ops/schema.ts";
import { column, int, optionalFloat, optionalInt, texts, type ArgValues } from "./args.ts";
import { oneTextColumn } from "./lowering/documents.ts";
import { eachEdited, editsOf, whileWriting } from "./lowering/edited.ts";
import { tellForeignChats } from "./lowering/foreign_chats.ts";
import { isRendered } from "./lowering/rendered.ts";
import { stage, type Lowering } from "./stage.ts";

const MADE: readonly ColumnSchema[] = [
  { name: "input_text", type: "str" },
  { name: "generated_continuation_text", type: "str" },
];
const TOLD: readonly ColumnSchema[] = [
  { name: "generated_tokens", type: "int" },
  { name: "ended", type: "str" },
];
const SAMPLE: ColumnSchema = { name: "sample", type: "int" };

const ARGS = {
  max: int({ keyword: true, min: 1, doc: "Tokens to generate at most", alsoCalled: ["max_new_tokens", "max_tokens", "max_length", "tokens"] }),
  temperature: optionalFloat({ keyword: true, doc: "Draw tokens, from logits divided by it; 0 or none: the likeliest token each time" }),
  top_k: optionalInt({ keyword: true, min: 1, doc: "Draw from the k likeliest tokens only" }),
  top_p: optionalFloat({ keyword: true, doc: "Then from the likeliest tokens only that together have this share of the probability" }),
  n: optionalInt({ keyword: true, min: 1, max: 10_000, alsoCalled: ["num_return_sequences", "samples", "num_samples", "copies"], doc: "Continuations of each text, one row each, numbered in `sample`" }),
  draw: int({ keyword: true, min: 1, default: 1, doc: "Another draw for the same texts" }),
  stop: texts({ keyword: true, alsoCalled: ["until", "stop_at", "stop_strings", "stop_string", "stop_sequences"], default: [], doc: "End with the token that completes one of these texts" }),
  of: { ...column({ keyword: true, default: "text", doc: "Column with the text; not said: what the model reads, as long as that is one column" }), depends: true },
} as const;

const BEAMS = { words: [""], why: "`generate` searches no beams: it takes the likeliest token each time, or draws with a `temperature`", valued: true } as const;
const PENALTY = { words: [""], why: "`generate` takes predictions as the model gives them: nothing raises or lowers a token", valued: true } as const;
/** What other tools can do to the tokens that are chosen, and saeq does not. */
const LEFT_OUT = {
  num_beams: BEAMS, beams: BEAMS, beam_size: BEAMS, num_beam_groups: BEAMS, length_penalty: BEAMS, early_stopping: BEAMS,
  repetition_penalty: PENALTY, presence_penalty: PENALTY, frequency_penalty: PENALTY, no_repeat_ngram_size: PENALTY,
} as const;

export const generate = stage({
  name: "generate",
  doc: "Let the model go on with each text: greedily, or drawn from its predictions with a `temperature`, the same tokens for the same seed and texts anywhere. `acts … of continuation` reads what was generated; `ended` says why it ends: max, stop, or end for the end-of-text token, which is not part of it. Groups whose models `ablate` or `steer` edit in different ways are drawn behind the same texts by the same random numbers, so that they differ by the edit alone. Other columns stay, but for `text`",
  category: "model",
  args: ARGS,
  input: ["table"],
  examples: [
    { title: "Greedily", query: 'prompts "In the beginning God" | generate max 10' },
    { title: "Three that are drawn", query: 'set seed 7\nprompts "And the king said" | generate max 12 temperature 0.8 top_p 0.9 n 3 | select sample, generated_continuation_text' },
    { title: "Features of what it writes", query: 'prompts "In the beginning God" | generate max 20 | acts layer 7 of continuation | top 3' },
  ],
  alsoCalled: ["complete", "continue_text", "sample_text", "generate_text"],
  foreignWords: { greedy: [""], do_sample: ["temperature 1.0", ""], sampling: ["temperature 1.0", ""], greedily: [""], deterministic: [""], use_cache: [""], ...LEFT_OUT },
  searchTerms: ["continuation", "temperature", "nucleus", "decode text", "completion", "rollout", "write"],
  lower: (context, args) => eachEdited(context, (own) => continued(own, args)),
});

/** Rows that an edited model made are read by it too: the schema keeps the edits. */
function continued(context: Lowering, args: ArgValues<typeof ARGS>): Plan | null {
  const { input, settings } = context;
  const model = context.model();
  const schema = whileWriting(context);
  if (model === null || schema === null) return null;
  const of = oneTextColumn(context, args.of, { does: "go on with", takes: "`generate` goes on with one text", written: "generate max 40", whole: "to go on behind the continuation", continued: true });
  const drawn = drawing(context, args);
  if (of === null || drawn === undefined) return null;
  const rendered = isRendered(input, [of]);
  if (rendered) tellForeignChats(context, model, [of]);
  const bos = settings.bos ?? (model.prependsBos && !rendered);
  if (args.max >= model.context) {
    context.report({ code: "text-too-long", message: `${args.max} new tokens behind a text do not fit the model's context of ${model.context}`, span: context.at("max") });
    return null;
  }
  if (args.stop.includes("")) {
    context.report({ code: "wrong-argument", message: "a text to stop at has a character at least", span: context.at("stop") });
    return null;
  }
  const made = [...MADE, ...(args.n === null ? [] : [SAMPLE]), ...TOLD];
  const kept = input.schema.columns.filter(({ name }) => name !== of && name !== "text" && !made.some((each) => each.name === name));
  const stream = `${streamStart(settings.seed)}${args.draw}|${streamKey(input)}`;
  return context.node(
    {
      op: "generate", model: model.ref, bos, textColumn: of, most: args.max, drawn: drawn === null ? null : { ...drawn, stream },
      copies: args.n ?? 1, numbered: args.n !== null, ends: model.ends, stop: args.stop, ...(rendered ? { rendered } : {}), ...editsOf(schema),
    },
    [input],
    { ...schema, kind: "table", columns: [...kept, ...made] },
  );
}

interface DrawingArgs {
  readonly temperature: number | null;
  readonly top_k: number | null;
  readonly top_p: number | null;
  readonly n: number | null;
}

/** null: greedy; undefined after a reported mistake. */
function drawing(context: Lowering, { temperature, top_k: topK, top_p: topP, n }: DrawingArgs): Omit<Drawn, "stream"> | null | undefined {
  const outside = (argument: string, message: string): undefined => void context.report({ code: "out-of-range", message, span: context.at(argument) });
  if (temperature !== null && !(temperature >= 0 && temperature <= 100)) return outside("temperature", `a temperature is between 0 and 100, and not ${temperature}`);
  if (topP !== null && !(topP > 0 && topP <= 1)) return outside("top_p", `a share of the probability is above 0 and at most 1, and not ${topP}`);
  if (temperature !== null && temperature > 0) return { temperature, topK, topP };
  if (temperature === 0) return null;
  const needless = (["top_k", "top_p", "draw"] as const).find((name) => context.given(name)) ?? (n !== null && n > 1 ? "n" : undefined);
  if (needless === undefined) return null;
  const at = context.at(needless);
  context.report({
    code: "missing-argument",
    message: `\`${needless}\` is for tokens that are drawn, and without a temperature the likeliest is taken each time`,
    span: at,
    fix: { span: { start: at.start, end: at.start }, text: "temperature 1 " },
  });
  return undefined;
}
