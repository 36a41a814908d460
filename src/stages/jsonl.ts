/** Without this file tables kept as JSON could not be read. */
import { oneOf, path, types } from "./args.ts";
import { stage } from "./stage.ts";

export const jsonl = stage({
  name: "jsonl",
  doc: "Read JSON: one flat object per line, or a list of them, also packed with gzip; missing keys are null, quoted numbers stay text",
  category: "sources",
  args: {
    path: path("read", [".jsonl", ".ndjson", ".json", ".jsonl.gz", ".ndjson.gz", ".json.gz"], { doc: "File" }),
    types: types({ keyword: true, default: {}, doc: "Types that are not to be inferred, as {id: str}" }),
    nested: oneOf(["text", "drop"], { keyword: true, default: "text", doc: "Lists and objects in a cell: their JSON as text, or their columns are left out" }),
  },
  input: [],
  examples: [{ title: "Read a file", query: 'jsonl "kjv/results.jsonl" | take 3' }],
  alsoCalled: ["json", "ndjson", "read_ndjson", "scan_ndjson"],
  searchTerms: ["gzip", "read_json", "load"],
  lower: (context, { path, types, nested }) => {
    const lenient = nested === "drop" ? ({ nested } as const) : undefined;
    const facts = context.table(path, "", types, "jsonl", lenient);
    if (facts === null) return null;
    return context.node({ op: "read", format: "jsonl", path, digest: facts.digest, separator: "", types, ...(lenient === undefined ? {} : { lenient }) }, [], facts.schema);
  },
});
