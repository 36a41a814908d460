/** Without this file an editor would be the first to find out that the language server does not answer. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { CodeAction, CompletionList, Diagnostic, DocumentSymbol, Hover, InitializeResult, Location, MarkupContent, SemanticTokens, SemanticTokensDelta, SignatureHelp, TextEdit, WorkspaceEdit } from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from "vscode-jsonrpc/node";
import { SAEQ } from "../house/program.ts";
import { folder } from "../session/open.ts";
import { caret, startClient } from "./client.ts";

const place = folder({ "runs.csv": "id,score,good\n1,0.5,True\n2,0.75,False\n" });
const client = await startClient(place);
/** Warnings aside, nothing is wrong; something is. */
const clean = (all: readonly Diagnostic[]): boolean => all.every(({ severity }) => severity !== 1);
const wrong = (all: readonly Diagnostic[]): boolean => !clean(all);
const codes = (found: readonly { readonly code?: number | string | undefined }[]): unknown[] => found.map(({ code }) => code);

/** Apply edits to a text, last first. */
function applied(text: string, edits: readonly TextEdit[]): string {
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  const at = ({ line, character }: TextEdit["range"]["start"]): number => starts[line]! + character;
  return edits.toSorted((a, b) => at(b.range.start) - at(a.range.start)).reduce((made, { range, newText }) => made.slice(0, at(range.start)) + newText + made.slice(at(range.end)), text);
}
const changed = (text: string, edit: WorkspaceEdit | null | undefined): string => applied(text, Object.values(edit?.changes ?? {}).flat());
const titles = async (marked: string): Promise<readonly string[]> => {
  const { text, position } = caret(marked);
  return (await client.ask<CompletionList>("completion", client.write("complete.saeq", text), { position })).items.map(({ label }) => label);
};

test("a mistake is told with a fix that mends it", async () => {
  const text = "sample perfect 3 | actz layer 7\n";
  const uri = client.write("mistake.saeq", text);
  const [found] = await client.diagnostics(uri, wrong);
  assert.is(found!.code, "unknown-stage");
  assert.equal(found!.range, { start: { line: 0, character: 19 }, end: { line: 0, character: 23 } });
  const actions = await client.ask<CodeAction[]>("codeAction", uri, { range: found!.range, context: { diagnostics: [found] } });
  assert.is(changed(text, actions.find(({ kind }) => kind === "quickfix")?.edit), "sample perfect 3 | acts layer 7\n");
  assert.is(changed(text, actions.find(({ kind }) => kind === "source.fixAll.saeq")?.edit), "sample perfect 3 | acts layer 7\n");
  assert.equal(await client.ask("codeAction", uri, { range: found!.range, context: { diagnostics: [], only: ["refactor"] } }), []);
  client.write("mistake.saeq", "sample perfect 3 | acts layer 7\n");
  await client.diagnostics(uri, clean);
});

test("columns of a file beside the script become known, and known again when the file changes", async () => {
  const uri = client.write("table.saeq", 'csv "runs.csv" | where scor > 0.1\n');
  const [found] = await client.diagnostics(uri, wrong);
  assert.match(String(found!.message), "columns here: id, score, good");
  writeFileSync(join(place, "runs.csv"), "id,scor\n1,0.5\n");
  await client.connection.sendNotification("workspace/didChangeWatchedFiles", { changes: [] });
  await client.diagnostics(uri, clean);
  writeFileSync(join(place, "runs.csv"), "id,score,good\n1,0.5,True\n2,0.75,False\n");
  await client.connection.sendNotification("workspace/didChangeWatchedFiles", { changes: [] });
  assert.is((await client.diagnostics(uri, wrong))[0]!.code, "unknown-column");
});

test("facts of the shipped model are known without running it", async () => {
  const uri = client.write("model.saeq", "sample perfect 3 | acts layer 99\n");
  assert.is((await client.diagnostics(uri, wrong))[0]!.severity, 1);
});

