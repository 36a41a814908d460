/** Without this file an editor that makes a mistake on the wire, or is gone, would find a server that says nothing, or never ends. */
import { spawn } from "node:child_process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Conversation } from "../../repl/lsp/conversation.ts";
import { Framing, LONGEST_MESSAGE } from "../../repl/lsp/framing.ts";
import { framed, notification, openWire, request, type Wire } from "./wire.ts";

const HELLO = { processId: null, rootUri: null, capabilities: {} };
const AT = { textDocument: { uri: "file:///x.saeq" }, position: { line: 0, character: 0 } };
const hello = request("hello", "initialize", HELLO);

async function greeted(): Promise<Wire> {
  const wire = openWire();
  wire.send(hello, notification("initialized", {}));
  await wire.hear(({ id }) => id === "hello");
  return wire;
}

const wire = await greeted();
let asked = 0;

/** The code and the number of the answer to what cannot be read; then an ordinary question is answered. */
async function refused(...bytes: readonly (string | Buffer)[]): Promise<readonly [code: number | undefined, id: unknown, times: number]> {
  const from = wire.said.length;
  const id = `after ${++asked}`;
  wire.send(...bytes, request(id, "textDocument/hover", AT));
  const after = await wire.hear((each) => each.id === id, from);
  assert.is(after.error, undefined);
  const told = wire.said.slice(from).filter((each) => each.error !== undefined);
  return [told[0]?.error?.code, told[0]?.id, told.length];
}

test("lines in front of a message that cannot be read are told once, and the next message is answered", async () => {
  const heads = ["X-Other: 1\r\n\r\n", "Content-Length: abc\r\n\r\n{}", "Content-Length: -5\r\n\r\n{}", "Content-Length: 2abc\r\n\r\n{}", "Content-Length:\r\n\r\n", "hello world\r\n\r\n", "{}\r\n\r\n{}\r\n\r\n{}\r\n\r\n", "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "Content-Length: 2\r\nContent-Type: application/vscode-jsonrpc; charset=utf-16\r\n\r\n{}", `${"x".repeat(300_000)}`];
  for (const head of heads) assert.equal(await refused(head), [-32700, null, 1], head.slice(0, 60));
});

test("a length that is not sensible costs no memory, and the next message is answered", async () => {
  for (const length of [LONGEST_MESSAGE + 1, "99999999999", "9".repeat(400)]) assert.equal(await refused(`Content-Length: ${length}\r\n\r\n{}`), [-32700, null, 1]);
  const large = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "x", params: { text: "a\\r\\nContent-Length: 5\\r\\n\\r\\n".repeat(3_000_000) } });
  assert.ok(large.length > LONGEST_MESSAGE);
  assert.equal(await refused(framed(large)), [-32700, null, 1]);
});

test("lines may end as on Unix, names of headers be in any case, and empty lines stand between messages", async () => {
  const body = '{"jsonrpc":"2.0","id":"unix","method":"no/such"}';
  assert.equal(await refused(`\r\ncontent-length: ${body.length}\nContent-Type: application/vscode-jsonrpc; charset=utf8\n\n${body}\r\n`), [-32601, "unix", 1]);
});

test("a body that is no message is answered with the code of its mistake", async () => {
  for (const body of ["{nope", "", "{} {}"]) assert.equal(await refused(framed(body)), [-32700, null, 1], body);
  assert.equal(await refused("Content-Length: 4\r\n\r\n", Buffer.from([0x22, 0xff, 0xfe, 0x22])), [-32700, null, 1]);
  for (const body of ["7", "null", '"x"', "{}", '{"jsonrpc":"2.0"}', '{"jsonrpc":"2.0","method":7}', '{"jsonrpc":"2.0","id":null,"method":"x"}', '{"jsonrpc":"2.0","id":{},"method":"x"}', '{"jsonrpc":"1.0","method":"x"}', "[]", '[{"jsonrpc":"2.0","id":1,"method":"x"}]'])
    assert.equal(await refused(framed(body)), [-32600, null, 1], body);
  assert.equal(await refused(framed('{"jsonrpc":"2.0","id":4}')), [-32600, 4, 1]);
  assert.equal(await refused(framed('{"id":5,"method":"textDocument/hover"}')), [-32600, 5, 1]);
  assert.equal(await refused(request(6, "textDocument/hover", "x")), [-32600, 6, 1]);
  assert.equal(await refused(request(7, "textDocument/hover")), [-32602, 7, 1]);
  assert.equal(await refused(request(8, "textDocument/hover", null)), [-32602, 8, 1]);
  assert.equal(await refused(request(9, "textDocument/hover", [1])), [-32602, 9, 1]);
  assert.equal(await refused(request(10, "no/such/method", {})), [-32601, 10, 1]);
  assert.equal(await refused(request("eleven", "$/no/such/method")), [-32601, "eleven", 1]);
  assert.equal(await refused(request(12, "initialize", HELLO)), [-32600, 12, 1]);
});

test("what has no answer gets none, whatever is wrong with it", async () => {
  const from = wire.said.length;
  const wrong = [notification("no/such"), notification("$/no/such", { a: 1 }), notification("$/cancelRequest"), notification("$/cancelRequest", { id: "nobody" }), notification("$/setTrace"), notification("textDocument/didOpen"), notification("textDocument/didOpen", { textDocument: 5 }), notification("textDocument/didOpen", { textDocument: { uri: "file:///o.saeq" } }), notification("textDocument/didChange", {}), notification("textDocument/didChange", { textDocument: { uri: "file:///none.saeq", version: 2 }, contentChanges: [{ text: "x" }] }), notification("textDocument/didChange", { textDocument: { uri: "file:///x.saeq", version: 2 }, contentChanges: [{ range: {}, text: "x" }] }), framed({ jsonrpc: "2.0", id: 77, result: null }), framed({ jsonrpc: "2.0", id: null, error: { code: 1, message: "x" } })];
  assert.equal(await refused(...wrong), [undefined, undefined, 0]);
  assert.equal(wire.said.slice(from).filter(({ id }) => id === undefined), []);
});

