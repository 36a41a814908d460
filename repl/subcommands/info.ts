/** Without this file nobody could learn what a script reads, writes and uses before running it. */
import { relative } from "node:path";
import { parse } from "../../grammar/parse.ts";
import { visible, visibleJson } from "../../grammar/visible.ts";
import { SETTINGS } from "../../src/check/settings.ts";
import { modelOf, saesOf } from "../../src/ops/reads_of.ts";
import { plansOf } from "../../src/lint/plans.ts";
import type { Compiled } from "../../src/pipeline.ts";
import type { Checked } from "../../runtime/session/session_port.ts";
import type { Grants } from "../../runtime/permissions/grants.ts";
import type { Request } from "../request.ts";
import { realPath } from "../../runtime/data/admission.ts";
import { inside } from "../../runtime/permissions/inside.ts";
import { denied } from "../../runtime/permissions/permissions.ts";
import { flagLine } from "../permissions.ts";
import { sayDiagnostic } from "../talk.ts";
import { checkShown } from "./check_shown.ts";
import { ownMistakes } from "./checked_scripts.ts";
import { wrongParam } from "./run.ts";
import { openScript, type ScriptPlace } from "./script_place.ts";
import { allGranted, openSession, type Shop } from "./shop.ts";

/** What a script is, as plain data. */
interface Facts {
  readonly file: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly params: Checked["params"];
  readonly models: readonly string[];
  readonly saes: readonly string[];
  /** Settings after the last statement, and what set them: the script, a flag, or nothing. */
  readonly settings: Readonly<Record<string, { readonly value: string; readonly from: "script" | "flag" | "default" }>>;
  readonly permissions: string;
}

/** `saeq info FILE [--permissions] [--json]`: 3 where the script has errors. */
export async function info(request: Extract<Request, { kind: "info" }>, shop: Shop): Promise<number> {
  const place = await openScript(request.file, shop);
  if (typeof place === "number") return place;
  const { source, name, readFrom, granted } = place;
  // What is needed is known without looking at any of it; nobody is asked, and nothing is read but modules and what came in a bundle.
  const grants: Grants = request.permissions ? { read: granted.map(realPath), write: [] } : allGranted;
  const session = await openSession(shop, { readFrom, grants, params: request.params });
  try {
    const checked = await checkShown(session, source, shop);
    const wrong = wrongParam(name, request.params, checked, shop);
    if (wrong !== null) return wrong;
    const errors = ownMistakes(checked, source.text).filter((one) => one.severity === "error");
    for (const one of errors) shop.stderr.write(`${sayDiagnostic(one, source, shop.talkLook)}\n`);
    if (errors.length > 0) return 3;
    const facts = factsOf(name, source.text, checked, place, shop);
    const text = request.permissions ? facts.permissions : request.json ? visibleJson(JSON.stringify(facts, null, 2)) : inWords(facts);
    shop.stdout.write(`${visible(text, { keepNewlines: true })}\n`);
    return 0;
  } finally {
    await session.close();
    place.close();
  }
}

function factsOf(file: string, text: string, checked: Checked, { bundle, granted, readFrom }: ScriptPlace, shop: Shop): Facts {
  const from = bundle ? readFrom : shop.cwd;
  const near = (path: string): string => (bundle || inside(path, from) ? relative(from, path) : path);
  // What came in a bundle may be read by its script.
  const asked = bundle ? denied(checked.needs, { read: granted.map(realPath), write: [], net: [] }) : checked.needs;
  const { models, saes } = checkpointsOf(checked.compiled ?? null);
  const written = new Set(parse(text).script.statements.flatMap((statement) => (statement.kind === "set" ? statement.args.filter((_, i) => i % 2 === 0).map((arg) => text.slice(arg.span.start, arg.span.end)) : [])));
  const settings = checked.compiled?.scope.settings;
  const origin = (name: string): "script" | "flag" | "default" => (written.has(name) ? "script" : Object.hasOwn(shop.options.settings, name) ? "flag" : "default");
  return {
    file,
    inputs: checked.needs.read.map(near),
    outputs: checked.needs.write.map((path) => (bundle ? relative(shop.cwd, path) : near(path))),
    params: checked.params,
    models,
    saes,
    settings: settings === undefined ? {} : Object.fromEntries(Object.entries(SETTINGS).map(([name, spec]) => [name, { value: name === "seed" && origin(name) === "default" ? "chosen for each run" : spec.show(settings), from: origin(name) }])),
    permissions: flagLine(asked, shop.cwd),
  };
}

/** Models and SAEs that the plans name, each once, in order. */
function checkpointsOf(compiled: Compiled | null): { readonly models: readonly string[]; readonly saes: readonly string[] } {
  const models = new Set<string>();
  const saes = new Set<string>();
  for (const { op } of plansOf(compiled)) {
    const model = modelOf(op);
    if (model !== null) models.add(model.name);
    for (const { name } of saesOf(op)) saes.add(name);
  }
  return { models: [...models].sort(), saes: [...saes].sort() };
}

function inWords(facts: Facts): string {
  const row = (name: string, values: readonly string[]): string => `${name.padEnd(13)}${values.length === 0 ? "none" : values.join(", ")}`;
  const width = Math.max(0, ...Object.keys(facts.settings).map((name) => name.length));
  return [
    row("reads", facts.inputs),
    row("writes", facts.outputs),
    row("params", facts.params.map(({ name, type, default: fallback }) => `${name}: ${type}${fallback === null ? " (required)" : ` = ${fallback}`}`)),
    row("models", facts.models),
    row("saes", facts.saes),
    row("permissions", facts.permissions === "" ? [] : [facts.permissions]),
    "settings",
    ...Object.entries(facts.settings).map(([name, { value, from }]) => `  ${name.padEnd(width)}  ${value}  (${from})`),
  ].join("\n");
}
