/** Without this file a newcomer would have to know a stage before they could look at their own data. */
import { basename } from "node:path";
import type { Schema } from "../../src/ops/schema.ts";
import type { Command } from "./command.ts";
import { fileName } from "./file_name.ts";

const READERS: readonly (readonly [RegExp, string])[] = [
  [/\.(csv|tsv)(\.gz)?$/i, "csv"],
  [/\.(jsonl|ndjson|json)(\.gz)?$/i, "jsonl"],
  [/\.parquet$/i, "parquet"],
  [/\.txt(\.gz)?$/i, "text"],
];
const PACKED = [".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".txt"];
const ENDINGS = [...PACKED, ".parquet", ...PACKED.map((ending) => `${ending}.gz`)];
/** Rows shown: the first ones and, by the table view's own rule, the last. */
const ROWS = 6;

export const open: Command = {
  name: ".open",
  usage: ".open FILE",
  doc: "name the rows of a file `data`, show its columns and first rows; of memorisation results also `perfect` and `non_perfect`",
  argument: { files: ENDINGS },
  async run(argument, { session }) {
    const name = fileName(argument);
    if (name === "") return { then: "mistake", text: "`.open` takes a file, such as texts.csv" };
    const reader = READERS.find(([ending]) => ending.test(name))?.[1];
    if (reader === undefined) return { then: "mistake", text: `${basename(name)} has no ending that says what it is: ${ENDINGS.join(", ")}` };
    const bind = `let data = ${reader} ${JSON.stringify(name)}`;
    const { compiled } = await session.check({ name: "repl", text: bind });
    const schema = compiled?.scope.relations.get("data")?.schema;
    const groups = schema !== undefined && holdsMemorization(schema)
      ? ["let perfect = data | where perfect_match", "let non_perfect = data | where not perfect_match and matching_tokens == 0"]
      : [];
    return { then: "run", name: "repl", text: [bind, ...groups, "describe data", `data | show rows ${ROWS}`].join("\n"), echo: true };
  },
};

/** The columns by which `std:memorization` tells what was recalled. */
function holdsMemorization({ columns }: Schema): boolean {
  const has = (name: string, type: string): boolean => columns.some((column) => column.name === name && column.type === type);
  return has("perfect_match", "bool") && has("matching_tokens", "int");
}