test("a message may come byte by byte, cut within a character", async () => {
  const text = 'perfect | where input_text == "жö😀" | takk 3\n';
  const bytes = Buffer.concat([notification("textDocument/didOpen", { textDocument: { uri: "file:///cut.saeq", languageId: "saeq", version: 1, text } }), request("cut", "textDocument/documentSymbol", { textDocument: { uri: "file:///cut.saeq" } })]);
  const from = wire.said.length;
  for (const byte of bytes) {
    wire.send(Buffer.from([byte]));
    await new Promise(setImmediate);
  }
  const { result } = await wire.hear(({ id }) => id === "cut", from);
  assert.match((result as readonly { readonly name: string }[])[0]!.name, "жö😀");
  const framing = new Framing();
  const bodies = [...Buffer.concat([framed("aé"), framed("ü")])].flatMap((byte) => framing.push(Buffer.from([byte])));
  assert.equal(bodies.map((each) => ("body" in each ? each.body.toString() : each.wrong)), ["aé", "ü"]);
});

test("a question that waits and is cancelled is answered with that, and the others as they stand", async () => {
  const from = wire.said.length;
  wire.send(request("a", "textDocument/hover", AT), request("b", "textDocument/hover", AT), notification("$/cancelRequest", { id: "b" }), request("c", "textDocument/hover", AT));
  await wire.hear(({ id }) => id === "c", from);
  assert.is((await wire.hear(({ id }) => id === "b", from)).error?.code, -32800);
  assert.is((await wire.hear(({ id }) => id === "a", from)).result, null);
});

test("before the greeting nothing is answered but refusals, and what is told then is not kept", async () => {
  const second = openWire();
  second.send(request(1, "textDocument/hover", AT), request(2, "no/such"), request(3, "shutdown"), request(4, "initialize"), notification("textDocument/didOpen", { textDocument: { uri: "file:///x.saeq", languageId: "saeq", version: 1, text: "perfect" } }));
  for (const id of [1, 2, 3]) assert.is((await second.hear((each) => each.id === id)).error?.code, -32002);
  assert.is((await second.hear(({ id }) => id === 4)).error?.code, -32602);
  second.send(hello, request(5, "textDocument/hover", AT));
  assert.is((await second.hear(({ id }) => id === 5)).result, null);
  second.send(request(6, "shutdown"), request(7, "textDocument/hover", AT), request(8, "shutdown"), request(9, "no/such"));
  assert.is((await second.hear(({ id }) => id === 6)).result, null);
  for (const id of [7, 8, 9]) assert.is((await second.hear((each) => each.id === id)).error?.code, -32600);
  second.send(notification("exit"));
  assert.is(await second.ended(), 0);
});

test("`exit` ends with 0 after `shutdown` and with 1 without it, and so does the end of the stream, once all is answered", async () => {
  const [early, rude, gone, polite] = [openWire(), openWire(), openWire(), openWire()];
  early.send(notification("exit"));
  rude.send(hello, notification("exit"));
  gone.send(hello, request(1, "no/such"));
  gone.process.stdin!.end();
  polite.send(hello, request(1, "shutdown"));
  polite.process.stdin!.end();
  assert.equal(await Promise.all([early, rude, gone, polite].map((each) => each.ended())), [1, 1, 1, 0]);
  assert.equal(gone.said.map(({ id }) => id), ["hello", 1]);
  assert.equal(polite.said.map(({ id }) => id), ["hello", 1]);
});

test("the server ends when the editor's process is gone, or nobody reads its answers", async () => {
  const editor = spawn(process.execPath, ["-e", ""], { stdio: "ignore" });
  await new Promise((resolve) => editor.once("exit", resolve));
  const [orphan, unheard] = [openWire(), await greeted()];
  orphan.send(request(1, "initialize", { ...HELLO, processId: editor.pid }));
  unheard.process.stdout!.destroy();
  for (let i = 0; i < 3; i++) {
    unheard.send(request(i, "no/such"));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  // 141: as every command of saeq ends whose output nobody reads.
  assert.equal(await Promise.all([orphan.ended(), unheard.ended()]), [1, 141]);
});

test("the order of a conversation is that of the protocol", () => {
  const talk = new Conversation();
  const say = (message: object): unknown => talk.hear(Buffer.from(JSON.stringify({ jsonrpc: "2.0", ...message })));
  assert.is(say({ method: "textDocument/didOpen", params: {} }), null);
  assert.is(talk.exitCode, 1);
  assert.equal(say({ id: 1, method: "initialize", params: HELLO }), { message: { jsonrpc: "2.0", id: 1, method: "initialize", params: HELLO } });
  assert.equal(say({ id: 2, method: "shutdown", params: null }), { message: { jsonrpc: "2.0", id: 2, method: "shutdown" } });
  assert.is(say({ method: "initialized", params: {} }), null);
  assert.equal(say({ method: "exit" }), { message: { jsonrpc: "2.0", method: "exit" } });
  assert.is(talk.exitCode, 0);
});

test.after(() => void wire.process.kill());
test.run();