test("a script that waits for a param, and what rests on it, has no mistakes", async () => {
  const uri = client.write("params.saeq", "param file: path\nparam layer: int\ncsv $file | where anything > 3\nsample perfect 2 | acts layer $layer\nsample perfect 2 | acts layr 7\n");
  assert.equal(codes(await client.diagnostics(uri, wrong)), ["unknown-keyword"]);
});

test("what runs but is seldom meant is a warning, once nothing is wrong", async () => {
  const uri = client.write("lint.saeq", "saeq 1\nlet forgotten = perfect\nperfect | take 3\n");
  const [found] = await client.diagnostics(uri, (all) => all.length > 0);
  assert.is(found!.code, "unused-let");
  assert.is(found!.severity, 2);
  assert.is(found!.range.start.line, 1);
});

test("completion knows names above, columns and stages that fit", async () => {
  await client.diagnostics(client.write("complete.saeq", 'let runs = csv "runs.csv"\nruns | where score > 1\n'), clean);
  const head = 'let runs = csv "runs.csv"\nparam n: int = 3\n';
  assert.ok((await titles(`${head}ru^`)).includes("runs"));
  const columns = await titles(`${head}runs | where ^\nperfect | take 3`);
  assert.ok(["id", "score", "good"].every((each) => columns.includes(each)), columns.join(" "));
  assert.ok((await titles(`${head}runs | take $^`)).includes("$n"));
  const stages = await titles(`${head}runs | ^`);
  assert.ok(stages.includes("where") && !stages.includes("csv") && !stages.includes("overlap"));
  assert.equal(await titles("# a remark ^"), []);
  assert.not.ok((await titles("^\nlet later = perfect")).includes("later"));
});

test("files beside the script and names of models and SAEs are offered where they can stand", async () => {
  assert.equal(await titles('csv "^'), ['runs.csv"']);
  assert.equal(await titles('csv "ru^ns.csv" | take 3'), ["runs.csv"]);
  assert.ok((await titles('set model "k^')).includes('kjv"'));
  assert.ok((await titles('set sae "llama^')).some((each) => each.startsWith("llama")));
});

test("an edit inside a word takes its rest along", async () => {
  const { text, position } = caret("memorization | where mat^ching > 3");
  const { items } = await client.ask<CompletionList>("completion", client.write("complete.saeq", text), { position });
  assert.is(applied(text, [items.find(({ label }) => label === "matching_tokens")!.textEdit as TextEdit]), "memorization | where matching_tokens > 3");
});

test("completion items carry kind, detail, documentation and the word they replace", async () => {
  const { text, position } = caret("perfect | sam^");
  const { items } = await client.ask<CompletionList>("completion", client.write("complete.saeq", text), { position });
  const item = items.find(({ label }) => label === "sample")!;
  assert.is(item.kind, 3);
  assert.ok((item.detail ?? "").length > 10);
  assert.match((item.documentation as MarkupContent).value, "sample <n>");
  assert.equal((item.textEdit as TextEdit).range, { start: { line: 0, character: 10 }, end: { line: 0, character: 13 } });
});

test("hover tells stages, columns, relations and params", async () => {
  const text = async (marked: string): Promise<string> => {
    const at = caret(marked);
    const found = await client.ask<Hover | null>("hover", client.write("complete.saeq", at.text), { position: at.position });
    return found === null ? "" : (found.contents as MarkupContent).value;
  };
  const head = '## the runs of Monday\nlet runs = csv "runs.csv"\n## how many\nparam n: int = 3\n';
  assert.match(await text(`${head}runs | sam^ple $n`), "sample <n>");
  assert.match(await text(`${head}runs | where sc^ore > 0`), "score: float");
  assert.match(await text(`${head}ru^ns | take 3`), /table: id int, score float, good bool[^]*the runs of Monday/);
  assert.match(await text(`${head}runs | take $^n`), /param n: int = 3[^]*how many/);
  assert.match(await text(`${head}runs | derive a = le^n("x")`), "len(str)");
  assert.match(await text("set se^ed 1"), "set seed <number or text>");
  assert.match(await text("perfect | acts la^yer 7"), "layer <int>");
  assert.is(await text(`${head}runs | take ^3`), "");
});

