/** Without this file plans could not be read by people or compared as goldens. */
import { printEdits, type Edit } from "../ops/edit.ts";
import { key } from "../ops/key.ts";
import { OPS, type Op, type Plan, type Told } from "../ops/op.ts";
import type { Scalar } from "../ops/scalar.ts";
import { showType } from "../ops/schema.ts";
import { printWindow } from "../ops/window.ts";

/** An expression as it would be typed. */
export function printScalar(scalar: Scalar): string {
  switch (scalar.op) {
    case "column": return /^[A-Za-z_][\w]*$/.test(scalar.name) ? scalar.name : `\`${scalar.name}\``;
    case "literal": return typeof scalar.value === "string" ? JSON.stringify(scalar.value) : String(scalar.value);
    case "compare": return `${printScalar(scalar.left)} ${scalar.cmp} ${printScalar(scalar.right)}`;
    case "arithmetic": return `(${printScalar(scalar.left)} ${scalar.sign} ${printScalar(scalar.right)})`;
    case "logic": return `(${printScalar(scalar.left)} ${scalar.join} ${printScalar(scalar.right)})`;
    case "not": return `not ${printScalar(scalar.operand)}`;
    case "negate": return `-${printScalar(scalar.operand)}`;
    case "within": return `${printScalar(scalar.operand)} in ${printScalar(scalar.from)}..${printScalar(scalar.to)}`;
    case "member": return `${printScalar(scalar.operand)} in [${scalar.options.map(printScalar).join(", ")}]`;
    case "call": return `${scalar.fn}(${scalar.args.map(printScalar).join(", ")})`;
    case "aggregate": return `${scalar.fn}(${[...(scalar.input > 0 ? [`#${scalar.input}`] : []), ...scalar.args.map(printScalar)].join(", ")})`;
    default: return scalar satisfies never;
  }
}

function printTold(told: Told): string {
  switch (told.kind) {
    case "top": return `the ${told.count} likeliest tokens`;
    case "named": return [...told.texts.map((text) => JSON.stringify(text)), ...told.ids].join(", ");
    case "came": return "the token that came";
    default: return told satisfies never;
  }
}

function ofFeatures({ features, of, saes, layers }: Op & { readonly op: "similar" | "promotes" }): string {
  return `${features === null ? `the listed ${of === undefined ? "features" : `features (${of})`}` : features.join(", ")} of ${saes.map((sae, i) => `${layers === null ? "" : `layer ${layers[i]} `}${sae.name} (${sae.convention})`).join("; ")}`;
}

/** What is done to the model of a pass, behind what it does. */
function behind(edits: readonly Edit[] | undefined): string {
  return edits === undefined ? "" : `; edited: ${printEdits(edits)}`;
}

