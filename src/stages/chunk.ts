/** Without this file nobody could ask about a text that is longer than the model's context. */
import { printColumn } from "../../grammar/print_parts.ts";
import type { ColumnSchema } from "../ops/schema.ts";
import { column, flag, int, optionalInt } from "./args.ts";
import { oneTextColumn } from "./lowering/documents.ts";
import { stage, type Lowering } from "./stage.ts";

const MADE: readonly ColumnSchema[] = [
  { name: "document", type: "int" },
  { name: "chunk", type: "int" },
  { name: "start", type: "int" },
  { name: "text", type: "str" },
];

export const chunk = stage({
  name: "chunk",
  doc: "Cut each text into rows of so many tokens at most, with the beginning-of-text token that the model puts before each of them counted. The model reads exactly the tokens of the whole text, cut by their number, as `return_overflowing_tokens` of transformers cuts them: also where a cut goes through a word, or through a character, which is shown with the first of its tokens. As long as the column `text` is unchanged that is so wherever the rows go, but for files: of what is saved and read again the texts count, as for another model. `document` is the row that a piece is of, `chunk` its number in it, `start` its first token there, all from 0; other columns stay. Texts are never put together, as sae_lens packs them behind one another for training, and the last piece may be short (sae_lens drops what fills none: `full`)",
  category: "model",
  args: {
    size: int({ min: 1, doc: "Tokens of a piece at most, the beginning-of-text token among them" }),
    overlap: int({ keyword: true, min: 0, default: 0, alsoCalled: ["stride", "chunk_overlap", "shared"], doc: "Tokens at the end of a piece that the next one begins with again" }),
    max: optionalInt({ keyword: true, min: 1, alsoCalled: ["most", "first", "max_chunks", "limit"], doc: "Pieces of each text at most, from its start" }),
    full: flag("Leave out pieces with fewer tokens: the end of a text, and texts that are shorter", ["drop_last", "drop_remainder", "whole", "exact"]),
    of: { ...column({ keyword: true, default: "text", doc: "Column with the text; not said: what the model reads, as long as that is one column" }), depends: true },
  },
  input: ["table"],
  beforeReading: true,
  examples: [
    { title: "Features of long texts", query: 'csv "kjv/passages.csv" | take 20 | chunk 64 | acts layer 7 | top 5' },
    { title: "Each token with 16 before it at least", query: 'csv "kjv/passages.csv" | take 2 | chunk 33 overlap 16 full | select document, chunk, start, text' },
    { title: "Pieces of many texts", query: 'set seed 7\ncsv "kjv/passages.csv" | chunk 32 full | sample 5 | acts layer 7 | rows 769' },
  ],
  instead: { tokens: "texts are cut, and then read: … | chunk 128 | tokenize", acts: "texts are cut before they are read: … | chunk 128 | acts layer 7" },
  alsoCalled: ["chunks", "window", "windows", "split_text", "split_tokens", "segment", "chunk_text", "max_length"],
  searchTerms: ["long texts", "truncate", "documents", "pieces", "context", "context_size", "overlap", "stride", "overflow", "book", "passages", "concat_and_batch_sequences"],
  lower: (context, { size, overlap, max, full, of }) => {
    const { input, settings } = context;
    const model = context.model();
    if (model === null) return null;
    const textColumn = oneTextColumn(context, of, { does: "cut", takes: "`chunk` cuts one text", written: `chunk ${size}`, whole: "to cut both as one text", continued: false });
    if (textColumn === null) return null;
    const bos = settings.bos ?? model.prependsBos;
    if (!fits(context, { size, overlap, bos, room: model.context })) return null;
    const kept = input.schema.columns.filter(({ name }) => name !== textColumn);
    const taken = kept.filter(({ name }) => MADE.some((each) => each.name === name));
    if (taken.length > 0) {
      context.report({
        code: "name-taken",
        message: `\`chunk\` makes ${MADE.map(({ name }) => `\`${name}\``).join(", ")}, and there ${taken.length === 1 ? "is a column" : "are columns"} ${taken.map(({ name }) => `\`${name}\``).join(", ")} already`,
        label: "`rename` comes before it",
        fix: context.instead(`rename ${taken.map(({ name }) => `${name}_before = ${printColumn(name)}`).join(", ")} | ${context.written()}`),
      });
      return null;
    }
    return context.node({ op: "chunk", model: model.ref, bos, textColumn, size, overlap, full, most: max }, [input], { ...input.schema, kind: "table", columns: [...kept, ...MADE] });
  },
});

/** Whether pieces of this size fit the model, and go on from one to the next. Tells where not. */
function fits(context: Lowering, { size, overlap, bos, room }: { readonly size: number; readonly overlap: number; readonly bos: boolean; readonly room: number }): boolean {
  if (size > room) {
    context.report({ code: "text-too-long", message: `pieces of ${size} tokens do not fit the model's context of ${room}`, span: context.at("size"), label: `at most ${room}`, fix: { span: context.at("size"), text: String(room) } });
    return false;
  }
  const own = size - (bos ? 1 : 0);
  if (own === 0) {
    context.report({ code: "out-of-range", message: "a piece of one token has room for the beginning-of-text token alone", span: context.at("size"), label: "2 or more", fix: { span: context.at("size"), text: "2" } });
    return false;
  }
  if (overlap < own) return true;
  const most = own - 1;
  context.report({
    code: "out-of-range",
    message: `a piece has ${own} token${own === 1 ? "" : "s"} of its text${bos ? " behind the beginning-of-text token" : ""}, and where the next one begins with ${overlap} of them again it never gets further`,
    span: context.at("overlap"),
    label: most === 0 ? "leave it out" : `at most ${most}`,
    fix: most === 0 ? context.without("overlap") : { span: context.at("overlap"), text: `overlap ${most}` },
  });
  return false;
}
