/** Without this file stages, settings, functions and the command line would have no pages. */
import { SETTINGS } from "../../src/check/settings.ts";
import { FUNCTIONS } from "../../src/ops/functions.ts";
import { STAGES } from "../../src/stages/mod.ts";
import { usage, type StageDefinition } from "../../src/stages/stage.ts";
import { OPERATOR_PAGES } from "../../src/assist/topic_pages.ts";
import { commandTable, type FlagFacts } from "../../repl/arguments.ts";
import { EXIT_CODES } from "../../repl/exit_codes.ts";
import { escape, prose, query, table, usageLine, type Page } from "./html.ts";

const code = (text: string): string => `<code>${escape(text)}</code>`;

/** One page for each stage. */
export function stagePages(): Page[] {
  return STAGES.map((stage) => ({ path: `stage/${stage.name}.html`, title: stage.name, summary: stage.doc, kind: "stage", words: stage.searchTerms, body: stageBody(stage) }));
}

function stageBody(stage: StageDefinition): string {
  const rows = Object.entries(stage.args).map(([name, spec]) => [
    code(name),
    spec.shape.kind === "flag" ? "flag" : spec.keyword ? "keyword" : "by position",
    spec.shape.kind === "oneOf" ? spec.shape.options.map(code).join(" ") : escape(spec.shape.kind),
    spec.required ? "required" : spec.default === null || spec.default === false || spec.default === "" ? "" : code(JSON.stringify(spec.default)),
    prose(spec.doc),
  ]);
  const takes = stage.input.length === 0 ? "Starts a pipeline." : `Takes ${stage.input.map(code).join(", ")}${stage.groups === "required" ? ", in groups" : ""}${stage.inputOptional ? "; may also start a pipeline" : ""}.`;
  return [
    `<p class="lead">${prose(stage.doc)}.</p>`,
    usageLine(usage(stage)),
    `<p>${takes}</p>`,
    ...(rows.length === 0 ? [] : ["<h2>Arguments</h2>", table(["argument", "how", "what", "default", "meaning"], rows)]),
    "<h2>Examples</h2>",
    ...stage.examples.map(({ title, query: text }) => `<figure><figcaption>${prose(title)}</figcaption>${query(text)}</figure>`),
    ...(stage.searchTerms.length === 0 ? [] : [`<p class="faint">Elsewhere it is called ${escape(stage.searchTerms.join(", "))}.</p>`]),
  ].join("\n");
}

export function settingsPage(): Page {
  const rows = Object.entries(SETTINGS).map(([name, spec]) => [`<span id="${name}">${code(name)}</span>`, escape(spec.value), prose(spec.doc)]);
  return { path: "settings.html", title: "Settings", summary: "What `set` can set", kind: "page", words: ["set"], body: table(["set", "value", "meaning"], rows) };
}

export function operatorsPage(): Page {
  const rows = OPERATOR_PAGES.map(({ names, heads, doc, more, example }) => [names.slice(0, heads).map(code).join(" "), `${prose(doc)}.${more.map((line) => `<p>${prose(line)}</p>`).join("")}`, query(example)]);
  return { path: "operators.html", title: "Operators and null", summary: "What stands between values, and what it makes of null", kind: "page", words: OPERATOR_PAGES.flatMap(({ names }) => names), body: table(["operator", "meaning", "example"], rows) };
}

export function functionsPage(): Page {
  const rows = Object.entries(FUNCTIONS).map(([name, signature]) => [`<span id="${name}">${code(`${name}(${signature.parameters.join(", ")})`)}</span>`, signature.aggregate ? "whole table" : "each row", prose(signature.doc)]);
  return { path: "functions.html", title: "Functions", summary: "What expressions may call", kind: "page", words: ["expression"], body: table(["function", "over", "meaning"], rows) };
}

export function exitCodesPage(): Page {
  const rows = Object.entries(EXIT_CODES).map(([number, meaning]) => [code(number), prose(meaning)]);
  return { path: "exit_codes.html", title: "Exit codes", summary: "What the exit code of saeq means", kind: "page", words: ["status", "return code"], body: table(["code", "when"], rows) };
}

export function commandLinePage(): Page {
  const { commands, flags } = commandTable();
  const flagRows = (some: readonly FlagFacts[]): string => table(["flag", "meaning"], some.map((flag) => [flag.names.map(code).join(" "), `${prose(flag.doc)}${flag.choices.length === 0 ? "" : ` (${flag.choices.map(code).join(" ")})`}`]));
  const body = commands.map((command) => [`<h2 id="${command.name}">${escape(command.name)}</h2>`, `<p>${prose(command.doc.charAt(0).toUpperCase() + command.doc.slice(1))}.</p>`, usageLine(command.usage), ...(command.flags.length === 0 ? [] : [flagRows(command.flags)])].join("\n"));
  return { path: "command_line.html", title: "Command line", summary: "Commands and flags of saeq", kind: "page", words: commands.map((command) => command.name), body: [...body, '<h2 id="flags">Flags of every command</h2>', flagRows(flags)].join("\n") };
}
