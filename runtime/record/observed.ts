/** Without this file a session's values would be gone when a run ends, and nothing of them could be told to anybody else. */
import { nodes } from "../../src/optimize/rule.ts";
import { OPS, type Plan } from "../../src/ops/op.ts";
import { key } from "../../src/ops/key.ts";
import { printOp } from "../../src/plan/print.ts";
import { runsModel } from "../execute/value_key.ts";
import type { RanPipeline } from "../session/session_port.ts";
import { marginsOf, nearThreshold, type Margin, type NearThreshold } from "./margin.ts";
import { valueDigest, type ValueDigest } from "./value_digest.ts";

/** What one stage gave. A stage that does several things has several of these. */
export interface StageRecord extends ValueDigest {
  /** As typed. */
  readonly stage: string;
  /** What it does there: `tokenize`, `forward` … */
  readonly op: string;
  /** Null where it stands in a module. */
  readonly line: number | null;
  /** Names plan and inputs: equal keys ask for the same value. */
  readonly key: string;
  /** Whether the model had a part in it, and so a device. */
  readonly computed: boolean;
  readonly margins?: readonly Margin[];
  readonly near?: NearThreshold;
}

/** A statement that shows, saves or asserts something. */
export interface StatementRecord {
  readonly statement: string;
  readonly line: number;
  /** False for `explain`: what it says is about this machine. */
  readonly compared: boolean;
  readonly stages: readonly StageRecord[];
}

/** Gathers the statements of one run; each stage once, where it first ran. */
export interface Observation {
  readonly statements: readonly StatementRecord[];
  take(ran: RanPipeline, text: string): void;
}

export function createObservation(): Observation {
  const statements: StatementRecord[] = [];
  const seen = new Set<string>();
  return {
    statements,
    take: ({ pipeline, values, settings }, text) => {
      const line = lineOf(text, pipeline.at.start);
      const explains = pipeline.plan.op.op === "explain";
      const stages: StageRecord[] = [];
      for (const plan of explains ? [] : nodes(pipeline.plan)) {
        const value = values.get(plan);
        if (value === undefined || OPS[plan.op.op].passes || seen.has(key(plan))) continue;
        seen.add(key(plan));
        const near = nearThreshold(value, settings.threshold);
        stages.push({
          stage: oneLine(plan.label),
          op: opOf(plan),
          line: text.slice(plan.at.start, plan.at.end) === plan.label ? lineOf(text, plan.at.start) : null,
          key: key(plan),
          computed: runsModel(plan),
          ...valueDigest(value),
          ...(plan.op.op === "rank" ? { margins: marginsOf(plan.op, value) } : {}),
          ...(near === null ? {} : { near }),
        });
      }
      statements.push({ statement: oneLine(text.slice(pipeline.at.start, pipeline.at.end)), line, compared: !explains, stages });
    },
  };
}

/** The first word of an op as plans print it. */
function opOf(plan: Plan): string {
  return printOp(plan.op).split(" ", 1)[0]!.replace(/[:,]$/, "");
}

function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < offset; at = text.indexOf("\n", at + 1)) line++;
  return line;
}

const LONGEST = 160;

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line;
}
