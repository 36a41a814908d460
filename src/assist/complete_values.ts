/** Without this file people would have to look up which values a column has and which layers an SAE reads. */
import { needKey, type Facts, type Scope } from "../check/scope.ts";
import type { Plan } from "../ops/op.ts";
import { GIVEN_TO_TEMPLATES } from "../stages/lowering/chat_template.ts";
import type { ChatFacts, SaeFacts, TableFacts } from "../stages/stage.ts";
import type { Candidate } from "./complete.ts";

/** The column whose value comes next: `book ==`, `book !=`, `book in ["Job",`. Null where none is compared. */
export function comparedColumn(stage: string): string | null {
  const found = /(?:([\p{L}_][\p{L}\p{M}\p{N}_]*)|`([^`]+)`)\s*(?:==|!=|\bin\s*\[[^\]]*[[,])\s*$/u.exec(stage);
  return found?.[1] ?? found?.[2] ?? null;
}

/** The values of a text column that has few of them, as the file it was read from holds them; [] where that is not known. */
export function columnValues(plan: Plan | null, column: string, facts: Facts): readonly string[] {
  const found = new Set<string>();
  const visit = (node: Plan): void => {
    if (node.op.op === "read") {
      const { path, separator, types, format } = node.op;
      const known = facts.get(needKey({ kind: "table", path, separator, types, format }));
      const values = known?.state === "known" ? (known.value as TableFacts).values : undefined;
      for (const value of values !== undefined && Object.hasOwn(values, column) ? values[column]! : []) found.add(value);
    }
    node.inputs.forEach(visit);
  };
  if (plan !== null) visit(plan);
  // A value with quotes or controls is nothing to pick from a list.
  return [...found].filter((value) => /^[^"'\\\p{C}]{1,64}$/u.test(value));
}

export function quoted(value: string): string {
  return `"${value}"`;
}

/** The layers that the SAEs in use were trained for. */
export function saeLayers({ settings }: Scope, facts: Facts): Candidate[] {
  return settings.sae.flatMap((name): Candidate[] => {
    const known = facts.get(needKey({ kind: "sae", name, convention: settings.convention }));
    if (known?.state !== "known") return [];
    const { layer, dSae } = known.value as SaeFacts;
    return layer === null ? [] : [{ text: String(layer), detail: `where the SAE ${name} reads, ${dSae} features`, kind: "value" }];
  });
}

/** The chat templates of the model in use, or the variables that they read, where these are known. */
export function ofTemplates(kind: "names" | "variables", { settings }: Scope, facts: Facts): Candidate[] {
  const known = [true, false].map((additional) => facts.get(needKey({ kind: "chat", name: settings.model, additional }))).find((each) => each?.state === "known");
  if (known?.state !== "known") return [];
  const { templates } = known.value as ChatFacts;
  if (kind === "names") return templates.map(({ name }) => ({ text: quoted(name), detail: `chat template of ${settings.model}`, kind: "value" }));
  const variables = new Set(templates.flatMap(({ asks }) => asks.filter((name) => !GIVEN_TO_TEMPLATES.has(name))));
  return [...variables].map((name) => ({ text: name, detail: `read by the chat template of ${settings.model}`, kind: "value" }));
}
