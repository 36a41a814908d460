/** Without this file names of features could be read only where their columns are called as saeq calls them. */
import { printColumn } from "../../../grammar/print_parts.ts";
import { layerOfSource, ofAnother, type FeaturesOf } from "../../ops/names_of.ts";
import type { Plan } from "../../ops/op.ts";
import type { Scalar } from "../../ops/scalar.ts";
import { columnOf, showType, type ColumnSchema } from "../../ops/schema.ts";
import type { NamedPlan } from "../args.ts";
import type { Lowering } from "../stage.ts";
import { featuresOf, layersOf } from "./directions.ts";
import { endingOf, READ_NOTE, readerOf } from "./readers.ts";

/** What the column of the feature is called, and that of its name: own files, Neuronpedia's exports (`index`, `description`), others. */
const FEATURES = ["feature", "index", "feature_id", "feature_index"];
const LABELS = ["label", "description", "explanation"];

export interface LabelArgs {
  readonly path: string;
  readonly from: readonly NamedPlan[];
  readonly key: readonly string[];
  readonly column: readonly string[];
  readonly layer: number | null;
}

interface Labels {
  /** Columns `feature`, `label`; `layer` where rows are told apart by it; `source` where texts say which SAE a row is of, which must be one. */
  readonly names: Plan;
  readonly layered: boolean;
  /** Whether rows of the input are told apart by the layer that `source` names. */
  readonly bySource: boolean;
  /** The SAEs that the features are of, which `source` is held against; [] where it is not. */
  readonly saes: readonly FeaturesOf[];
}

/** A table of names and where it comes from, for messages. */
interface Opened {
  readonly plan: Plan;
  readonly title: string;
  /** Values of text columns that have few. */
  readonly values: Readonly<Record<string, readonly string[]>>;
}

/** The names of features, from a file or a table; null after a reported mistake. */
export function labelNames(context: Lowering, args: LabelArgs): Labels | null {
  const opened = openedNames(context, args);
  if (opened === null || !opened.plan.schema.known) return null;
  const { title } = opened;
  const key = columnFor(context, opened, args.key, { argument: "key", usual: FEATURES, what: "says which feature a name is of" });
  const label = key === null ? null : columnFor(context, opened, args.column, { argument: "column", usual: LABELS, what: "holds names" });
  if (key === null || label === null) return null;
  if (key.type === "bool") {
    context.report({ code: "unlike-types", message: `\`${key.name}\` of ${title} is bool, and features are numbers`, span: context.at("from"), help: "label from … key <column>" });
    return null;
  }
  const names = opened.plan;
  const layer = columnOf(names.schema, "layer");
  const taken = layer === undefined || layer.name === key.name || layer.name === label.name ? undefined : layer;
  if (taken?.type === "str") {
    const sources = opened.values["layer"] ?? [];
    if (sources.length > 1) {
      context.report({
        code: "wrong-argument",
        message: `${title} holds names for ${sources.length} SAEs, and feature numbers are of one`,
        notes: [`its column \`layer\`: ${sources.slice(0, 5).join(", ")}${sources.length > 5 ? " …" : ""}`],
        help: `label from (${args.path === "" ? "…" : `${readerOf(args.path)!.format} ${JSON.stringify(args.path)}${opened.plan.op.op === "read" && opened.plan.op.lenient?.nested !== undefined ? " nested drop" : ""}`} | where layer == ${JSON.stringify(sources[0])})`,
      });
      return null;
    }
    const of = layerOfSource(sources[0] ?? "");
    if (args.layer !== null && of !== null && of !== args.layer) {
      context.report({ code: "wrong-argument", message: `${title} holds names of layer ${of}, and none of layer ${args.layer}`, span: context.at("layer"), notes: [`its column \`layer\`: ${sources[0]!}`, "feature numbers of one layer say nothing about another"] });
      return null;
    }
    // Who names a layer says which export is meant.
    const saes = args.layer === null ? featuresOf(context) : [{ name: "", layer: args.layer, part: null, id: null }];
    const another = sources[0] === undefined ? null : ofAnother(sources[0], saes);
    if (another !== null) {
      context.report({ code: "wrong-argument", message: `the names in ${title} are ${another}`, ...(args.path === "" ? {} : { span: context.at("path") }), notes: ["feature numbers of one SAE say nothing about another", ...(of === null ? [] : [`\`layer ${of}\` behind the file takes them all the same`])] });
      return null;
    }
    const bySource = args.layer === null && columnOf(context.input.schema, "layer")?.type === "int";
    return { names: picked(context, names, [["feature", key], ["label", label], ["source", taken]]), layered: false, bySource, saes };
  }
  if (args.layer !== null && taken?.type !== "int") {
    context.report({ code: "unknown-column", message: `${title} has no column \`layer\` of numbers`, span: context.at("layer"), notes: [`its columns: ${listed(opened.plan)}`], label: "leave it out", fix: context.without("layer") });
    return null;
  }
  if (taken?.type !== "int") return { names: picked(context, names, [["feature", key], ["label", label]]), layered: false, bySource: false, saes: [] };
  if (args.layer === null && columnOf(context.input.schema, "layer")?.type === "int") return { names: picked(context, names, [["feature", key], ["label", label], ["layer", taken]]), layered: true, bySource: false, saes: [] };
  const layers = args.layer === null ? layersOf(context) : [args.layer];
  if (layers.length !== 1) {
    context.report({ code: "missing-argument", message: `${title} holds names by layer, and the input does not say which layer its features are of`, help: `label ${args.path === "" ? "from …" : JSON.stringify(args.path)} layer ${layers[0] ?? 7}` });
    return null;
  }
  const only = context.node({ op: "filter", predicate: { op: "compare", cmp: "==", left: columnScalar(taken), right: { op: "literal", value: layers[0]!, type: "int" }, type: "bool" } }, [names], names.schema);
  return { names: picked(context, only, [["feature", key], ["label", label]]), layered: false, bySource: false, saes: [] };
}

