/** Without this file no result could leave saeq. */
import { path } from "./args.ts";
import { stage } from "./stage.ts";

const FORMATS = { ".csv": "csv", ".jsonl": "jsonl", ".json": "json", ".svg": "svg" } as const;

export const save = stage({
  name: "save",
  doc: "Write the value to a file and pass it on: csv, jsonl or json for rows, svg for plots",
  category: "results",
  args: { path: path("write", Object.keys(FORMATS), { doc: "File; the ending chooses the format" }) },
  input: ["table", "features", "tokens", "acts", "dense", "plot"],
  examples: [{ title: "Activations as a file", query: 'sample perfect 2 | acts layer 7 last 5 | save "activations.csv"' }],
  searchTerms: ["write", "export", "to_csv", "savefig"],
  lower: (context, { path }) => {
    const { input } = context;
    const ending = /\.[a-z]+$/i.exec(path)?.[0].toLowerCase() ?? "";
    const format = FORMATS[ending as keyof typeof FORMATS];
    const plot = input.schema.kind === "plot";
    const allowed = plot ? [".svg", ".json", ".csv"] : [".csv", ".jsonl", ".json"];
    if (format === undefined || !allowed.includes(ending)) {
      context.report({
        code: "unknown-format",
        message: ending === "" ? "A file name needs an ending that says its format" : `${plot ? "A plot" : `A value of kind ${input.schema.kind}`} cannot be saved as \`${ending}\``,
        span: context.at("path"),
        notes: [`${plot ? "plots" : "rows"} can be saved as ${allowed.join(", ")}`],
        help: `save "${path.slice(0, path.length - ending.length)}${allowed[0]}"`,
      });
      return null;
    }
    return context.node({ op: "save", path, format }, [input], input.schema);
  },
});
