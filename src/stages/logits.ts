/** Without this file nobody could ask the model what it says comes next. */
import { PREDICT_AT, type Plan, type Told } from "../ops/op.ts";
import type { ColumnSchema } from "../ops/schema.ts";
import { flag, ints, oneOf, optionalInt, texts, type ArgValues } from "./args.ts";
import { documentTokens } from "./lowering/documents.ts";
import { hasAnswer } from "./lowering/rendered.ts";
import { textColumns } from "./lowering/text_columns.ts";
import { eachEdited, editsOf, findTheirPart, spent } from "./lowering/edited.ts";
import { stage, type Lowering } from "./stage.ts";

/** Likeliest tokens where nothing is said of how many. */
const USUAL = 10;

const ROW: ColumnSchema = { name: "row", type: "int" };
const TOKEN: readonly ColumnSchema[] = [{ name: "token_id", type: "int" }, { name: "token", type: "str" }];
const FIGURES: readonly ColumnSchema[] = [{ name: "logit", type: "float" }, { name: "probability", type: "float" }];

const ARGS = {
  top: optionalInt({ keyword: true, min: 1, max: 1_000_000, alsoCalled: ["top_k", "k", "n"], doc: `The k likeliest tokens, ties to the lower id; ${USUAL} where nothing else is asked behind the last token` }),
  of: texts({ keyword: true, default: [], doc: "These tokens, each a text that the tokenizer has as one token, with its blank: \" Paris\"" }),
  ids: ints({ keyword: true, min: 0, default: [], doc: "The same by their ids" }),
  at: oneOf(PREDICT_AT, { keyword: true, default: "last", doc: "Behind the last token, or at every position of the text, of its prompt or of its continuation" }),
  special: flag("Of tokens that came, special ones too; figures leave them out"),
} as const;

export const logits = stage({
  name: "logits",
  doc: "What the model says comes next: tokens with their rank, logit and probability over the whole vocabulary. `position` is the place of the token that is predicted, from the tokens before it. With `at all`, `at prompt` or `at continuation` and nothing else, a row for each token that came: its `surprisal` is −ln probability, whose mean is the loss and whose exp(mean) is the perplexity. Other columns than the text stay behind them",
  category: "model",
  args: ARGS,
  input: ["table", "tokens"],
  examples: [
    { title: "The likeliest next tokens", query: 'prompts "In the beginning God created the" | logits top 5' },
    { title: "Two that are asked for", query: 'prompts "And God said, Let there be" | logits of " light", " darkness"' },
    { title: "Perplexity of each text", query: "sample perfect 3 | logits at all | group row | agg perplexity = exp(mean(surprisal))" },
    { title: "Do memorised continuations surprise it less than others?", query: "groups perfect = (sample perfect 5), non_perfect = (sample non_perfect 5) | logits at continuation | agg loss = mean(surprisal)" },
  ],
  instead: {
    acts: "what comes next is asked of texts: sample perfect 3 | logits top 5",
    dense: "what comes next is asked of texts: sample perfect 3 | logits top 5",
  },
  alsoCalled: ["next_token", "predict_next", "logprobs", "next_tokens"],
  searchTerms: ["probability", "perplexity", "surprisal", "loss", "prediction", "softmax", "unembed", "log probability", "cross entropy"],
  lower: (context, args) => eachEdited(context, (own) => predicted(own, args)),
});

function predicted(context: Lowering, { top, of, ids, at, special }: ArgValues<typeof ARGS>): Plan | null {
  const model = context.model();
  const tokens = documentTokens(context);
  if (model === null || tokens === null) return null;
  const named = of.length + ids.length > 0;
  if (named && top !== null) {
    context.report({ code: "wrong-argument", message: "the likeliest tokens are told, or those that are named", span: context.at("top"), label: "leave it out", fix: context.without("top") });
    return null;
  }
  const tell: Told = named ? { kind: "named", texts: of, ids } : top !== null || at === "last" ? { kind: "top", count: top ?? USUAL } : { kind: "came" };
  if (special && tell.kind !== "came") {
    context.report({ code: "wrong-argument", message: "`special` is of tokens that came, and these are tokens that may come", span: context.at("special"), label: "leave it out", fix: context.without("special") });
    return null;
  }
  if (!hasAnswer(context, tokens, at, "at", "logits at continuation") || !findTheirPart(context, tokens)) return null;
  const { schema } = context.input;
  const made = [ROW, ...columnsOf(tell, at !== "last", special)];
  const read = schema.kind === "table" ? (textColumns(schema.columns) ?? []) : [];
  const kept = schema.kind === "table" ? schema.columns.filter(({ name }) => !read.includes(name) && !made.some((each) => each.name === name)) : [];
  return context.node(
    { op: "logits", model: model.ref, tell, at, special, keep: kept.map(({ name }) => name), ...editsOf(tokens.schema) },
    [tokens],
    { ...spent(tokens.schema), kind: "table", columns: [...made, ...kept] },
  );
}

function columnsOf({ kind }: Told, everywhere: boolean, special: boolean): readonly ColumnSchema[] {
  const position: ColumnSchema = { name: "position", type: "int" };
  const rank: ColumnSchema = { name: "rank", type: "int" };
  if (kind === "came") return [position, ...TOKEN, ...(special ? [{ name: "special", type: "bool" } as const] : []), rank, ...FIGURES, { name: "surprisal", type: "float" }];
  return [position, rank, ...TOKEN, ...FIGURES, ...(everywhere ? [{ name: "came", type: "bool" } as const] : [])];
}
