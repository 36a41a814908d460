/** Without this file a stage could not ask of its call what it needs to become a plan: its input, its files and models, and where to tell of a mistake. */
import type { Span } from "../../grammar/span.ts";
import type { Plan } from "../ops/op.ts";
import type { Lowering, SaeFacts, StageDefinition } from "../stages/stage.ts";
import type { Place } from "./accepts.ts";
import type { Slots } from "./bind.ts";
import { ask } from "./facts.ts";
import { error, needKey, type Need } from "./scope.ts";
import { spelledOut } from "./spelled_out.ts";
import { nearest } from "./suggest.ts";
import type { Trial } from "./tried.ts";
import { fileRead } from "./values.ts";
import { anew, insteadOf, leftOut, wayTo } from "./ways.ts";

/** One call of a stage: where it stands, what was written in its slots, and its input, null where it has none. */
export function loweringOf(definition: StageDefinition, { stage, at: nameSpan, before, pipeline }: Place, slots: Slots, from: Plan | null, context: Trial): Lowering {
  const { scope, report } = context;
  const label = report.text.slice(stage.span.start, stage.span.end);
  const shown = spelledOut(label, scope.params);
  const at = (argument: string): Span => slots.get(argument)?.span ?? nameSpan;
  return {
    get input() {
      if (from === null) throw new Error(`\`${definition.name}\` has no input`);
      return from;
    },
    hasInput: from !== null,
    settings: scope.settings,
    node: (op, inputs, schema) => ({ op, inputs, schema: { ...schema, known: schema.known && inputs.every((each) => each.schema.known) }, at: stage.span, label, ...(shown === label ? {} : { shown }) }),
    file: (path, argument) => fileRead(path, at(argument), context),
    textFiles: (path, argument) => {
      const found = ask(context, { kind: "folder", path }, at(argument));
      return found === null ? null : (found.names ?? "file");
    },
    table: (path, separator, types, format, lenient) => ask(context, { kind: "table", path, separator, types, format, ...(lenient === undefined ? {} : { lenient }) }, at(slots.has("template") ? "template" : "path")),
    model: () => {
      const name = modelNameOf(context, nameSpan);
      return name === null ? null : ask(context, { kind: "model", name }, nameSpan);
    },
    chat: (additional) => {
      const name = modelNameOf(context, nameSpan);
      return name === null ? null : ask(context, { kind: "chat", name, additional }, nameSpan);
    },
    template: (path) => ask(context, { kind: "template", path }, at("template")),
    saes: () => {
      if (scope.settings.sae.length === 0) {
        // A stage asks more than once.
        const told = report.diagnostics.some(({ code, span }) => code === "no-sae" && span.start === nameSpan.start);
        if (!told) error(report, nameSpan, "no-sae", "no SAE is set for this model", { notes: [`model: ${scope.settings.model}`], help: 'set sae "path/to/sae"' });
        return [];
      }
      const found = scope.settings.sae.map((name) => ask(context, { kind: "sae", name, convention: scope.settings.convention }, nameSpan));
      return found.some((each) => each === null) ? [] : found.filter((each) => each !== null);
    },
    saeOf: ({ name, convention }) => {
      const need: Need = { kind: "sae", name, convention };
      const known = context.facts.get(needKey(need));
      if (known === undefined || known.state === "pending") report.needs.set(needKey(need), need);
      return known?.state === "known" ? (known.value as SaeFacts) : null;
    },
    nearest,
    at,
    way: (kinds) => (from === null ? {} : wayTo({ ...definition, input: kinds }, from, { stage, before }, context)),
    leftOut: leftOut(stage, before),
    written: (argument) => (argument === undefined ? label : report.text.slice(at(argument).start, at(argument).end)),
    members: (argument) => (slots.get(argument)?.words?.items ?? []).map(({ span }) => report.text.slice(span.start, span.end)),
    instead: (text) => ({ span: stage.span, text }),
    without: (argument) => ({ span: { start: report.text.slice(0, at(argument).start).trimEnd().length, end: at(argument).end }, text: "" }),
    anew: (written) => anew(written, from, { stage, pipeline }, context),
    insteadOf: (name, text) => insteadOf(name, text, { stage, before }, context),
    given: (argument) => slots.has(argument),
    report: (diagnostic) => void report.diagnostics.push({ severity: "error", span: nameSpan, ...diagnostic }),
  };
}

/** The model that was set; where none was, the one that an SAE of the registry was trained on. Null: not known yet, or the SAE cannot be had. */
function modelNameOf(context: Pick<Trial, "scope" | "facts" | "report">, at: Span): string | null {
  const { model, modelGiven, sae, convention } = context.scope.settings;
  if (modelGiven) return model;
  const facts = sae.map((name) => (name === model ? null : ask(context, { kind: "sae", name, convention }, at)));
  if (sae.some((name, i) => name !== model && facts[i] === null)) return null;
  const chosen = facts.find((each) => each !== null && each.selectsModel && each.trainedOn !== null);
  return chosen === undefined || chosen === null ? model : `hf:${chosen.trainedOn}`;
}
