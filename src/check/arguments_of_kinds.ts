/** Without this file an argument that is about activations would be refused by each stage in its own words where a table flows in, or pass for one that changes something. */
import type { Plan } from "../ops/op.ts";
import type { Kind } from "../ops/schema.ts";
import { holdsOf } from "../stages/args.ts";
import type { StageDefinition } from "../stages/stage.ts";
import type { Place } from "./accepts.ts";
import type { Slots } from "./bind.ts";
import { asKeywordOfColumn, wordOf } from "./misplaced.ts";
import { error } from "./scope.ts";
import type { Trial } from "./tried.ts";
import { ledTo } from "./ways.ts";

/** What flows through a pipe, in the words of messages. */
export const KIND_WORDS: Readonly<Record<Kind, string>> = { table: "a table", tokens: "tokens", dense: "raw activations", acts: "activations", features: "features", plot: "a plot", text: "text" };

/** Whether every argument says something of what flows in; the first that does not is reported, with what leads to such an input, else without the argument. */
export function argumentsHold(definition: StageDefinition, slots: Slots, from: Plan | null, { stage }: Pick<Place, "stage">, trial: Trial): boolean {
  if (from === null) return true;
  for (const [name, { span, words }] of slots) {
    const spec = definition.args[name]!;
    if (holdsOf(spec, from.schema)) continue;
    const out = { start: trial.report.text.slice(0, span.start).trimEnd().length, end: span.end };
    const column = words === null ? null : wordOf(words);
    const meant = column === null ? null : asKeywordOfColumn(column, words!.span, { stage: definition.name, schema: from.schema, text: trial.report.text });
    error(trial.report, span, "wrong-argument", `\`${name}\` of \`${definition.name}\` is about ${spec.kinds!.map((kind) => KIND_WORDS[kind]).join(" or ")}, and here ${from.schema.kind === "table" ? "is" : "are"} ${KIND_WORDS[from.schema.kind]}`, {
      notes: [spec.doc],
      ...(meant ?? ledTo(spec.kinds!, definition, from, stage, trial) ?? { label: "leave it out", fix: { span: out, text: "" } }),
    });
    return false;
  }
  return true;
}
