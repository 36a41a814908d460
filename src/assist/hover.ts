/** Without this file a word in an editor would not say what it is. */
import { moved } from "../../grammar/moved.ts";
import type { Span } from "../../grammar/span.ts";
import { SETTINGS } from "../check/settings.ts";
import { FUNCTIONS } from "../ops/functions.ts";
import { columnOf } from "../ops/schema.ts";
import type { StageDefinition } from "../stages/stage.ts";
import { usage } from "../stages/stage.ts";
import type { Analysis } from "./analyse.ts";
import { argumentDoc, functionUsage, usageOf } from "./argument_text.ts";
import { writtenAs } from "./definition.ts";
import { markAt, type Declaration, type Mark } from "./mark.ts";
import { describeSchema } from "./show_type.ts";

export interface Hover {
  readonly span: Span;
  /** Markdown. */
  readonly text: string;
}

/** What is known of the word at an offset; null where there is nothing to say. */
export function hover(analysis: Analysis, offset: number): Hover | null {
  const mark = markAt(analysis.marksAround(offset), offset);
  const text = mark === null ? null : describe(mark, analysis);
  return mark === null || text === null ? null : { span: mark.span, text };
}

function describe(mark: Mark, analysis: Analysis): string | null {
  switch (mark.role) {
    case "stage":
      return mark.stage === null ? declared(mark.target, analysis) : stageText(mark.stage, mark);
    case "keyword": {
      const spec = mark.stage?.args[mark.name];
      return mark.stage === null || spec === undefined ? null : page(code(usageOf(mark.stage, mark.name)), argumentDoc(spec));
    }
    case "column": {
      const column = mark.input === null ? undefined : columnOf(mark.input, mark.name);
      return column === undefined ? null : page(code(`${column.name}: ${column.type}`), "Column of what flows in");
    }
    case "relation":
      return relationText(mark, analysis);
    case "param":
      return mark.target === null ? null : declared(mark.target, analysis);
    case "function": {
      const called = functionUsage(mark.name);
      return called === null ? null : page(code(called), FUNCTIONS[mark.name]!.doc);
    }
    case "setting": {
      const spec = Object.hasOwn(SETTINGS, mark.name) ? SETTINGS[mark.name] : undefined;
      return spec === undefined ? null : page(code(`set ${mark.name} ${spec.value}`), `${spec.doc} (default ${spec.unset})`);
    }
    case "option":
    case "type":
    case "label":
      return null;
    default:
      return mark.role satisfies never;
  }
}

function stageText(stage: StageDefinition, mark: Mark): string {
  const gives = describeSchema(mark.gives);
  const args = Object.entries(stage.args).map(([name, spec]) => `- \`${usageOf(stage, name)}\` ${argumentDoc(spec)}`);
  const written = mark.target?.doc ?? writtenAs(stage)?.doc ?? "";
  return page(code(usage(stage)), written === "" ? stage.doc : written, args.join("\n"), gives === null ? "" : `Gives \`${gives}\``);
}

function relationText(mark: Mark, analysis: Analysis): string {
  const type = describeSchema(mark.gives);
  const name = code(type === null ? mark.name : `${mark.name}: ${type}`);
  if (mark.target !== null) return page(name, mark.target.doc, code(headline(mark.target, analysis)));
  return page(name, analysis.around.scope.standard.has(mark.name) ? "From `std:memorization`" : "");
}

function declared(target: Declaration | null, analysis: Analysis): string | null {
  return target === null ? null : page(code(headline(target, analysis)), target.doc);
}

/** The first line of the statement that gives a name. */
function headline(target: Declaration, { text, startOf }: Analysis): string {
  const { start, end } = moved(target.statement.span, startOf(target));
  const line = text.slice(start, end).split("\n", 1)[0]!.trimEnd();
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}

function code(text: string): string {
  return `\`\`\`saeq\n${text}\n\`\`\``;
}

/** Paragraphs, without the empty ones. */
function page(...paragraphs: readonly string[]): string {
  return paragraphs.filter((each) => each !== "").join("\n\n");
}