/** One line for an op, without its inputs. */
export function printOp(op: Op): string {
  switch (op.op) {
    case "read": return `read ${op.format} ${JSON.stringify(op.path)}${op.format === "parquet" && Object.keys(op.types).length > 0 ? ` columns ${Object.keys(op.types).join(", ")}` : ""}${Object.entries(op.lenient ?? {}).map(([name, value]) => ` ${name} ${value}`).join("")}`;
    case "literal": return `literal ${op.rows.length} rows`;
    case "filter": return `filter ${printScalar(op.predicate)}`;
    case "project": return `project ${op.columns.map(({ name, value }) => (value.op === "column" && value.name === name ? name : `${name} = ${printScalar(value)}`)).join(", ")}`;
    case "sort": return `sort ${op.keys.map(({ by, descending }) => `${printScalar(by)}${descending ? " desc" : ""}`).join(", ")}`;
    case "limit": return `limit ${op.count}`;
    case "skip": return `skip ${op.count}`;
    case "distinct": return op.by.length === 0 ? "distinct" : `distinct ${op.by.join(", ")}`;
    case "join": return `join ${op.kind} on ${op.on.join(", ")}${op.suffix === "" ? "" : ` suffix ${JSON.stringify(op.suffix)}`}`;
    case "sample": return `sample ${op.count} from stream ${op.stream.slice(0, 40)}`;
    case "split": return `split ${op.parts.map(({ name, predicate }) => `${name} = ${printScalar(predicate)}`).join(", ")}`;
    case "group": return `group ${op.names.join(", ")}`;
    case "member": return `member ${op.index}`;
    case "group_by": return `group by ${op.keys.join(", ")}`;
    case "aggregate": return `aggregate ${op.columns.map(({ name, value }) => `${name} = ${printScalar(value)}`).join(", ")}`;
    case "concat": return "concat";
    case "chat": {
      const parts = [op.system === null ? "" : `system ${printScalar(op.system)}`, op.answer === null ? "" : `answer ${printScalar(op.answer)}`, op.pair ? "the answer apart" : "", op.ending === null ? "" : `ending ${op.ending}`, op.date === null ? "" : `on ${op.date}`, ...op.variables.map(({ name, value }) => `${name} = ${printScalar(value)}`)];
      return [`chat ${op.conversation ? "conversations" : "messages"} of ${op.of} in ${op.template === null ? "the template of a file" : `the template ${op.template.name} of ${op.model.name}`}`, ...parts.filter((part) => part !== "")].join(", ");
    }
    case "tokenize": return `tokenize ${op.textColumns.join(" + ")} for ${op.model.name}, ${op.rendered === true ? "as the template has it" : op.bos ? "BOS first" : "no BOS"}`;
    case "chunk": return `chunk ${op.textColumn} into ${op.size} token${op.size === 1 ? "" : "s"}${op.overlap === 0 ? "" : `, ${op.overlap} of them shared`}${op.full ? ", full ones only" : ""}${op.most === null ? "" : `, ${op.most} of each at most`}, for ${op.model.name}, ${op.bos ? "BOS first" : "no BOS"}`;
    case "forward": {
      const taps = op.taps.map((tap) => `layer ${tap.layer} ${tap.hook}${tap.centred === true ? " centred" : ""}${tap.folded !== undefined ? " without value biases" : ""}${tap.sae === null ? "" : ` → ${tap.sae.name} (${tap.sae.convention})${tap.features === undefined ? "" : `, only ${tap.features.join(", ")}`}`}`);
      return `forward ${op.model.name}: ${taps.join("; ")}; ${op.blocks === null ? "all blocks" : `blocks 0…${op.blocks - 1}`}; ${printWindow(op.window) || "every token"}, ${op.slice === "inside" ? "gathered inside the last block" : "sliced afterwards"}${behind(op.edits)}${op.reduce === undefined ? "" : `; keeps ${op.reduce.length === 0 ? "nothing" : op.reduce.map(({ of, threshold }) => `${of} above ${threshold}`).join(", ")}`}`;
    }
    case "pick": return `pick ${op.taps.join(", ")}`;
    case "encode": return `encode ${op.saes.map((sae) => `${sae.name} (${sae.convention})`).join("; ")}`;
    case "decode": return `decode ${op.saes.map((sae) => `${sae.name} (${sae.convention})`).join("; ")}`;
    case "similar": return `similar to ${ofFeatures(op)}: ${op.count} each`;
    case "promotes": return `promoted by ${ofFeatures(op)}: ${op.count} ${op.side === "both" ? "on each side" : op.side}${op.raw === true ? ", without the final norm's weight" : ""}, tokens of ${op.model.name}`;
    case "label": return `label ${op.of} as ${op.as}${op.layered || op.bySource ? " by layer" : ""}${op.all ? ", all" : ""}`;
    case "memorize": return `memorize ${op.continuation} tokens after ${op.prefix} of ${op.textColumn}, greedy, with ${op.model.name}, ${op.bos ? "BOS first" : "no BOS"}${behind(op.edits)}`;
    case "generate": {
      const { drawn } = op;
      const how = drawn === null ? "greedy" : `drawn at temperature ${drawn.temperature}${drawn.topK === null ? "" : `, top_k ${drawn.topK}`}${drawn.topP === null ? "" : `, top_p ${drawn.topP}`}, from stream ${drawn.stream.slice(0, 40)}`;
      return `generate ${op.most} tokens at most after ${op.textColumn}${op.copies === 1 ? "" : `, ${op.copies} times`}, ${how}, with ${op.model.name}, ${op.rendered === true ? "as the template has it" : op.bos ? "BOS first" : "no BOS"}${op.stop.length === 0 ? "" : `, up to ${op.stop.map((text) => JSON.stringify(text)).join(", ")}`}${behind(op.edits)}`;
    }
    case "logits": return `logits of ${op.model.name}: ${printTold(op.tell)}, ${op.at === "last" ? "behind the last token" : op.at === "all" ? "at every position" : `at every position of the ${op.at}`}${op.special ? ", special tokens too" : ""}${behind(op.edits)}`;
    case "rank": return `rank ${op.count} by ${op.by}${op.per === "layer" ? " per layer" : ""}, active above ${op.threshold}`;
    case "statistics": return `statistics, active above ${op.threshold}`;
    case "histogram": return `histogram ${op.of}${op.bins === null ? "" : ` bins ${op.bins}`}${op.overlay ? " overlay" : ""}${op.log ? " log" : ""}${op.share === true ? " share" : ""}`;
    case "contexts": return `contexts ${op.features === null ? "of the listed features" : op.features.join(", ")}: ${op.count}, ${op.window} tokens on each side, active above ${op.threshold}`;
    case "rows": return `rows${op.features === null ? "" : ` of ${op.features.join(", ")}`}${op.special ? ", special tokens too" : ""}, active above ${op.threshold}`;
    case "plot": return `plot ${op.mark} x ${op.x} y ${op.y}${op.color === null ? "" : ` color ${op.color}`}${op.title === "" ? "" : ` title ${JSON.stringify(op.title)}`}`;
    case "overlap":
    case "ungroup":
    case "union":
    case "describe":
    case "fidelity":
    case "tee": return op.op;
    case "explain": return op.analyze ? "explain analyze" : "explain";
    case "compare_columns": return `compare ${op.columns.join(", ")}, ${op.unit === null ? "row by row" : `the mean of each ${op.unit}`}${op.paired === true ? ", in pairs" : ""}`;
    case "compare": return `compare by ${op.by}, in ${op.least} documents at least, active above ${op.threshold}${op.paired === true ? ", in pairs" : ""}`;
    case "count": return op.by.length === 0 ? "count" : `count by ${op.by.join(", ")}`;
    case "edit": return op.edits.length === 0 ? "edit nothing" : `edit ${printEdits(op.edits)}`;
    case "assert": return `assert ${printScalar(op.condition)}`;
    case "save": return `save ${op.format} ${JSON.stringify(op.path)}`;
    case "cache": return `cache${op.name === "" ? "" : ` ${op.name}`}${op.seconds === null ? "" : ` for ${op.seconds} s`}`;
    case "show": return `show${op.rows === null ? "" : ` rows ${op.rows}`}${op.wide ? " wide" : ""}`;
    default: return op satisfies never;
  }
}

