/** Without this file `save` and `export` could disagree on which values fit which files. */
import type { Plan, SaveFormat } from "../../ops/op.ts";
import { rowsCanBeLabelled } from "./labelled.ts";
import type { Lowering } from "../stage.ts";

export const SAVE_FORMATS = ["csv", "jsonl", "json", "tsv", "parquet", "svg"] as const satisfies readonly SaveFormat[];
export const SAVE_ENDINGS: readonly string[] = SAVE_FORMATS.map((format) => `.${format}`);

/** In front of names of files that ship (`runtime/catalog/shipped.ts`). */
const SHIPPED = "std:";

/** The value written to `path`, in the format asked for or that of its ending. Null after a reported mistake. */
export function saved(context: Lowering, path: string, asked: SaveFormat | null): Plan | null {
  const { input } = context;
  if (path.startsWith(SHIPPED)) {
    context.report({
      code: "not-writable",
      message: `\`${SHIPPED}\` names files that ship with saeq, and nothing is saved among them`,
      span: context.at("path"),
      help: `${asked === null ? "save" : "export"} "${path.slice(path.lastIndexOf(":") + 1).replace(/^.*\//, "")}"`,
    });
    return null;
  }
  const ending = /\.[a-z]+$/i.exec(path)?.[0].toLowerCase() ?? "";
  const format = asked ?? SAVE_FORMATS.find((each) => `.${each}` === ending);
  const plot = input.schema.kind === "plot";
  const allowed: readonly SaveFormat[] = plot ? ["svg", "json", "csv"] : ["csv", "jsonl", "json", "tsv", "parquet"];
  if (format === undefined || !allowed.includes(format)) {
    const kind = plot ? "a plot" : `a value of kind ${input.schema.kind}`;
    context.report({
      code: "unknown-format",
      message: format === undefined && ending === "" ? "a file name needs an ending that says its format" : `${kind} cannot be saved as \`${asked ?? ending}\``,
      span: context.at(asked === null ? "path" : "format"),
      notes: [`${plot ? "plots" : "rows"} can be saved as ${allowed.map((each) => `.${each}`).join(", ")}`],
      help: `${asked === null ? "save" : "export"} "${path.slice(0, path.length - ending.length)}.${plot ? "svg" : "csv"}"`,
    });
    return null;
  }
  if (!plot && !rowsCanBeLabelled(context, asked === null ? "save" : "export")) return null;
  return context.node({ op: "save", path, format }, [input], input.schema);
}
