/** Without this file "differs" would be announced rather than explained. */
import { countedWithCommas, short, type Difference } from "./compare.ts";
import type { StageRecord } from "./observed.ts";
import type { RunRecord } from "./run_record.ts";

/** What is not as it was when the record was made, most telling first: each a cause, or a condition of one. */
export function changedSince(recorded: RunRecord, found: RunRecord): readonly string[] {
  const told: string[] = [];
  const before = recorded.machine;
  const now = found.machine;
  if (recorded.script.canonical !== found.script.canonical) told.push(`the script is another one than ${recorded.script.name} was when it was recorded (sha256 ${short(recorded.script.sha256)}, now ${short(found.script.sha256)})`);
  for (const kind of ["modules", "data", "models", "saes"] as const) {
    told.push(...changes(recorded.inputs[kind], found.inputs[kind]).map(({ name, was, is }) => `${KINDS[kind]} ${name} ${is === null ? "is not read any more" : was === null ? "was not read" : `has other content (${short(was)}, now ${short(is)})`}`));
  }
  const values = (params: RunRecord["params"]): Record<string, string> => Object.fromEntries(Object.entries(params).map(([name, { value }]) => [name, value]));
  told.push(...changes(values(recorded.params), values(found.params)).map(({ name, was, is }) => `param ${name} was ${was ?? "not there"}, and is ${is ?? "not there"}`));
  if (recorded.seed.value !== found.seed.value) told.push(`the seed was ${recorded.seed.value}, and is ${found.seed.value}`);
  told.push(...changes(recorded.settings, found.settings).filter(({ name }) => !["ep", "dtype"].includes(name)).map(({ name, was, is }) => `${name} was ${was ?? "not set"}, and is ${is ?? "not set"}`));
  if (before.engine?.described !== now.engine?.described) told.push(`it was computed in ${before.engine?.described ?? "tables alone"}, and is in ${now.engine?.described ?? "tables alone"}: another numerics class`);
  else if (before.engine !== null && (before.platform.cpu !== now.platform.cpu || before.platform.features.join() !== now.platform.features.join())) {
    const lost = before.platform.features.filter((each) => !now.platform.features.includes(each));
    const won = now.platform.features.filter((each) => !before.platform.features.includes(each));
    const kernels = lost.length + won.length === 0 ? "" : ` (${[...lost.map((each) => `without ${each}`), ...won.map((each) => `with ${each}`)].slice(0, 6).join(", ")})`;
    told.push(`the processor was ${before.platform.cpu}, and is ${now.platform.cpu}${kernels}: the runtime chooses its kernels by what a processor can do`);
  }
  if (before.platform.os !== now.platform.os || before.platform.arch !== now.platform.arch) told.push(`the system was ${before.platform.os} ${before.platform.arch}, and is ${now.platform.os} ${now.platform.arch}`);
  told.push(...changes(before.versions, now.versions).map(({ name, was, is }) => `${name} was ${was ?? "not there"}, and is ${is ?? "not there"}`));
  return told;
}

const KINDS = { modules: "module", data: "data file", models: "model", saes: "SAE" } as const;

function changes(before: Readonly<Record<string, string>>, now: Readonly<Record<string, string>>): readonly { readonly name: string; readonly was: string | null; readonly is: string | null }[] {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].sort().flatMap((name) => {
    const was = Object.hasOwn(before, name) ? before[name]! : null;
    const is = Object.hasOwn(now, name) ? now[name]! : null;
    return was === is ? [] : [{ name, was, is }];
  });
}

/** What makes the recorded value of a stage that differs prone to it: only the arithmetic being another, and activations beside the threshold on the way to it. */
export function proneness(recorded: RunRecord, { statement, at, samePlan }: Difference): readonly string[] {
  const stages = recorded.statements[statement - 1]?.stages.slice(0, at) ?? [];
  const near = stages.flatMap((stage) => (stage.near === undefined || stage.near.count === 0 ? [] : [{ stage: stage.stage, ...stage.near }]));
  return [
    ...(samePlan ? ["its plan and all it reads are the same: only the arithmetic differs"] : []),
    ...near.map(({ stage, count, within, places: [first] }) => {
      const example = first === undefined ? "" : `; the first: feature ${first.feature} in row ${first.row}, position ${first.position} (${first.activation})`;
      return `\`${stage}\` had ${countedWithCommas(count, "activation")} within ${within} of the threshold${example}`;
    }),
  ];
}

function marginsOfStage({ stage, margins }: StageRecord): readonly string[] {
  return (margins ?? []).map(({ group, layer, by, margin, next, scores }) => {
    const where = `${group === null ? "" : ` of group ${group}`}${layer === null ? "" : ` in layer ${layer}`}`;
    if (next === null || margin === null) return `rank margin of \`${stage}\`${where}: no other feature was active`;
    return `rank margin of \`${stage}\`${where}: ${margin} (last ${by} ${scores.at(-1)}, next ${next})${margin === 0 ? ": a tie, which goes to the lower feature" : ""}`;
  });
}

/** The margins of every list of top features in a record, one line each: what another device may turn around. */
export function marginLines({ statements }: RunRecord): readonly string[] {
  return statements.flatMap(({ stages }) => stages.flatMap(marginsOfStage));
}
