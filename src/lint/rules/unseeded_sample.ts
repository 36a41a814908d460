/** Without this rule a script would give other rows each time, and nobody would know until it mattered. */
import type { Finding, LintRule } from "../rule.ts";
import { moved } from "../../../grammar/moved.ts";
import { expressionsOf, pipelineOf, stageWord } from "../walk.ts";
import type { Pipeline, Stage, Statement } from "../../../grammar/ast.ts";

export const unseededSample: LintRule = {
  code: "unseeded-sample",
  doc: "`sample` is used, or `generate` with a temperature, and no seed is set",
  why: "Every run draws other rows, or writes other tokens",
  mend: "Write `set seed 42` above it",
  trigger: "saeq 1\nsample perfect 3\n",
  fixed: "saeq 1\nset seed 42\nsample perfect 3\n",
  find: ({ parts }) => {
    for (const { start, script } of parts) {
      for (const statement of script.statements) {
        if (setsSeed(statement)) return [];
        const found = statement.kind === "def" ? null : finding(statement);
        if (found !== null) return [moved(found, start)];
      }
    }
    return [];
  },
};

function setsSeed(statement: Statement): boolean {
  return statement.kind === "set" && statement.args.some((arg, i) => i % 2 === 0 && arg.items[0]?.value.kind === "name" && arg.items[0].value.path[0] === "seed");
}

function finding(statement: Statement): Finding | null {
  const drawing = drawingIn(statement);
  if (drawing === null) return null;
  const { word, span } = drawing;
  const { start } = statement.span;
  const documented = statement.kind === "let" && statement.doc !== "";
  return { span, message: `\`${word}\` draws other ${word === "sample" ? "rows" : "tokens"} each time, because no seed is set`, label: "no seed", ...(documented ? { help: "set seed 42" } : { fix: { span: { start, end: start }, text: "set seed 42\n" } }) };
}

function drawingIn(statement: Statement): { readonly word: string; readonly span: { start: number; end: number } } | null {
  const own = pipelineOf(statement);
  const pipelines: Pipeline[] = own === null ? [] : [own];
  for (const expr of expressionsOf(statement)) if (expr.kind === "group") pipelines.push(expr.pipeline);
  const stage = pipelines.flatMap((pipeline) => pipeline.stages).find(draws);
  return stage === undefined ? null : { word: stageWord(stage)!, span: stage.args[0]!.span };
}

/** A temperature of 0 takes the likeliest token; one that is a param may be another. */
function draws(stage: Stage): boolean {
  if (stageWord(stage) === "sample") return stage.args.length > 1;
  if (stageWord(stage) !== "generate") return false;
  const at = stage.args.findIndex(({ items: [item] }) => item?.value.kind === "name" && item.value.path[0] === "temperature");
  const value = stage.args[at + 1]?.items[0]?.value;
  return at > 0 && !(value?.kind === "num" && value.value === 0);
}