test("definition, references and rename follow a name through the script", async () => {
  const script = "let mine = perfect | take 5\nparam n: int = 3\ngroups a = (sample mine $n), b = (sample non_perfect $n)\n| take 1\n";
  const uri = client.write("names.saeq", script);
  const position = { line: 2, character: 20 };
  const definition = await client.ask<Location>("definition", uri, { position });
  assert.equal(definition, { uri, range: { start: { line: 0, character: 4 }, end: { line: 0, character: 8 } } });
  const uses = await client.ask<Location[]>("references", uri, { position, context: { includeDeclaration: true } });
  assert.equal(uses.map(({ range }) => range.start), [{ line: 0, character: 4 }, { line: 2, character: 19 }]);
  assert.is((await client.ask<Location[]>("references", uri, { position, context: { includeDeclaration: false } })).length, 1);
  const renamed = await client.ask<WorkspaceEdit>("rename", uri, { position: { line: 2, character: 26 }, newName: "count_of" });
  assert.is(changed(script, renamed), script.replaceAll("$n", "$count_of").replace("param n", "param count_of"));
  for (const [newName, why] of [["acts", /is a stage/], ["and", /reserved/], ["n", /already bound/], ["perfect", /comes with saeq/], ["a b", /not a name/]] as const)
    await client.ask("rename", uri, { position, newName }).then(() => assert.unreachable(newName), (error: Error) => assert.match(error.message, why));
  await client.ask("prepareRename", uri, { position: { line: 2, character: 3 } }).then(() => assert.unreachable(), (error: Error) => assert.match(error.message, "not given in this script"));
});

test("a stage of a module is found in its file", async () => {
  writeFileSync(join(place, "best.saeq"), "## The first rows.\ndef first(x: table, k: int = 2) = x | take $k\n");
  const uri = client.write("uses.saeq", 'use "best.saeq" as best\nperfect | best.first k 3\n');
  await client.diagnostics(uri, clean);
  await client.ask("hover", uri, { position: { line: 1, character: 12 } });
  // While the file is read its names are no mistakes, and nothing is known of them.
  let found: Location | null = null;
  for (let tries = 0; found === null && tries < 200; tries++) {
    if (tries > 0) await setTimeout(20);
    found = await client.ask<Location | null>("definition", uri, { position: { line: 1, character: 12 } });
  }
  assert.match(found?.uri ?? "", /best\.saeq$/);
  assert.equal(found?.range, { start: { line: 1, character: 4 }, end: { line: 1, character: 9 } });
});

test("a stage that gets another name, and its keyword, get it in the open scripts that use the module", async () => {
  const text = "## the first rows\ndef leading(x: table, k: int = 2) = x | take $k\n";
  const uses = 'use "leads.saeq" as lib\nperfect | lib.leading k 3\nperfect | tee (lib.leading) | count\ndef leading(x: table) = x | lib.leading k 4\n';
  const module = client.write("leads.saeq", text);
  const [user, other] = [client.write("uses_leads.saeq", uses), client.write("uses_none.saeq", 'use "best.saeq" as best\nperfect | best.first k 3\n')];
  await client.diagnostics(user, clean);
  const stage = await client.ask<WorkspaceEdit>("rename", module, { position: { line: 1, character: 6 }, newName: "first_rows" });
  assert.equal(Object.keys(stage.changes ?? {}).sort(), [module, user].sort());
  assert.is(changed(text, { changes: { [module]: stage.changes![module]! } }), text.replace("leading(", "first_rows("));
  assert.is(changed(uses, { changes: { [user]: stage.changes![user]! } }), uses.replaceAll("lib.leading", "lib.first_rows"));
  const keyword = await client.ask<WorkspaceEdit>("rename", module, { position: { line: 1, character: 22 }, newName: "few" });
  assert.is(changed(uses, { changes: { [user]: keyword.changes![user]! } }), uses.replaceAll(" k ", " few "));
  assert.is(keyword.changes![other], undefined);
});

