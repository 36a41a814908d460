/** Without this file only distributions could be drawn. */
import { columnOf, type ColumnSchema } from "../ops/schema.ts";
import { column, oneOf, text } from "./args.ts";
import { stage, type Lowering } from "./stage.ts";

const NONE = "";
const number = ({ type }: ColumnSchema): boolean => type === "int" || type === "float";

export const plot = stage({
  name: "plot",
  doc: "Draw rows: bars, a line, scattered points, or a heat map whose cells are coloured by a number. In the terminal, and as SVG when saved",
  category: "results",
  args: {
    kind: oneOf(["bars", "line", "scatter", "heat"], { doc: "What is drawn" }),
    x: column({ keyword: true, default: NONE, doc: "Across: the first column where not given" }),
    y: column({ keyword: true, default: NONE, doc: "Upwards: the first other column of numbers where not given; for heat any column" }),
    color: column({ keyword: true, default: NONE, doc: "What tells series apart; for heat the number in each cell" }),
    title: text({ keyword: true, default: NONE, doc: "Written above" }),
  },
  input: ["table", "features"],
  groups: "refused",
  examples: [
    { title: "Bars", query: "sample perfect 5 | acts layer 7 | top 8 | plot bars x feature y count" },
    { title: "Two quantities", query: "sample perfect 5 | acts layer 7 | top 50 | plot scatter x count y max" },
  ],
  searchTerms: ["chart", "bar", "barplot", "scatterplot", "heatmap", "imshow", "draw"],
  lower: (context, { kind, x, y, color, title }) => {
    const { columns, known } = context.input.schema;
    const across = x === NONE ? (columns[0]?.name ?? NONE) : x;
    const others = columns.filter(({ name }) => name !== across && name !== color);
    const upward = y === NONE ? ((kind === "heat" ? others[0] : others.find(number))?.name ?? NONE) : y;
    const shade = kind === "heat" && color === NONE ? (columns.find((each) => number(each) && each.name !== across && each.name !== upward)?.name ?? NONE) : color;
    const wanted = kind === "heat" ? shade : upward;
    if (known && !needsNumbers(context, kind, wanted, kind === "heat" ? "color" : "y")) return null;
    if (known && kind === "scatter" && !needsNumbers(context, kind, across, "x")) return null;
    return context.node(
      { op: "plot", mark: kind, x: across, y: upward, color: shade === NONE ? null : shade, title },
      [context.input],
      { kind: "plot", columns: [], groups: null, known: true },
    );
  },
});

/** Whether a column of numbers is there; said where it is not. */
function needsNumbers(context: Lowering, kind: string, name: string, argument: string): boolean {
  const found = name === NONE ? undefined : columnOf(context.input.schema, name);
  if (found !== undefined && number(found)) return true;
  const numbers = context.input.schema.columns.filter(number).map((each) => each.name);
  const fix = context.given(argument) && numbers[0] !== undefined ? { fix: { span: context.at(argument), text: `${argument} ${numbers[0]}` } } : {};
  context.report({
    code: "wrong-type",
    message: found === undefined ? `\`plot ${kind}\` needs a column of numbers` : `\`${name}\` is ${found.type}, and \`${argument}\` of \`plot ${kind}\` needs numbers`,
    span: context.at(argument),
    notes: [`columns of numbers here: ${numbers.join(", ") || "none"}`],
    ...fix,
    ...(numbers.length === 0 ? { help: `… | count by ${name === NONE ? "<column>" : name} | plot bars` } : {}),
  });
  return false;
}
