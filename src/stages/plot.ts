/** Without this file only distributions could be drawn. */
import { printColumn } from "../../grammar/print_parts.ts";
import type { Plan } from "../ops/op.ts";
import { columnOf, type ColumnSchema } from "../ops/schema.ts";
import { column, oneOf, text } from "./args.ts";
import { stage, type Lowering } from "./stage.ts";

const NONE = "";
/** Numbers that name something: how long a bar is they do not say. */
const IDS: ReadonlySet<string> = new Set(["feature", "layer", "row", "position"]);
const number = ({ type }: ColumnSchema): boolean => type === "int" || type === "float";

export const plot = stage({
  name: "plot",
  doc: "Draw rows: bars, a line, scattered points, or a heat map whose cells are coloured by a number. In the terminal, and as SVG when saved",
  category: "results",
  args: {
    kind: oneOf(["bars", "line", "scatter", "heat"], { doc: "What is drawn" }),
    x: column({ keyword: true, default: NONE, doc: "Across: the first column where not given; of features, the feature" }),
    y: column({ keyword: true, default: NONE, doc: "Upwards: the first other column of numbers where not given, of features what ranks them, but no ids; for heat any column" }),
    color: column({ keyword: true, default: NONE, doc: "What tells series apart, of features of several groups or layers those; for heat the number in each cell" }),
    title: text({ keyword: true, default: NONE, doc: "Written above" }),
  },
  ofFeatures: true,
  input: ["table", "features"],
  groups: "refused",
  examples: [
    { title: "Bars", query: "sample perfect 5 | acts layer 7 | top 8 | plot bars x feature y count" },
    { title: "Two quantities", query: "sample perfect 5 | acts layer 7 | top 50 | plot scatter x count y max" },
  ],
  searchTerms: ["chart", "bar", "barplot", "scatterplot", "heatmap", "imshow", "draw"],
  lower: (context, { kind, x, y, color, title }) => {
    const { columns, known } = context.input.schema;
    const listed = kind !== "heat" && y !== "feature" && columnOf(context.input.schema, "feature") !== undefined;
    const across = x !== NONE ? x : listed ? "feature" : (columns[0]?.name ?? NONE);
    const others = columns.filter(({ name }) => name !== across && name !== color);
    const ranked = rankedBy(context.input);
    // What ranks features first, then the other numbers in their order.
    const figures = others.filter((each) => number(each) && !IDS.has(each.name)).sort((a, b) => Number(b.name === ranked) - Number(a.name === ranked));
    const upward = y !== NONE ? y : ((kind === "heat" ? others[0] : figures[0])?.name ?? NONE);
    const apart = listed && across === "feature" ? seriesOf(context.input) : NONE;
    const shade = color !== NONE ? color : kind === "heat" ? (figures.find(({ name }) => name !== upward)?.name ?? NONE) : apart === upward ? NONE : apart;
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

/** What ranked these features last, or "". */
function rankedBy(plan: Plan): string {
  if (plan.op.op === "rank") return plan.op.by;
  return plan.inputs[0] === undefined ? NONE : rankedBy(plan.inputs[0]);
}

/** The column that tells features of the same number apart: their group, or their layer. */
function seriesOf(plan: Plan): string {
  const first = plan.schema.columns[0]?.name ?? NONE;
  return first === "layer" || (first !== "feature" && ungrouped(plan)) ? first : NONE;
}

function ungrouped(plan: Plan): boolean {
  return plan.op.op === "ungroup" || (plan.inputs[0] !== undefined && ungrouped(plan.inputs[0]));
}

/** Whether a column of numbers is there; said where it is not. */
function needsNumbers(context: Lowering, kind: string, name: string, argument: string): boolean {
  const found = name === NONE ? undefined : columnOf(context.input.schema, name);
  if (found !== undefined && number(found)) return true;
  const numbers = context.input.schema.columns.filter(number).map((each) => each.name);
  const onlyIds = found === undefined && numbers.length > 0;
  const fix = context.given(argument) && numbers[0] !== undefined ? { fix: { span: context.at(argument), text: `${argument} ${printColumn(numbers[0])}` } } : {};
  context.report({
    code: "wrong-type",
    message: found === undefined ? `\`plot ${kind}\` needs a column of numbers${onlyIds ? " that are no ids" : ""}` : `\`${name}\` is ${found.type}, and \`${argument}\` of \`plot ${kind}\` needs numbers`,
    span: context.at(argument),
    notes: [`columns of numbers here: ${numbers.join(", ") || "none"}`],
    ...fix,
    ...(onlyIds ? { help: `plot ${kind} ${argument} ${printColumn(numbers[0]!)}` } : {}),
    ...(numbers.length === 0 ? { help: `… | count by ${name === NONE ? "<column>" : printColumn(name)} | plot bars` } : {}),
  });
  return false;
}
