/** Without this file somebody could ablate a feature, look at rows that nothing has changed, and take them for what the model does without it. */
import type { Span } from "../../grammar/span.ts";
import { ofPrompt, type Edit } from "../ops/edit.ts";
import { isOfBlocks } from "../ops/reads_of.ts";
import type { Plan } from "../ops/op.ts";
import type { Report } from "./scope.ts";

const known = new WeakMap<Plan, boolean>();

/** Whether there is an edit in a plan: asked of each node once, since lines of a script stand on one another. */
function hasEdits(plan: Plan): boolean {
  let found = known.get(plan);
  if (found === undefined) {
    found = plan.op.op === "edit" || plan.inputs.map(hasEdits).includes(true);
    known.set(plan, found);
  }
  return found;
}

/** The same for who reads texts and for who goes on with them. */
const nameOf = (edit: Edit): string => JSON.stringify(ofPrompt(edit));

/** Say of a pipeline that is shown which of its edits no stage reads the model with. */
export function tellUnreadEdits(plan: Plan, at: Span, report: Report): void {
  if (!hasEdits(plan)) return;
  const asked: Plan[] = [];
  // Equal ones that are written twice are one.
  const read = new Set<string>();
  const seen = { kept: new Set<Plan>(), undone: new Set<Plan>() };
  // What `unedited` takes back is not forgotten: the model as it is was asked for.
  const visit = (node: Plan, undone: boolean): void => {
    const visited = undone ? seen.undone : seen.kept;
    if (visited.has(node)) return;
    visited.add(node);
    const { op } = node;
    const takesBack = op.op === "edit" && op.edits.length === 0;
    if (op.op === "edit" && !takesBack && !undone) asked.push(node);
    if (isOfBlocks(op)) for (const edit of op.edits ?? []) read.add(nameOf(edit));
    for (const input of node.inputs) visit(input, undone || takesBack);
  };
  visit(plan, false);
  for (const { op, label } of asked) {
    if (op.op !== "edit" || op.edits.every((edit) => read.has(nameOf(edit)))) continue;
    report.diagnostics.push({
      severity: "warning",
      code: "unread-edit",
      span: at,
      message: `nothing reads the model behind \`${label}\`, so these rows are as they were`,
      notes: ["an edit belongs to the model that reads a table, and not to its rows: files and figures do not have it"],
      help: `… | ${label} | acts layer ${op.edits[0]!.layer} | top 10`,
    });
  }
}
