/** Without this file a table that a stage takes beside its input could only be a name, and a file there would be offered without its brackets. */
import type { Arg as Words, Expr, Pipeline } from "../../grammar/ast.ts";
import type { NamedPlan } from "../stages/args.ts";
import { readerOf } from "./readers.ts";
import { error, relation, stagesOf } from "./scope.ts";
import type { ValueContext } from "./values.ts";

/** The pipelines that an argument lists, or undefined after a reported mistake. */
export function relations(words: Words, wantNames: boolean, context: ValueContext): readonly NamedPlan[] | undefined {
  if (offersReaders(words, context)) return undefined;
  const made: NamedPlan[] = [];
  for (const item of words.items) {
    if (item.value.kind === "hole") return undefined;
    const name = item.name?.path.join(".") ?? (item.value.kind === "name" ? item.value.path.join(".") : null);
    if (wantNames && name === null) {
      error(context.report, item.span, "missing-name", "a group needs a name", { help: `${context.stage} name = ${context.text.slice(item.span.start, item.span.end)}` });
      return undefined;
    }
    const pipeline: Pipeline =
      item.value.kind === "group"
        ? item.value.pipeline
        : { kind: "pipeline", continues: false, span: item.value.span, stages: [{ kind: "stage", span: item.value.span, args: [{ span: item.value.span, items: [{ name: null, value: item.value, order: null, span: item.value.span }] }] }] };
    const plan = context.pipeline(pipeline, "source");
    if (plan === null) return undefined;
    if (wantNames && made.some((other) => other.name === name)) {
      error(context.report, item.span, "name-taken", `\`${name}\` is named twice`);
      return undefined;
    }
    made.push({ name: name ?? "", plan });
  }
  return made;
}

/** `join "meta.csv"`: files where pipelines stand. One fix mends all of them, in the brackets that they need. True: reported. */
function offersReaders({ items, span }: Words, context: ValueContext): boolean {
  const read = items.map(({ value }) => readerAt(value, context));
  const first = read.findIndex((each) => each !== null);
  if (first < 0) return false;
  const written = items.map(({ span: at, value }, i) => `${context.text.slice(at.start, value.span.start)}${read[i] ?? context.text.slice(value.span.start, value.span.end)}`).join(", ");
  error(context.report, items[first]!.value.span, "no-stage-name", "a file is read by a source, in brackets where another table is taken", { label: `write \`${read[first]}\``, fix: { span, text: written } });
  return true;
}

/** The bracketed source that reads what a text or a name calls; null where that is no file. */
function readerAt(value: Expr, { scope }: ValueContext): string | null {
  const name = value.kind === "str" ? value.value : value.kind === "name" && relation(scope, value.path.join(".")) === undefined ? value.path.join(".") : null;
  const reader = name === null ? null : readerOf(name, stagesOf(scope));
  return reader === null ? null : `(${reader})`;
}