test("a change that keeps its version number is read all the same", async () => {
  const uri = client.write("version.saeq", "perfect | tak 3\n");
  await client.diagnostics(uri, wrong);
  await client.connection.sendNotification("textDocument/didChange", { textDocument: { uri, version: 1 }, contentChanges: [{ text: "perfect | take 3\n" }] });
  await client.diagnostics(uri, clean);
});

test("hover on the use of a def shows all of its description, and a param is found from its sign on", async () => {
  const uri = client.write("described.saeq", "## The first rows.\n## As many as asked for.\ndef first(x: table, k: int = 2) = x | take $k\nparam n: int = 3\nperfect | first k $n\n");
  const use = await client.ask<Hover>("hover", uri, { position: { line: 4, character: 11 } });
  assert.match((use.contents as MarkupContent).value, /The first rows\.\nAs many as asked for\./);
  assert.match(((await client.ask<Hover>("hover", uri, { position: { line: 4, character: 18 } })).contents as MarkupContent).value, "param n: int = 3");
});

test("signature help marks the argument at the caret", async () => {
  const at = async (marked: string): Promise<string> => {
    const { text, position } = caret(marked);
    const found = await client.ask<SignatureHelp | null>("signatureHelp", client.write("complete.saeq", text), { position });
    const signature = found?.signatures[0];
    const label = signature?.parameters?.[found?.activeParameter ?? 0]?.label;
    return signature === undefined ? "none" : label === undefined ? "keywords" : signature.label.slice(...(label as [number, number]));
  };
  assert.is(await at("perfect | sample ^"), "<n>");
  assert.is(await at("sample perfect ^"), "<n>");
  assert.match(await at("perfect | acts layer ^"), "layer <int>");
  assert.match(await at("sample perfect 3 | acts layer 7 | top 3 by ^"), "by count|");
  assert.is(await at("perfect | take 3 ^"), "keywords");
  assert.is(await at("memorization | describe | derive a = quantile(matching_tokens, ^"), "number");
  assert.is(await at("perfect | where a > 1 and ^"), "<condition>");
  assert.is(await at("^"), "none");
});

test("the outline and the canonical form", async () => {
  const text = "let   a = perfect|take 3\nparam n:int=3\nset seed 1\na|take $n\n";
  const uri = client.write("outline.saeq", text);
  assert.equal((await client.ask<DocumentSymbol[]>("documentSymbol", uri)).map(({ name }) => name), ["a", "n", "set seed 1", "a|take $n"]);
  const options = { tabSize: 2, insertSpaces: true };
  assert.is(applied(text, await client.ask<TextEdit[]>("formatting", uri, { options })), "let a = perfect | take 3\nparam n: int = 3\nset seed 1\na | take $n\n");
  client.write("outline.saeq", "let   a = (perfect|take 3\n");
  assert.equal(await client.ask("formatting", uri, { options }), []);
});