function openedNames(context: Lowering, { path, from: [given, more] }: LabelArgs): Opened | null {
  if ((path === "") === (given === undefined)) {
    context.report({ code: path === "" ? "missing-argument" : "wrong-argument", message: path === "" ? "`label` needs a file of names" : "names come from a file or from a table, not from both", help: 'label "labels.csv"' });
    return null;
  }
  if (given !== undefined) {
    const { schema } = given.plan;
    if (more === undefined && (!schema.known || ((schema.kind === "table" || schema.kind === "features") && schema.groups === null))) return { plan: given.plan, title: "the table of names", values: {} };
    context.report({ code: "wrong-argument", message: more === undefined ? `names are rows of one table, not ${showType(schema)}` : "names come from one table", span: context.at("from"), help: 'label from (csv "labels.csv")' });
    return null;
  }
  const reader = readerOf(path);
  if (reader === null) {
    context.report({ code: "unknown-format", message: endingOf(path) === "" ? "`label` goes by the ending of the file, and this has none" : `\`label\` does not read \`${endingOf(path)}\``, span: context.at("path"), notes: [READ_NOTE], help: `label from (csv ${JSON.stringify(path)})` });
    return null;
  }
  // Exports hold lists beside the names, such as embeddings, and some one object around all.
  const lenient = reader.format === "jsonl" ? ({ nested: "drop", within: "explanations" } as const) : undefined;
  const facts = context.table(path, reader.separator, {}, reader.format, lenient);
  if (facts === null) return null;
  const plan = context.node({ op: "read", format: reader.format, path, digest: facts.digest, separator: reader.separator, types: {}, ...(lenient === undefined ? {} : { lenient }) }, [], facts.schema);
  return { plan, title: `\`${path}\``, values: facts.values ?? {} };
}

/** The column that was asked for, or the first of the usual ones. */
function columnFor(context: Lowering, { plan, title }: Opened, [asked, more]: readonly string[], { argument, usual, what }: { readonly argument: string; readonly usual: readonly string[]; readonly what: string }): ColumnSchema | null {
  if (more !== undefined) {
    context.report({ code: "wrong-argument", message: `one column ${what}`, span: context.at(argument), help: `… ${argument} ${printColumn(asked!)}` });
    return null;
  }
  const found = asked === undefined ? usual.map((name) => columnOf(plan.schema, name)).find((column) => column !== undefined) : columnOf(plan.schema, asked);
  if (found !== undefined) return found;
  if (plan.schema.columns.length === 0) {
    context.report({ code: "unknown-column", message: `${title} holds no names: no column of it is text or numbers`, ...(title.startsWith("`") ? { span: context.at("path") } : {}), notes: [`looked for: ${FEATURES.join(", ")} and ${LABELS.join(", ")}`] });
    return null;
  }
  context.report({
    code: "unknown-column",
    message: asked === undefined ? `${title} has no column that ${what}` : `${title} has no column \`${asked}\``,
    span: context.at(asked === undefined ? "path" : argument),
    notes: [`its columns: ${listed(plan)}`, ...(asked === undefined ? [`looked for: ${usual.join(", ")}`] : [])],
    help: `label ${title.startsWith("`") ? JSON.stringify(title.slice(1, -1)) : "from …"} ${argument} <column>`,
  });
  return null;
}

const listed = (plan: Plan): string => plan.schema.columns.map(({ name }) => printColumn(name)).join(", ");

const columnScalar = ({ name, type }: ColumnSchema): Scalar => ({ op: "column", name, type });

function picked(context: Lowering, plan: Plan, columns: readonly (readonly [string, ColumnSchema])[]): Plan {
  return context.node({ op: "project", columns: columns.map(([name, from]) => ({ name, value: columnScalar(from) })) }, [plan], { kind: "table", groups: null, known: true, columns: columns.map(([name, { type }]) => ({ name, type })) });
}