/** The op of a plan in one line, with the names that its input gives. */
export function printNode({ op, inputs }: Plan): string {
  const name = op.op === "member" ? inputs[0]?.schema.groups?.[op.index] : undefined;
  return name === undefined ? printOp(op) : `member ${name}`;
}

/** A plan as a tree, result first. A sub-plan that stands twice is printed once and named. `note` stands behind the line of a node. */
export function printPlan(plan: Plan, note: (node: Plan) => string = () => ""): string {
  // Two stages that pass on the same rows are two all the same; one that is read twice is one.
  const idOf = (node: Plan): string | Plan => (OPS[node.op.op].passes ? node : key(node));
  const uses = new Map<string | Plan, number>();
  const counted = new Set<Plan>();
  const count = (node: Plan): void => {
    for (const id of new Set([key(node), idOf(node)])) uses.set(id, (uses.get(id) ?? 0) + 1);
    if (counted.has(node)) return;
    counted.add(node);
    node.inputs.forEach(count);
  };
  count(plan);
  const names = new Map<string | Plan, string>();
  const lines: string[] = [];
  const visit = (node: Plan, lead: string, tail: string): void => {
    const id = idOf(node);
    const shared = node.inputs.length > 0 && (uses.get(id) ?? 0) > 1;
    const known = names.get(id);
    if (shared && known !== undefined) {
      lines.push(`${lead}= ${known}`);
      return;
    }
    const name = shared ? `#${names.size + 1}` : null;
    if (name !== null) names.set(id, name);
    lines.push(`${lead}${name === null ? "" : `${name} `}${printNode(node)}  : ${showType(node.schema)}${note(node)}`);
    node.inputs.forEach((input, i) => {
      const last = i === node.inputs.length - 1;
      visit(input, `${tail}${last ? "└─ " : "├─ "}`, `${tail}${last ? "   " : "│  "}`);
    });
  };
  visit(plan, "", "");
  return lines.join("\n");
}
