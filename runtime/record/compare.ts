/** Without this file two runs could only be told the same or not the same, and never where they part. */
import type { RunRecord } from "./run_record.ts";
import type { StageRecord, StatementRecord } from "./observed.ts";
import { sameColumns } from "./compare_columns.ts";
import { sameFeatures } from "./compare_features.ts";

export const TIERS = ["identical", "equal", "close"] as const;
/**
 * identical: every bit. equal: integers, text, truth values and order; floats within 1e-4 of their size and 1e-6.
 * close: the same features but for ties inside the rank margin, counts and floats within one or two in a hundred.
 */
export type Tier = (typeof TIERS)[number];

/** Where two runs part. */
export interface Difference {
  readonly kind: "stage" | "output" | "script" | /** A file that came in a bundle. */ "result";
  /** From 1; 0 for outputs and the script itself. */
  readonly statement: number;
  /** Place of the stage in its statement, from 1, and how many there are. */
  readonly at: number;
  readonly of: number;
  readonly name: string;
  readonly line: number | null;
  readonly what: readonly string[];
  /** The stage has the same plan and reads the same content: then only the arithmetic differs. */
  readonly samePlan: boolean;
}

export interface Comparison {
  readonly tier: Tier;
  /** In the order in which things are computed: what follows the first is often its consequence. */
  readonly differences: readonly Difference[];
  readonly stages: number;
  readonly outputs: number;
  /** Differences that the tier allows, worth saying. */
  readonly allowed: readonly string[];
}

/** Equal device and number type: equal; else close. */
export function usualTier(recorded: RunRecord, found: RunRecord): Tier {
  const [before, now] = [recorded.machine.engine?.used, found.machine.engine?.used];
  return before === undefined || now === undefined || (before.ep === now.ep && before.dtype === now.dtype) ? "equal" : "close";
}

/** What a run gave against what another gave before, stage by stage and output by output. */
export function compareRecords(recorded: RunRecord, found: RunRecord, tier: Tier): Comparison {
  const differences: Difference[] = [];
  const allowed: string[] = [];
  let stages = 0;
  if (recorded.statements.length !== found.statements.length) {
    differences.push({ kind: "script", statement: 0, at: 0, of: 0, name: found.script.name, line: null, what: [`the record has ${countedWithCommas(recorded.statements.length, "statement")}, this run ${found.statements.length}`], samePlan: false });
  }
  recorded.statements.forEach((before, i) => {
    const now = found.statements[i];
    if (now === undefined || !before.compared || !now.compared) return;
    const others = byPlace(now);
    let loose = false;
    [...byPlace(before)].forEach(([place, stage], at) => {
      const other = others.get(place);
      const last = at === before.stages.length - 1;
      const name = stage.stage;
      const part = (what: readonly string[]): void => void differences.push({ kind: "stage", statement: i + 1, at: at + 1, of: before.stages.length, name, line: stage.line, what, samePlan: other?.key === stage.key });
      if (other === undefined) {
        // Other versions may compute a query in other steps; what a statement ends in has to be there.
        if (last) part([`this run has no such stage; the statement is now: ${now.statement}`]);
        else allowed.push(`\`${name}\` (${stage.op}) was computed in another way and is compared by what follows it`);
        return;
      }
      stages++;
      if (stage.digest === other.digest && stage.kind === other.kind) return;
      if (tier === "identical") return part(sameColumns(stage, other, "identical").what);
      if (tier === "close" && stage.margins !== undefined && other.margins !== undefined) {
        const ranked = sameFeatures(stage.margins, other.margins);
        if (ranked.what.length > 0) return part(ranked.what);
        allowed.push(...ranked.ties.map((tie) => `\`${name}\`: ${tie}`));
        loose ||= ranked.ties.length > 0;
        return;
      }
      // What is made of lists that differ by a tie differs by the same features.
      if (loose && stage.computed) return void allowed.push(`\`${name}\` follows from the tie above`);
      const columns = sameColumns(stage, other, tier === "close" && stage.computed ? "close" : "equal");
      if (columns.what.length > 0) return part(columns.what);
      allowed.push(...columns.allowed.map((text) => `\`${name}\`: ${text}`));
    });
  });
  for (const [name, { sha256, bytes }] of Object.entries(recorded.outputs)) {
    const now = found.outputs[name];
    const part = (what: string): void => void differences.push({ kind: "output", statement: 0, at: 0, of: 0, name, line: null, what: [what], samePlan: false });
    if (now === undefined) part("this run did not write it");
    else if (now.sha256 !== sha256 && tier === "identical") part(`${bytes} bytes with sha256 ${short(sha256)}, now ${now.bytes} bytes with ${short(now.sha256)}`);
    else if (now.sha256 !== sha256 && differences.some(({ kind }) => kind !== "output")) part("it has other bytes, as what it was made of is another");
    else if (now.sha256 !== sha256) allowed.push(`\`${name}\` has other bytes; what it was made of is compared above`);
  }
  return { tier, differences, stages, outputs: Object.keys(recorded.outputs).length, allowed };
}

/** Stages by what they are and which of several equal ones they are. */
function byPlace({ stages }: StatementRecord): ReadonlyMap<string, StageRecord> {
  const seen = new Map<string, number>();
  return new Map(stages.map((stage) => {
    const name = `${stage.op} ${stage.stage}`;
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return [`${times} ${name}`, stage];
  }));
}

/** `3 stages`, `1 stage` */
export function countedWithCommas(count: number, what: string): string {
  return `${count.toLocaleString("en-US")} ${what}${count === 1 ? "" : "s"}`;
}

/** `5c1e09ab…`: enough of a digest for people. */
export function short(digest: string): string {
  return `${digest.slice(0, 12)}…`;
}
