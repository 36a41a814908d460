/** Without this file a comparison of two runs would be a list of digests. */
import { countedWithCommas, type Comparison, type Difference } from "../../runtime/record/compare.ts";
import { changedSince, marginLines, proneness } from "../../runtime/record/reasons.ts";
import type { RunRecord } from "../../runtime/record/run_record.ts";

const TIERS = { identical: "to the last bit", equal: "equal, floats within 1e-4", close: "the same but for ties and rounding" } as const;
const MOST_LINES = 8;

/** For people: the verdict, where the runs part first, and why they may. */
export function comparisonLines(recorded: RunRecord, found: RunRecord, comparison: Comparison, asked: boolean): readonly string[] {
  const { tier, differences, allowed } = comparison;
  const [first, ...rest] = differences;
  const device = found.machine.engine?.described ?? "tables alone";
  const how = `tier ${tier} (${TIERS[tier]}${asked ? "" : `; the usual one for ${sameDevice(recorded, found) ? "the same device" : "another device"}`}), ${device}`;
  const margins = marginLines(recorded);
  if (first === undefined) {
    return [
      `same: ${recorded.script.name}, ${countedWithCommas(recorded.statements.length, "statement")}, ${countedWithCommas(comparison.stages, "stage")}, ${countedWithCommas(comparison.outputs, "output")}; ${how}`,
      ...listed("allowed by the tier", allowed),
      ...listed("not as it was when it was recorded", changedSince(recorded, found)),
      ...listed("how firm it is", margins),
    ];
  }
  return [
    `differs: ${recorded.script.name}; ${how}`,
    `first difference: ${placeOf(first, recorded)}`,
    ...first.what.slice(0, MOST_LINES).map((text) => `  ${text}`),
    ...listed("why it may", [...changedSince(recorded, found), ...(first.kind === "stage" ? proneness(recorded, first) : [])], first.kind === "result" ? "this run gives what was recorded, so the file was changed after that" : "nothing that the record knows of: the same script, inputs, settings, versions and processor"),
    ...listed("then also", rest.map((each) => `${placeOf(each, recorded)}: ${each.what[0] ?? ""}`)),
    ...listed("allowed by the tier", allowed),
    ...listed("how firm it was", margins),
  ];
}

/** For machines: the same facts. */
export function comparisonJson(recorded: RunRecord, found: RunRecord, comparison: Comparison): string {
  const { tier, differences, stages, outputs, allowed } = comparison;
  return JSON.stringify({
    same: differences.length === 0,
    tier,
    stages,
    outputs,
    differences,
    allowed,
    changed: changedSince(recorded, found),
    margins: marginLines(recorded),
    device: { recorded: recorded.machine.engine?.described ?? null, found: found.machine.engine?.described ?? null },
  }, null, 2);
}

function sameDevice(recorded: RunRecord, found: RunRecord): boolean {
  const [before, now] = [recorded.machine.engine?.used, found.machine.engine?.used];
  return before === undefined || now === undefined || (before.ep === now.ep && before.dtype === now.dtype);
}

function placeOf({ kind, statement, at, of, name, line }: Difference, recorded: RunRecord): string {
  if (kind === "output") return `output ${name}`;
  if (kind === "script") return `script ${name}`;
  if (kind === "result") return `${name} of the bundle`;
  const many = recorded.statements.length > 1 ? `statement ${statement} of ${recorded.statements.length}, ` : "";
  return `\`${name}\`${line === null ? "" : `, line ${line}`} (${many}stage ${at} of ${of})`;
}

function listed(title: string, lines: readonly string[], none: string | null = null): string[] {
  if (lines.length === 0) return none === null ? [] : [`${title}: ${none}`];
  return [`${title}:`, ...lines.slice(0, MOST_LINES).map((line) => `  ${line}`), ...(lines.length > MOST_LINES ? [`  and ${lines.length - MOST_LINES} more`] : [])];
}