test("formatting keeps the line ends of a file, and finds nothing to do the next time", async () => {
  const options = { tabSize: 2, insertSpaces: true };
  const texts: readonly (readonly [string, string])[] = [
    ["# c\r\n", "# c\r\n"],
    ["# c\r\nperfect|take 3\r\n\r\n\r\nlet  x = perfect", "# c\r\nperfect | take 3\r\n\r\nlet x = perfect\r\n"],
    ["perfect | take 3\r\nnon_perfect | take 3\n", "perfect | take 3\nnon_perfect | take 3\n"],
    ["perfect | take 3 \nnon_perfect | take 3\r\n", "perfect | take 3\nnon_perfect | take 3\n"],
  ];
  for (const [text, wanted] of texts) {
    const uri = client.write("ends.saeq", text);
    const made = TextDocument.applyEdits(TextDocument.create(uri, "saeq", 0, text), await client.ask<TextEdit[]>("formatting", uri, { options }));
    assert.is(made, wanted);
    assert.equal(await client.ask<TextEdit[]>("formatting", client.write("ends.saeq", made), { options }), []);
  }
});

test("semantic tokens name what each word is", async () => {
  const text = 'let a = csv "runs.csv" # remark\na | where score > 1\n';
  const uri = client.write("colours.saeq", text);
  await client.diagnostics(uri);
  const { data } = await client.ask<SemanticTokens>("semanticTokens/full", uri);
  const found: string[] = [];
  let [line, character] = [0, 0];
  for (let i = 0; i < data.length; i += 5) {
    line += data[i]!;
    character = (data[i] === 0 ? character : 0) + data[i + 1]!;
    found.push(`${text.split("\n")[line]!.slice(character, character + data[i + 2]!)}:${data[i + 3]!}`);
  }
  assert.equal(found, ["let:1", "a:3", "=:9", "csv:0", '"runs.csv":6', "# remark:8", "a:3", "|:9", "where:0", "score:2", ">:9", "1:7"]);
});

test("of semantic tokens that the editor has only the difference is told", async () => {
  const lines = Array.from({ length: 50 }, (_, i) => `let a${i} = perfect | take ${i} # r\u00e9sum\u00e9\r\n`);
  const uri = client.write("difference.saeq", lines.join(""));
  let had = await client.ask<SemanticTokens>("semanticTokens/full", uri);
  for (const text of [lines.toSpliced(20, 1).join(""), lines.join("").replace("take 30", "where matching_tokens > 30"), "", lines.join(""), lines.join("")]) {
    client.write("difference.saeq", text);
    const told = await client.ask<SemanticTokens | SemanticTokensDelta>("semanticTokens/full/delta", uri, { previousResultId: had.resultId });
    const data = "edits" in told ? told.edits.toReversed().reduce((all, { start, deleteCount, data: put = [] }) => all.toSpliced(start, deleteCount, ...put), had.data) : told.data;
    had = await client.ask<SemanticTokens>("semanticTokens/full", uri);
    assert.equal(data, had.data);
    assert.ok("edits" in told);
  }
  const unknown = await client.ask<SemanticTokens>("semanticTokens/full/delta", uri, { previousResultId: "none" });
  assert.equal(unknown.data, had.data);
});

test("changes of a part of the text, and places that do not exist", async () => {
  const uri = client.write("part.saeq", "perfect | take 3\n");
  await client.connection.sendNotification("textDocument/didChange", { textDocument: { uri, version: 2 }, contentChanges: [{ range: { start: { line: 0, character: 10 }, end: { line: 0, character: 14 } }, text: "tak" }] });
  const actions = await client.ask<CodeAction[]>("codeAction", uri, { range: { start: { line: 0, character: 0 }, end: { line: 9, character: 9 } }, context: { diagnostics: [] } });
  assert.ok(actions.length > 0);
  const strange = [{ line: -5, character: 1e9 }, { line: 1e12, character: -1 }, { line: null, character: "x" }, undefined, {}];
  for (const position of strange) {
    for (const method of ["completion", "hover", "signatureHelp", "definition", "references"]) await client.ask(method, uri, { position }).catch((error: Error) => assert.ok(error.message.length > 0));
    for (const method of ["prepareRename", "rename"]) await client.ask(method, uri, { position, newName: 7 }).catch((error: Error) => assert.ok(error.message.length > 0));
  }
  assert.is(await client.ask("hover", "file:///no/such/document.saeq", { position: { line: 0, character: 0 } }), null);
  assert.is((await client.ask<CompletionList>("completion", uri, { position: { line: 1, character: 0 } })).items.length > 5, true);
});

