/** Without this file nobody could see what a query would cost before running it. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Writable } from "node:stream";
import type { PipelineStatement } from "../../grammar/ast.ts";
import type { Plan } from "../../src/ops/op.ts";
import type { Session, Source } from "../../runtime/session/session_port.ts";
import { runsModel } from "../../runtime/execute/value_key.ts";
import { companionsOf } from "../../runtime/passes/companions.ts";
import { parse } from "../../grammar/parse.ts";
import { visible } from "../../grammar/visible.ts";
import { explaining } from "../explaining.ts";
import type { Phase, Request } from "../request.ts";
import { runHeadless } from "../headless.ts";
import { sayDiagnostic } from "../talk.ts";
import { checkShown } from "./check_shown.ts";
import { allGranted, deskOf, folderOf, mistake, openSession, readSource, type Shop } from "./shop.ts";
import { showPhases } from "./phases.ts";
import { wrongParam } from "./run.ts";
import { shellWord } from "../../runtime/data/shell_word.ts";

/** `saeq explain FILE|CODE`: the plan of each pipeline and its cost; with `--phase`, what that phase makes of all of it. */
export async function explain(request: Extract<Request, { kind: "explain" }>, shop: Shop): Promise<number> {
  const isFile = request.target === "-" || existsSync(resolve(shop.cwd, request.target));
  if (!isFile && /\.saeq$/.test(request.target)) {
    await readSource(request.target, shop);
    return 10;
  }
  const [, asked] = isFile ? [] : /^analy[sz]e\s+(.+)$/s.exec(request.target) ?? [];
  if (asked !== undefined) {
    mistake(shop, `\`analyze\` is a flag here: saeq explain --analyze ${shellWord(asked)}`);
    return 2;
  }
  const source = isFile ? await readSource(request.target, shop) : { name: "explain", text: request.target };
  if (source === null) return 10;
  const readFrom = isFile ? folderOf(request.target, shop) : shop.cwd;
  if (request.phase !== null) return explainPhase(request.phase, source, { readFrom, params: request.params }, shop);
  const pipelines = parse(source.text).script.statements.filter((statement) => statement.kind === "pipelineStatement");
  if (pipelines.length === 0) {
    mistake(shop, "there is no pipeline to explain");
    return 2;
  }
  const session = await openSession(shop, { readFrom, grants: allGranted, params: request.params });
  try {
    const wrong = Object.keys(request.params).length === 0 && (shop.options.behind ?? []).length === 0 ? null : wrongParam(source.name, request.params, await checkShown(session, source, shop), shop);
    if (wrong !== null) return wrong;
    return request.json ? await explainJson(session, source, pipelines, request.analyze, shop) : await explainText(session, source, pipelines, request.analyze, shop);
  } finally {
    await session.close();
  }
}

/** One pipeline after another, each under its number and line where there are several; what is said of the whole script is said once. */
async function explainText(session: Session, source: Source, pipelines: readonly PipelineStatement[], analyze: boolean, shop: Shop): Promise<number> {
  for (const [i, pipeline] of pipelines.entries()) {
    const desk = deskOf(shop);
    if (pipelines.length > 1) shop.stdout.write(`${i === 0 ? "" : "\n"}== pipeline ${i + 1} of ${pipelines.length}, line ${lineOf(source.text, pipeline)} ==\n`);
    const code = await runHeadless(session, { name: source.name, text: explaining(source.text, pipelines, pipeline, analyze) }, { ...desk, quiet: desk.quiet || (i > 0 && !analyze) });
    if (code !== 0) return code;
  }
  if (!analyze && pipelines.length > 1) shop.stdout.write(printShared(source, await sharedPasses(session, source, pipelines, shop)));
  return 0;
}

/** Each pipeline is explained as if it stood alone; run as a script, a pass also reads what later lines ask of its texts: those lines. */
async function sharedPasses(session: Session, source: Source, pipelines: readonly PipelineStatement[], shop: Shop): Promise<ReadonlyMap<PipelineStatement, readonly number[]>> {
  const { compiled } = await checkShown(session, source, shop);
  const plans = (compiled?.pipelines ?? []).map(({ plan }) => plan);
  if (plans.length !== pipelines.length || compiled?.scope.settings.cache === "off") return new Map();
  const read = new Set<Plan>();
  return new Map(
    plans.map((plan, i) => {
      const along = runsModel(plan) ? plans.slice(i + 1).filter((later) => !read.has(later) && companionsOf(plan, [later]).size > 0) : [];
      for (const each of along) read.add(each);
      return [pipelines[i]!, along.map((each) => lineOf(source.text, pipelines[plans.indexOf(each)]!))];
    }),
  );
}

function printShared(source: Source, shared: ReadonlyMap<PipelineStatement, readonly number[]>): string {
  const lines = [...shared].filter(([, along]) => along.length > 0).map(([pipeline, along]) => {
    const [of, ask] = along.length === 1 ? ["line", "asks"] : ["lines", "ask"];
    return `the pass of line ${lineOf(source.text, pipeline)} also reads what ${of} ${along.join(", ")} ${ask} of the same texts`;
  });
  return lines.length === 0 ? "" : `\n== the whole script ==\n${lines.join("\n")}\n`;
}

/** An object for one pipeline; for several a list of them, each with its line and the later lines whose questions its pass answers too. */
async function explainJson(session: Session, source: Source, pipelines: readonly PipelineStatement[], analyze: boolean, shop: Shop): Promise<number> {
  const parts: string[] = [];
  const stdout = new Writable({ decodeStrings: false, write: (chunk: string | Buffer, _encoding, done) => (parts.push(String(chunk)), done()) });
  const made: string[] = [];
  for (const pipeline of pipelines) {
    parts.length = 0;
    const code = await runHeadless(session, { name: source.name, text: explaining(source.text, pipelines, pipeline, analyze) }, { ...deskOf(shop), stdout, format: "json" });
    if (code !== 0) return code;
    made.push(parts.join("").trimEnd());
  }
  if (made.length === 1) shop.stdout.write(`${made[0]!}\n`);
  else {
    const shared: ReadonlyMap<PipelineStatement, readonly number[]> = analyze ? new Map() : await sharedPasses(session, source, pipelines, shop);
    const all = pipelines.map((pipeline, i) => ({ line: lineOf(source.text, pipeline), alsoReadsForLines: shared.get(pipeline) ?? [], ...(JSON.parse(made[i]!) as object) }));
    shop.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
  }
  return 0;
}

function lineOf(text: string, { span }: PipelineStatement): number {
  return text.slice(0, span.start).split("\n").length;
}

/** Print a phase; 3 where a mistake keeps the phases behind the tree from being reached. */
async function explainPhase(phase: Phase, source: Source, place: { readonly readFrom: string; readonly params: Readonly<Record<string, string>> }, shop: Shop): Promise<number> {
  const session = await openSession(shop, { ...place, grants: allGranted });
  try {
    const { diagnostics, compiled } = phase === "tokens" || phase === "tree" ? { diagnostics: parse(source.text).diagnostics, compiled: undefined } : await checkShown(session, source, shop);
    const errors = diagnostics.filter((one) => one.severity === "error");
    for (const one of errors) shop.stderr.write(`${sayDiagnostic(one, source, shop.talkLook)}\n`);
    const reached = errors.length === 0 || phase === "tokens" || phase === "tree" || phase === "all";
    if (reached) shop.stdout.write(`${visible(showPhases(phase, source.text, errors.length > 0 ? null : (compiled ?? null)), { keepNewlines: true })}\n`);
    return errors.length > 0 ? 3 : 0;
  } finally {
    await session.close();
  }
}
