/** Without these tests a long document could keep an editor waiting for what is quick. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { CompletionList, Diagnostic, SemanticTokens } from "vscode-languageserver/node";
import { CancellationTokenSource } from "vscode-jsonrpc/node";
import { folder } from "../session/open.ts";
import { startClient } from "./client.ts";

const client = await startClient(folder({}));
const LINES = 12_000;
const text = `saeq 1\nlet all = perfect | take 42\n${Array.from({ length: LINES / 2 }, (_, i) => `let rows_${i} = all | where matching_tokens > ${i % 40} | take ${i + 1}\nrows_${i} | count\n`).join("")}`;
const uri = client.write("long.saeq", text);
const codeOf = (error: unknown): number | undefined => (error as { readonly code?: number }).code;
/** A value at the top that all others are made of: they are worked out anew. */
const changed = (digit: number): Promise<unknown> => client.changed(uri, { range: { start: { line: 1, character: 25 }, end: { line: 1, character: 26 } }, text: `${digit}` });
const tokens = (): Promise<SemanticTokens> => client.ask<SemanticTokens>("semanticTokens/full", uri);

test("what is quick is answered while something slow is worked out", async () => {
  await client.diagnostics(uri, (all) => all.every(({ severity }) => severity !== 1));
  await tokens();
  const order: string[] = [];
  const note = (name: string) => (): void => void order.push(name);
  const told = changed(3);
  const slow = tokens().then(note("colours"));
  const quick = client.ask<CompletionList>("completion", uri, { position: { line: 1, character: 11 } }).then(note("completion"));
  await Promise.all([told, slow, quick]);
  assert.equal(order, ["completion", "colours"]);
});

test("what is asked of a document that is changed before the answer is there is answered with that, and then anew", async () => {
  void changed(4);
  const old = tokens().then(() => assert.unreachable(), codeOf);
  const told = changed(5);
  assert.is(await old, -32801);
  assert.ok((await tokens()).data.length > 5 * LINES);
  await told;
});

test("work that nobody waits for any more is left", async () => {
  const told = changed(6);
  const source = new CancellationTokenSource();
  const asked = client.connection.sendRequest("textDocument/semanticTokens/full", { textDocument: { uri } }, source.token).then(() => assert.unreachable(), codeOf);
  // By then it is being worked on.
  await client.connection.sendRequest("no/such/method").catch(codeOf);
  source.cancel();
  assert.is(await asked, -32800);
  await told;
});

test("after many changes all is told as of the last text", async () => {
  let found: readonly Diagnostic[] = [];
  for (const typed of ["x", "y", ""]) {
    const line = LINES / 2;
    void client.changed(uri, { range: { start: { line, character: 4 }, end: { line, character: 4 } }, text: typed });
    found = await client.diagnostics(uri);
  }
  assert.ok(found.some(({ severity }) => severity === 1));
  for (let i = 0; i < 2; i++) void client.changed(uri, { range: { start: { line: LINES / 2, character: 4 }, end: { line: LINES / 2, character: 5 } }, text: "" });
  await client.diagnostics(uri, (all) => all.every(({ severity }) => severity !== 1));
  assert.equal(client.logged, []);
  assert.is(await client.stop(), 0);
});

test.after(() => void client.process.kill());
test.run();
