/** Without this file `?acts` would have no answer. */
import { pasteable, settingMeant, SETTINGS } from "../check/settings.ts";
import { FUNCTIONS } from "../ops/functions.ts";
import { STAGE_BY_NAME, STAGES } from "../stages/mod.ts";
import { codeHelp } from "./code_page.ts";
import { statementHelp } from "./statement_page.ts";
import { topicHelp } from "./topic_pages.ts";
import { usage, type Category, type StageDefinition } from "../stages/stage.ts";
import { writtenDefault } from "./argument_text.ts";

const CATEGORIES: Readonly<Record<Category, string>> = {
  sources: "Sources",
  tables: "Tables",
  groups: "Groups",
  model: "Model and SAE",
  features: "Features",
  results: "Results",
  defined: "Defined here",
};

/** Help for a stage, setting, function, statement, operator, topic or code as plain text; every stage by category for an empty word; null where unknown. */
export function help(word: string): string | null {
  const name = word.trim();
  if (name === "") return overview();
  // What is called so comes before what other tools call so; a stage and a function may share a name.
  const exact = [stageNamed(name), functionHelp(name), settingHelp(name), statementHelp(name)].filter((page) => page !== null);
  if (exact.length > 0) return exact.join("\n\n");
  const topic = topicHelp(name);
  if (topic !== null) return topic;
  const setting = settingMeant(name);
  if (setting !== null) return settingHelp(setting);
  const meant = STAGES.find((each) => each.searchTerms.includes(name.toLowerCase()));
  return meant === undefined ? codeHelp(name) : stageHelp(meant);
}

function stageNamed(name: string): string | null {
  const stage = STAGE_BY_NAME.get(name);
  return stage === undefined ? null : stageHelp(stage);
}

function settingHelp(name: string): string | null {
  if (!Object.hasOwn(SETTINGS, name)) return null;
  const spec = SETTINGS[name]!;
  const more = (spec.more ?? []).flatMap(([title, line]) => [...(title === "" ? [] : [`  # ${title}`]), `  ${line}`]);
  return [`set ${name} ${spec.value}`, `  ${spec.doc} [${spec.unset}]`, `  set ${name} ${pasteable(spec)}`, ...more].join("\n");
}

function functionHelp(name: string): string | null {
  if (!Object.hasOwn(FUNCTIONS, name)) return null;
  const { parameters, result, doc } = FUNCTIONS[name]!;
  return `${name}(${parameters.join(", ")}) → ${result === "same" ? "as its first argument" : result === "second" ? "as its second argument" : result}\n  ${doc}`;
}

function overview(): string {
  return (Object.keys(CATEGORIES) as Category[])
    .map((category) => [CATEGORIES[category], ...STAGES.filter((stage) => stage.category === category).map((stage) => `  ${stage.name.padEnd(10)} ${stage.doc}`)].join("\n"))
    .join("\n\n");
}

/** Usage, meaning, arguments and examples of one stage. */
export function stageHelp(stage: StageDefinition): string {
  const width = Math.max(10, ...Object.keys(stage.args).map(({ length }) => length));
  const args = Object.entries(stage.args).map(([name, spec]) => {
    const options = spec.shape.kind === "oneOf" ? ` (${spec.shape.options.join(", ")})` : "";
    const fallback = writtenDefault(spec);
    return `  ${name.padEnd(width)} ${spec.doc}${options}${fallback === null ? "" : ` [${fallback}]`}`;
  });
  return [
    usage(stage),
    `  ${stage.doc}`,
    ...(stage.input.length === 0 ? [] : [`  takes ${stage.input.join(", ")}${stage.groups === "required" ? ", in groups" : ""}`]),
    ...args,
    ...stage.examples.map(({ title, query }) => `  # ${title}\n  ${query.replaceAll("\n", "\n  ")}`),
  ].join("\n");
}
