/** Without this file the facts behind `explain` could be read by machines only. */
import { counted } from "../counted.ts";
import type { Plan } from "../../src/ops/op.ts";
import { printPlan } from "../../src/plan/print.ts";
import type { CompiledPipeline } from "../../src/pipeline.ts";
import type { Explanation, HeldTable, Pass, Prediction, ReadAt } from "./explanation.ts";
import type { Actual, Recording } from "../execute/recording.ts";

/** For people: the plan as written, the rules, the plan as run, each pass of the model, the device, and what it took. */
export function printExplanation({ written, plan }: Pick<CompiledPipeline, "written" | "plan">, explanation: Explanation, recording: Recording | null): string {
  const below = (root: Plan): Plan => (root.op.op === "explain" ? root.inputs[0]! : root);
  const { rules, passes, tables, device, actual } = explanation;
  return [
    "as written",
    indent(printPlan(below(written))),
    "rules",
    ...(rules.length === 0 ? ["  none applies"] : rules.map(({ name, doc }) => `  ${name}: ${doc}`)),
    "as run",
    indent(printPlan(below(plan), (node) => tookWhat(recording?.of(node)))),
    ...(passes.length === 0 ? [] : ["passes of the model", ...passes.flatMap((pass) => passLines(pass, explanation))]),
    ...(tables.length === 0 ? [] : ["tables that are held besides", ...tables.map(tableLine)]),
    ...(device === null ? [] : ["device", `  ${device.name}: ${device.reason}`]),
    ...(actual === undefined ? [] : ["in all", `  ${time(actual.ms)}${actual.peakBytes === null ? "" : `, at most ${bytes(actual.peakBytes)} of memory in all processes`}`]),
  ].join("\n");
}

function tookWhat(actual: Actual | undefined): string {
  if (actual === undefined) return "";
  const rows = actual.rows === null ? "" : `, ${counted(actual.rows, "row")}`;
  return actual.kept ? `   [kept from before${rows}]` : `   [${time(actual.ms)}${rows}]`;
}

function passLines(pass: Pass, { gflops }: Explanation): string[] {
  const { stage, places, mappedBytes, flopsPerToken, operators, tail, kept, together, actual } = pass;
  return [
    `  ${stage}: maps ${bytes(mappedBytes)} of weights, ${(flopsPerToken / 1e6).toFixed(1)} MFLOP a token, ${operators} operators; ${kept ? "kept from before: not run" : "not kept: runs"}`,
    ...places.flatMap(placeLines),
    ...(tail === null ? [] : [`    on ${tail.provider}, then ${tail.nodes} nodes on the CPU: rows, features and values of what is active; a node elsewhere is an error`]),
    ...workLines(pass),
    ...(together === undefined || together.note === null ? [] : [`    ${together.note}`]),
    ...(actual === undefined || actual.kept ? [] : [`    ${spent(pass, actual, gflops)}`]),
  ];
}

function tableLine({ stage, columns, rows, bytes: most }: HeldTable): string {
  return `  ${stage}: ${rows === null ? `${columns} columns, and ${bytes(most)} of memory at most` : `at most ${counted(rows, "row")} of ${columns} columns, ${bytes(most)} of memory`}`;
}

function placeLines({ layer, hook, module, centred, folded, sae }: ReadAt): string[] {
  return [
    `    layer ${layer} ${hook}, in transformers: ${module ?? "nothing"}${centred ? ", minus its mean over the dimensions" : ""}${folded ? ", minus the value biases of its heads" : ""}`,
    ...(sae === null ? [] : [`    encoder of ${sae.name}: ${sae.kernel}`, ...(sae.screened === null ? [] : [`      ${sae.screened}`])]),
  ];
}

function workLines({ work, predicted, kept, writes }: Pass): string[] {
  if ("unknown" in work) return [`    ${work.unknown}`];
  const { texts, tokens, rows, run, known, exact } = work;
  const same = texts - known - run.texts;
  const counts = `    ${exact ? "" : "about "}${counted(texts, writes === true ? "continuation" : "text")}, ${writes === true ? `${counted(tokens, "token")} of prompts, ${counted(rows, "new token")} at most` : `${counted(tokens, "token")}, ${counted(rows, "wanted position")}`}${known > 0 ? `; ${writes === true ? known : counted(known, "text")} cached` : ""}${exact && same > 0 ? `; ${same} repeat others` : ""}`;
  if (kept || predicted === null || run.texts === 0) return [`${counts}${!kept && run.texts === 0 && texts > 0 ? `; the model ${writes === true ? "writes" : "reads"} none` : ""}`];
  const { flops, seconds, steps, memory } = predicted;
  const part = run.texts < texts ? `${run.texts} of them run: ` : "";
  const how = memory === null ? "" : ` in ${memory.processes === 1 ? "one process" : `${memory.processes} processes`}${memory.threads === 1 ? "" : ` of ${memory.threads} threads`}`;
  return [
    counts,
    `    ${part}${flopsOf(flops)}${writes === true ? " at most" : ""}${seconds === null ? "" : `, ${writes === true ? "up to " : ""}about ${time(1000 * seconds)}`}${how}${steps === undefined ? "" : stepsOf(steps)}`,
    ...(memory === null ? [] : [`    at most ${bytes(memory.bytes)} of memory, ${memory.batchTexts === undefined ? `with batches of up to ${memory.batchTokens} tokens` : `with up to ${counted(memory.batchTexts, "text")} going on together`}`]),
  ];
}

function stepsOf({ batches, count, seconds }: NonNullable<Prediction["steps"]>): string {
  return count === 0 ? "" : `: ${batches === 1 ? "" : `${batches} batches of `}${counted(count, "step")} of ${time(1000 * seconds)}`;
}

/** What the pass took, and how near it came to a bare product of matrices. */
function spent({ work, predicted, writes }: Pass, { ms, tokens = 0 }: Actual, gflops: number | null): string {
  const parts = [`took ${time(ms)}`];
  if (tokens > 0) parts.push(`${tokens} tokens, ${Math.round(tokens / (ms / 1000))} tokens/s`);
  // A text may end before it has all the tokens that it may have.
  if (writes !== true && predicted !== null && !("unknown" in work) && predicted.flops > 0) {
    const reached = predicted.flops / ms / 1e6;
    parts.push(`${reached.toFixed(reached < 10 ? 1 : 0)} GFLOP/s${gflops === null ? "" : ` of ${(gflops * (predicted.memory?.usual ?? 1)).toFixed(0)} that a bare product reaches`}`);
  }
  return parts.join(", ");
}


function flopsOf(flops: number): string {
  return flops < 1e9 ? `${(flops / 1e6).toFixed(0)} MFLOP` : flops < 1e12 ? `${(flops / 1e9).toFixed(1)} GFLOP` : `${(flops / 1e12).toFixed(1)} TFLOP`;
}

function time(ms: number): string {
  if (ms < 1000) return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
  return ms < 120_000 ? `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s` : `${(ms / 60_000).toFixed(0)} min`;
}

function bytes(size: number): string {
  return size < 1e6 ? `${(size / 1e3).toFixed(0)} kB` : size < 1e9 ? `${(size / 1e6).toFixed(1)} MB` : `${(size / 1e9).toFixed(2)} GB`;
}

function indent(text: string): string {
  return text.split("\n").map((line) => `  ${line}`).join("\n");
}
