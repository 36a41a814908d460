/** Without this file tables kept as Parquet could not be read. */
import { names, path } from "./args.ts";
import { stage } from "./stage.ts";

export const parquet = stage({
  name: "parquet",
  doc: "Read a Parquet file; dates and times become text (ISO 8601, as stored), decimals float, and nested columns are refused by name",
  category: "sources",
  args: {
    path: path("read", [".parquet"], { doc: "File" }),
    columns: names({ keyword: true, default: [], doc: "Read only these columns, in this order" }),
  },
  input: [],
  examples: [{ title: "Two columns of a file", query: 'parquet "kjv/results.parquet" columns perfect_match, matching_tokens | take 3' }],
  alsoCalled: ["read_parquet", "scan_parquet"],
  searchTerms: ["load", "arrow"],
  lower: (context, { path, columns }) => {
    const twice = columns.find((name, at) => columns.indexOf(name) !== at);
    if (twice !== undefined) {
      context.report({ code: "name-taken", message: `\`${twice}\` is named twice`, span: context.at("columns") });
      return null;
    }
    const types = Object.fromEntries(columns.map((name) => [name, "stored"]));
    const facts = context.table(path, "", types, "parquet");
    if (facts === null) return null;
    return context.node({ op: "read", format: "parquet", path, digest: facts.digest, separator: "", types }, [], facts.schema);
  },
});
