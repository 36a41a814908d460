/** Without this file tables kept as JSON lines could not be read. */
import { path, types } from "./args.ts";
import { stage } from "./stage.ts";

export const jsonl = stage({
  name: "jsonl",
  doc: "Read a file of JSON lines, one flat object per line, also in the list that `save` writes as .json; missing keys are null, quoted numbers stay text, and a nested value is an error",
  category: "sources",
  args: {
    path: path("read", [".jsonl", ".ndjson", ".json"], { doc: "File" }),
    types: types({ keyword: true, default: {}, doc: "Types that are not to be inferred, as {id: str}" }),
  },
  input: [],
  examples: [{ title: "Read a file", query: 'jsonl "kjv/results.jsonl" | take 3' }],
  alsoCalled: ["ndjson", "read_ndjson", "scan_ndjson"],
  searchTerms: ["json", "read_json", "load"],
  lower: (context, { path, types }) => {
    const facts = context.table(path, "", types, "jsonl");
    if (facts === null) return null;
    return context.node({ op: "read", format: "jsonl", path, digest: facts.digest, separator: "", types }, [], facts.schema);
  },
});
