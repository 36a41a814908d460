/** Without this file nobody could find out which texts a model knows by heart. */
import { printColumn } from "../../grammar/print_parts.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import { column, int, type ArgValues } from "./args.ts";
import type { Plan } from "../ops/op.ts";
import { columnOf, type ColumnSchema } from "../ops/schema.ts";
import { eachEdited, editsOf, whileWriting } from "./lowering/edited.ts";
import { tellForeignChats } from "./lowering/foreign_chats.ts";
import { isRendered } from "./lowering/rendered.ts";
import { stage, type Lowering } from "./stage.ts";

const ARGS = {
  prefix: int({ keyword: true, min: 1, doc: "Tokens of each text given to the model (beginning-of-text not counted)" }),
  continue: int({ keyword: true, min: 1, doc: "Tokens to generate and compare, always as many: the end-of-text token is one of them" }),
  of: column({ keyword: true, default: "text", doc: "Column with the text" }),
} as const;

export const memorize = stage({
  name: "memorize",
  doc: "Give the model the first tokens of each text and let it continue greedily: does it know the rest by heart?",
  category: "model",
  args: ARGS,
  input: ["table"],
  examples: [{ title: "Two passages", query: 'csv "kjv/passages.csv" | take 2 | memorize prefix 50 continue 50 | select perfect_match, matching_tokens' }],
  searchTerms: ["extractable", "recall", "continue"],
  lower: (context, args) => eachEdited(context, (own) => continued(own, args)),
});

/** Rows that an edited model made are read by it too, as by the stages before: the schema keeps the edits. */
function continued(context: Lowering, args: ArgValues<typeof ARGS>): Plan | null {
  const { input, settings } = context;
  const model = context.model();
  const schema = whileWriting(context);
  if (model === null || schema === null) return null;
  const found = columnOf(input.schema, args.of);
  if (found === undefined || found.type !== "str") {
    if (input.schema.known)
      context.report({
        code: found === undefined ? "unknown-column" : "wrong-type",
        message: found === undefined ? `no column \`${args.of}\` to take the texts from` : `\`${args.of}\` is ${found.type}, not text`,
        span: context.at("of"),
        notes: [`columns here: ${input.schema.columns.map(({ name }) => name).join(", ")}`],
        ...ofColumn(input.schema.columns, args),
      });
    return null;
  }
  const rendered = isRendered(input, [args.of]);
  if (rendered) tellForeignChats(context, model, [args.of]);
  const bos = settings.bos ?? (model.prependsBos && !rendered);
  if ((bos ? 1 : 0) + args.prefix + args.continue > model.context) {
    context.report({ code: "text-too-long", message: `${args.prefix} + ${args.continue} tokens${bos ? " and the beginning-of-text token" : ""} do not fit the model's context of ${model.context}`, span: context.at("prefix") });
    return null;
  }
  const made = ["input_text", "generated_continuation_text", "true_continuation_text", "perfect_match", "matching_tokens", "matching_positions"];
  const kept = input.schema.columns.filter(({ name }) => name !== args.of && !made.includes(name));
  return context.node(
    { op: "memorize", model: model.ref, bos, prefix: args.prefix, continuation: args.continue, textColumn: args.of, ...editsOf(schema) },
    [input],
    {
      ...schema,
      kind: "table",
      columns: [
        ...kept,
        { name: "input_text", type: "str" },
        { name: "generated_continuation_text", type: "str" },
        { name: "true_continuation_text", type: "str" },
        { name: "perfect_match", type: "bool" },
        { name: "matching_tokens", type: "int" },
        { name: "matching_positions", type: "int" },
      ],
    },
  );
}

/** The stage with a column of texts that is there. */
function ofColumn(columns: readonly ColumnSchema[], { prefix, continue: continued }: { readonly prefix: number; readonly continue: number }): Pick<Diagnostic, "help"> {
  const texts = columns.filter(({ type }) => type === "str").map(({ name }) => name);
  const found = texts.find((name) => name === "input_text" || name === "prompt" || /text|passage|content/i.test(name)) ?? texts[0];
  return found === undefined ? {} : { help: `memorize prefix ${prefix} continue ${continued} of ${printColumn(found)}` };
}
