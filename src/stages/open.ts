/** Without this file a saved result could be gone on with only by who remembers how it was saved. */
import { path } from "./args.ts";
import { endingOf, READ_ENDINGS, READ_NOTE, readerOf } from "./lowering/readers.ts";
import { stage } from "./stage.ts";

/** Endings of files whose lines are texts. */
const PLAIN = [".txt", ".txt.gz", ".md", ".md.gz", ".log", ".log.gz"];

export const open = stage({
  name: "open",
  doc: "Read a result that `save` wrote, by its ending; parquet keeps all types, csv, tsv, jsonl and json infer them again, and csv and tsv keep the ' put before formulas",
  category: "sources",
  args: { path: path("read", READ_ENDINGS, { doc: "File that ends in .csv, .tsv, .jsonl, .json (also packed, .gz) or .parquet" }) },
  input: [],
  examples: [{ title: "Go on with a result", query: 'open "kjv/results.parquet" | count' }],
  searchTerms: ["load", "read", "restore"],
  lower: (context, { path }) => {
    const ending = endingOf(path);
    const reader = readerOf(path);
    if (reader === null) {
      context.report({
        code: "unknown-format",
        message: ending === "" ? "`open` goes by the ending of the file, and this has none" : `\`open\` does not read \`${ending}\``,
        span: context.at("path"),
        notes: [READ_NOTE],
        help: `${PLAIN.includes(ending) ? "text" : "csv"} ${JSON.stringify(path)}`,
      });
      return null;
    }
    const facts = context.table(path, reader.separator, {}, reader.format);
    if (facts === null) return null;
    return context.node({ op: "read", format: reader.format, path, digest: facts.digest, separator: reader.separator, types: {} }, [], facts.schema);
  },
});
