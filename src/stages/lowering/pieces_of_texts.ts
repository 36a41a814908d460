/** Without this file pieces of one long text would be tested as if they were texts of their own, and chance would look like a difference. */
import type { Plan } from "../../ops/op.ts";
import type { Lowering } from "../stage.ts";

/** Say where the texts of a test are pieces, several of one text: these are like one another, so p and q of them are too small. */
export function tellPieces(context: Lowering): void {
  const cut = cutBefore(context.input, false, new Set());
  if (cut === null) return;
  const one = `${cut.label} | distinct document`;
  const fix = context.insteadOf("chunk", one);
  context.report({
    severity: "warning",
    code: "dependent-texts",
    message: `the unit is the text, and behind \`${cut.label}\` that is a piece: pieces of one text are like one another, so p and q are too small`,
    notes: ["one piece of each text is a text again: its first, or, behind `sample`, any"],
    ...(fix === null ? { help: `… | ${one} | …` } : { fix }),
  });
}

/** A `chunk` behind which several pieces of one text are left; null where there is none. `single`: one row of each document is kept behind. */
function cutBefore(plan: Plan, single: boolean, seen: Set<Plan>): Plan | null {
  const { op, inputs } = plan;
  if (seen.has(plan)) return null;
  if (!single) seen.add(plan);
  if (op.op === "chunk") return op.most === 1 || single ? null : plan;
  const kept = single || (op.op === "distinct" && op.by.length === 1 && op.by[0] === "document");
  for (const input of inputs) {
    const found = cutBefore(input, kept, seen);
    if (found !== null) return found;
  }
  return null;
}
