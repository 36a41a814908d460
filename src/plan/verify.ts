/** Without this file a wrong rule would be found by a user. */
import type { OpName, Plan } from "../ops/op.ts";
import type { Schema } from "../ops/schema.ts";

/** How many inputs each op has: exactly n, or at least n. */
const INPUTS: Readonly<Record<OpName, readonly [least: number, most: number]>> = {
  read: [0, 0], literal: [0, 0], filter: [1, 1], project: [1, 1], sort: [1, 1], limit: [1, 1], skip: [1, 1], distinct: [1, 1], join: [2, 2], sample: [1, 1], split: [1, 1],
  group: [1, Infinity], member: [1, 1], group_by: [1, 1], ungroup: [1, 1], aggregate: [1, 1], concat: [1, Infinity], chat: [1, 2], tokenize: [1, 1], chunk: [1, 1], forward: [1, 1], pick: [1, 1], encode: [1, 1], decode: [2, 2], similar: [0, 1], promotes: [0, 1], label: [2, 2], fidelity: [2, 2], memorize: [1, 1], generate: [1, 1], logits: [1, 1],
  rank: [1, 1], statistics: [1, 1], histogram: [1, 1], contexts: [1, 1], rows: [1, 1], plot: [1, 1], overlap: [1, 1], union: [1, 1], compare: [1, 1], compare_columns: [1, 1], count: [1, 1], describe: [1, 1], explain: [1, 1],
  assert: [1, Infinity], edit: [1, 1], tee: [2, 2], save: [1, 1], cache: [1, 1], show: [1, 1],
};

/** Throws (a bug, never a mistake of the user) when a plan is malformed or its schema is not the one promised. */
export function verify(plan: Plan, schema: Schema, who: string): void {
  if (JSON.stringify(plan.schema) !== JSON.stringify(schema)) throw new Error(`${who} changed the schema of a plan`);
  const seen = new Set<Plan>();
  const visit = (node: Plan): void => {
    if (seen.has(node)) return;
    seen.add(node);
    const [least, most] = INPUTS[node.op.op];
    if (node.inputs.length < least || node.inputs.length > most) throw new Error(`${who}: ${node.op.op} has ${node.inputs.length} inputs`);
    const first = node.inputs[0];
    if (node.op.op === "pick" && first?.op.op !== "forward") throw new Error(`${who}: pick reads ${first?.op.op}`);
    if (node.op.op === "encode" && first?.schema.kind !== "dense") throw new Error(`${who}: encode reads ${first?.schema.kind}`);
    for (const input of node.inputs) visit(input);
  };
  visit(plan);
}
