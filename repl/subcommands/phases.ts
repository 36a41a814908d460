/** Without this file nobody could look into the compiler: what each phase makes of a text. */
import { parse, tokenize } from "../../grammar/parse.ts";
import { visibleJson } from "../../grammar/visible.ts";
import { printTree } from "../../grammar/print_tree.ts";
import { printPlan } from "../../src/plan/print.ts";
import type { Compiled, CompiledPipeline } from "../../src/pipeline.ts";
import type { Phase } from "../request.ts";

type OnePhase = Exclude<Phase, "all">;
const ORDER: readonly OnePhase[] = ["tokens", "tree", "plan", "rules", "optimized"];

/** One phase, or all of them under headings. Phases behind the tree need what the checker made. */
export function showPhases(phase: Phase, text: string, compiled: Compiled | null): string {
  if (phase !== "all") return showPhase(phase, text, compiled);
  const shown = ORDER.filter((each) => compiled !== null || each === "tokens" || each === "tree");
  return shown.map((each) => `== ${each} ==\n${showPhase(each, text, compiled)}`).join("\n\n");
}

function showPhase(phase: OnePhase, text: string, compiled: Compiled | null): string {
  switch (phase) {
    case "tokens":
      return tokenize(text).map(({ kind, span }) => `${`${span.start}–${span.end}`.padEnd(10)}${kind.padEnd(9)}${visibleJson(JSON.stringify(text.slice(span.start, span.end)))}`).join("\n");
    case "tree":
      return printTree(parse(text).script);
    case "plan":
      return each(compiled, text, ({ written }) => printPlan(written));
    case "rules":
      return each(compiled, text, ({ steps }) =>
        steps.length === 0 ? "no rule applies" : steps.map(({ rule, before, after }) => `${rule.name}: ${rule.doc}\n  before\n${indent(printPlan(before))}\n  after\n${indent(printPlan(after))}`).join("\n"));
    case "optimized":
      return each(compiled, text, ({ plan }) => printPlan(plan));
    default:
      return phase satisfies never;
  }
}

/** One block for each pipeline, headed by its first line where there are several. */
function each(compiled: Compiled | null, text: string, show: (pipeline: CompiledPipeline) => string): string {
  const pipelines = compiled?.pipelines ?? [];
  if (pipelines.length === 0) return "there is no pipeline";
  return pipelines.map((pipeline) => (pipelines.length === 1 ? show(pipeline) : `# ${text.slice(pipeline.at.start, pipeline.at.end).split("\n")[0]!}\n${show(pipeline)}`)).join("\n\n");
}

function indent(text: string): string {
  return text.split("\n").map((line) => `    ${line}`).join("\n");
}