test("no prefix of a script stops the server or makes it log a bug", async () => {
  const script = 'saeq 1\n## doc\nparam n: int = 3\nlet runs = csv "runs.csv" types {id: str}\ndef f(x: table, k: int = 2) = x | take $k\ngroups a = (runs | f k $n), b = (sample runs 1)\n| tee (derive s = score * 2, l = len(id) | where s in [1, 2] or not good)\n| count by good; set seed 4\n';
  const uri = client.write("prefix.saeq", "");
  for (let end = 0; end <= script.length; end++) {
    client.write("prefix.saeq", script.slice(0, end));
    const lines = script.slice(0, end).split("\n");
    const position = { line: lines.length - 1, character: lines.at(-1)!.length };
    await Promise.all([
      ...["completion", "hover", "signatureHelp", "definition", "references"].map((method) => client.ask(method, uri, { position })),
      client.ask("semanticTokens/full", uri),
      client.ask("documentSymbol", uri),
      client.ask("formatting", uri, { options: {} }),
      client.ask("codeAction", uri, { range: { start: { line: 0, character: 0 }, end: position }, context: { diagnostics: [] } }),
    ]);
  }
  await client.diagnostics(uri, clean);
});

test("a module that is open is what the editor shows of it, saved or not, and those that use it are told of its changes", async () => {
  writeFileSync(join(place, "few.saeq"), "def one(x: table) = x | take 1\n");
  const user = client.write("uses_few.saeq", 'saeq 1\nuse "few.saeq" as few\nperfect | few.two\n');
  assert.ok(codes(await client.diagnostics(user, wrong)).includes("unknown-stage"));
  const module = client.write("few.saeq", "def one(x: table) = x | take 1\n\ndef two(x: table) = x | take 2\n");
  await client.diagnostics(user, clean);
  client.write("few.saeq", "def one(x: table) = x | take 1\n");
  await client.diagnostics(user, wrong);
  client.write("few.saeq", "def two(x: table) = x | take 2\n");
  await client.diagnostics(user, clean);
  await client.connection.sendNotification("textDocument/didClose", { textDocument: { uri: module } });
  await client.diagnostics(user, wrong);
});

test("the server greets with what it can do, and stops when told", async () => {
  const second = await startClient(place);
  const again = second.connection.sendRequest<InitializeResult>("initialize", { processId: null, rootUri: null, capabilities: {} });
  await again.then(({ capabilities }) => assert.ok(capabilities.hoverProvider), (error: Error) => assert.ok(error.message));
  assert.is(await second.stop(), 0);
  assert.is(client.can.positionEncoding, "utf-16");
  assert.equal(client.logged, []);
  assert.is(await client.stop(), 0);
});

test("what is asked before the greeting, or after the farewell, is refused with the codes of the protocol", async () => {
  const child = spawn(process.execPath, [SAEQ, "lsp"], { stdio: ["pipe", "pipe", "inherit"], cwd: place });
  const connection = createMessageConnection(new StreamMessageReader(child.stdout), new StreamMessageWriter(child.stdin));
  connection.listen();
  const hover = (): Promise<unknown> => connection.sendRequest("textDocument/hover", { textDocument: { uri: "file:///x.saeq" }, position: { line: 0, character: 0 } }).then(() => null, (error: { code?: number }) => error.code);
  assert.is(await hover(), -32002);
  await connection.sendRequest("initialize", { processId: null, rootUri: null, capabilities: {} });
  assert.is(await hover(), null);
  await connection.sendRequest("shutdown");
  assert.is(await hover(), -32600);
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  await connection.sendNotification("exit");
  assert.is(await ended, 0);
});

test.after(() => void client.process.kill());
test.run();
