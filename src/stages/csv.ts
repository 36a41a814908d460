/** Without this file no data could be read. */
import { path, text, types } from "./args.ts";
import { stage } from "./stage.ts";

export const csv = stage({
  name: "csv",
  doc: "Read a CSV file: text first, then one type per column over all rows",
  category: "sources",
  args: {
    path: path("read", [".csv", ".tsv"], { doc: "File, relative to the script (in the REPL: to the current folder)" }),
    sep: text({ keyword: true, default: "", doc: "Separator between cells; not given: a comma, or a tab for .tsv" }),
    types: types({ keyword: true, default: {}, doc: "Types that are not to be inferred, as {id: str}" }),
  },
  input: [],
  examples: [{ title: "Read a file", query: 'csv "memorization_results_L50_O50.csv" | take 3' }],
  searchTerms: ["read_csv", "load", "open"],
  lower: (context, { path, sep, types }) => {
    const separator = sep !== "" ? sep : path.toLowerCase().endsWith(".tsv") ? "\t" : ",";
    const facts = context.table(path, separator, types, "csv");
    if (facts === null) return null;
    return context.node({ op: "read", format: "csv", path, digest: facts.digest, separator, types }, [], facts.schema);
  },
});
