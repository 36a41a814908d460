/** Without this file no data could be read. */
import type { Leniency } from "../ops/op.ts";
import { oneOf, path, text, types } from "./args.ts";
import { stage } from "./stage.ts";

/** What other tools call encodings, without dashes. */
const ENCODINGS = { utf8sig: "utf8", ascii: "utf8", utf16le: "utf16", iso88591: "latin1", l1: "latin1", windows1252: "cp1252", ansi: "cp1252" } as const;

export const csv = stage({
  name: "csv",
  doc: "Read a CSV file, also packed with gzip: text first, then one type per column over all rows",
  category: "sources",
  args: {
    path: path("read", [".csv", ".tsv", ".csv.gz", ".tsv.gz"], { doc: "File, relative to the script (in the REPL: to the current folder)" }),
    sep: text({ keyword: true, default: "", alsoCalled: ["separator", "delimiter", "delim", "sep_char"], signs: { tab: '"\\t"', comma: '","', semicolon: '";"', pipe: '"|"', space: '" "' }, doc: "Separator between cells; not given: a comma, or a tab for .tsv" }),
    types: types({ keyword: true, default: {}, doc: "Types that are not to be inferred, as {id: str}" }),
    encoding: oneOf(["utf8", "latin1", "cp1252", "utf16"], { keyword: true, default: "utf8", signs: ENCODINGS, doc: "How characters are written in the file" }),
    ragged: oneOf(["error", "pad", "skip"], { keyword: true, default: "error", doc: "Rows with another number of cells than the header: an error, nulls behind short ones, or left out and counted" }),
    decimal: oneOf(["point", "comma"], { keyword: true, default: "point", signs: { ",": "comma", ".": "point" }, doc: "What stands before the fraction of a number: 1.5, or 1,5 (then points may stand between thousands: 1.500,25)" }),
    thousands: oneOf(["together", "apart"], { keyword: true, default: "together", signs: { ",": "apart", ".": "apart" }, doc: "How thousands are written: 1500.25, or apart, as in 1,500.25" }),
    nul: oneOf(["error", "drop"], { keyword: true, default: "error", doc: "NUL bytes: an error, or left out" }),
  },
  input: [],
  examples: [{ title: "Read a file", query: 'csv "memorization_results_L50_O50.csv" | take 3' }],
  alsoCalled: ["read_csv", "scan_csv"],
  searchTerms: ["load", "open"],
  lower: (context, { path, sep, types, encoding, ragged, nul, decimal, thousands }) => {
    const json = /\.(json|jsonl|ndjson)(\.gz)?$/i.test(path);
    if (json) {
      context.report({ code: "unknown-format", message: `\`csv\` reads cells between separators, and \`${path}\` is named as JSON`, span: context.at("path"), notes: ["`jsonl` reads an object per line, or a list of objects"], help: `jsonl ${JSON.stringify(path)}` });
      return null;
    }
    const separator = sep !== "" ? sep : /\.tsv(\.gz)?$/i.test(path) ? "\t" : ",";
    const asked: Leniency = { ...(encoding === "utf8" ? {} : { encoding }), ...(ragged === "error" ? {} : { ragged }), ...(nul === "error" ? {} : { nul }), ...(decimal === "point" ? {} : { decimal }), ...(thousands === "together" ? {} : { thousands }) };
    const lenient = Object.keys(asked).length === 0 ? undefined : asked;
    const facts = context.table(path, separator, types, "csv", lenient);
    if (facts === null) return null;
    return context.node({ op: "read", format: "csv", path, digest: facts.digest, separator, types, ...(lenient === undefined ? {} : { lenient }) }, [], facts.schema);
  },
});
