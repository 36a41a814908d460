/** Without these tests a downloaded model could give other results than the same files in a folder, or more of it could be downloaded than is used. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { SessionEvent } from "../../runtime/session/session_port.ts";
import type { Use } from "../../runtime/permissions/grants.ts";
import type { InnerOptions } from "../../runtime/session/session.ts";
import { bits, open, run, type Ran } from "../session/open.ts";
import { REPOSITORIES } from "./repositories.ts";
import { commitOf, startHub } from "./server.ts";
import { ownFolder } from "../house/own_folder.ts";

const hub = await startHub(REPOSITORIES);
const commit = commitOf(REPOSITORIES["saeq/sharded"]!);
const NAMES = 'set model "hf:saeq/sharded"\nset sae "hf:saeq/saes/layer7/width_4k"\n';
const QUERY = "sample perfect 3 | acts layer 7 last 20 | top 5";

const home = (): string => ownFolder("saeq-hub-");
const envOf = (folder: string): Readonly<Record<string, string>> => ({ HOME: folder, HF_ENDPOINT: hub.url, HF_HOME: join(folder, "hf") });
const snapshot = (folder: string, name: string, file: string): string => join(folder, "hf/hub", `models--saeq--${name}`, "snapshots", commitOf(REPOSITORIES[`saeq/${name}`]!), file);

async function ask(query: string, options: Partial<InnerOptions>, watch?: (event: SessionEvent) => void, signal?: AbortSignal): Promise<Ran> {
  const session = await open({ grants: { read: true, write: true, net: true }, patience: { tries: 2, pause: 1, longest: 1, silence: 2000 }, ...options });
  const ran = await run(session, query, signal, watch);
  await session.close();
  return ran;
}

test("an SAE that a later line asks for is not downloaded before that line", async () => {
  const folder = home();
  const lines = ["set guard off", "let t = (sample perfect 4)", "t | acts layer 7 last 20 | top 5", "t | assert matching_tokens > 1000", 'set sae "hf:saeq/saes/layer7/width_4k"', "t | acts layer 7 last 20 | top 5"];
  const ran = await ask(lines.join("\n"), { env: envOf(folder) });
  assert.equal(ran.codes, ["assertion-failed"]);
  assert.not(existsSync(snapshot(folder, "saes", "layer7/width_4k/sae_weights.safetensors")));
});

test("the same answer as from a folder; of three shards the two that hold the layers", async () => {
  const folder = home();
  const local = await ask(QUERY, {});
  const ran = await ask(NAMES + QUERY, { env: envOf(folder) });
  assert.is(ran.outcome.exitCode, 0, JSON.stringify(ran.outcome.diagnostics));
  const table = (each: Ran): string => { const value = each.values.at(-1)!; assert.is(value.kind, "features"); return bits(value.kind === "features" ? value.table : null); };
  assert.is(table(ran), table(local));
  for (const [shard, there] of [["00001", true], ["00002", true], ["00003", false]] as const) assert.is(existsSync(snapshot(folder, "sharded", `model-${shard}-of-00003.safetensors`)), there, shard);
  assert.ok(ran.notices.some((text) => text.includes(`hf:saeq/sharded is commit ${commit} of main`)), ran.notices.join("\n"));
  const all = await ask(`set model "hf:saeq/sharded@${commit}"\nsample perfect 2 | resid layer 9 last 2`, { env: { ...envOf(folder), HF_HUB_OFFLINE: "1" } });
  assert.equal(all.codes, ["hub-unavailable"], "offline, a layer of the shard that was left out is missed when it is needed");
  assert.is((await ask(NAMES + QUERY, { env: { ...envOf(folder), HF_HUB_OFFLINE: "1" } })).outcome.exitCode, 0, "offline, what is there is enough");
});

test("a chat template comes with the model, the others of it where one is named; no weights for putting texts into them", async () => {
  const folder = home();
  const text = (ran: Ran): unknown => { const value = ran.values.at(-1)!; assert.is(value.kind, "table", JSON.stringify(ran.outcome.diagnostics)); return value.kind === "table" ? value.columns[0]!.values[0] : null; };
  const asked = 'set model "hf:saeq/chat"\nprompts "Who is he?" | chat';
  assert.is(text(await ask(asked, { env: envOf(folder) })), text(await ask('prompts "Who is he?" | chat template "kjv/dialogue.jinja"', {})));
  assert.not(existsSync(snapshot(folder, "chat", "additional_chat_templates/loud.jinja")));
  assert.is(text(await ask(`${asked} named "loud"`, { env: envOf(folder) })), "WHO IS HE?");
  assert.not(existsSync(snapshot(folder, "chat", "additional_chat_templates/README.md")));
  assert.not(existsSync(snapshot(folder, "chat", "model.safetensors")));
  assert.is(text(await ask(`${asked} named "loud"`, { env: { ...envOf(folder), HF_HUB_OFFLINE: "1" } })), "WHO IS HE?");
  const none = await ask('set model "hf:saeq/whole"\nprompts "Who is he?" | chat named "loud"', { env: envOf(folder) });
  assert.equal(none.codes, ["no-chat-template"]);
});

test("of directions no block is asked: none of the model for those near to each other, its unembedding and last norm for the tokens that they promote", async () => {
  const folder = home();
  const there = (): readonly string[] => ["00001", "00002", "00003"].filter((shard) => existsSync(snapshot(folder, "sharded", `model-${shard}-of-00003.safetensors`)));
  const rows = (ran: Ran): string => { const value = ran.values.at(-1)!; assert.is(value.kind, "table", JSON.stringify(ran.outcome.diagnostics)); return bits(value.kind === "table" ? value.columns : null); };
  assert.is(rows(await ask(`${NAMES}similar 769 k 3`, { env: envOf(folder) })), rows(await ask("similar 769 k 3", {})));
  assert.equal(there(), []);
  const options = { env: envOf(folder), cache: { folder: join(folder, "kept"), limit: 2 ** 30 } };
  assert.is((await ask(`${NAMES}promotes 769 k 3 | explain`, options)).outcome.exitCode, 0);
  assert.equal(there(), []);
  const query = `${NAMES}promotes 769 k 3 | cache`;
  assert.is(rows(await ask(query, options)), rows(await ask("promotes 769 k 3", {})));
  assert.equal(there(), ["00001", "00003"]);
  assert.is((await ask(query, { ...options, env: { ...envOf(folder), HF_HUB_OFFLINE: "1" } })).outcome.exitCode, 0);
});

test("`cache` keeps what a model of the hub gave, of which not all is here; and before anything is here, there is nothing kept", async () => {
  const folder = home();
  const options = { env: envOf(folder), cache: { folder: join(folder, "kept"), limit: 2 ** 30 } };
  const query = `${NAMES}sample perfect 3 | acts layer 7 last 20 | cache | top 5`;
  const explained = await ask(`${query} | explain`, options);
  assert.is(explained.outcome.exitCode, 0, JSON.stringify(explained.outcome.diagnostics));
  const first = await ask(query, options);
  assert.is(first.outcome.exitCode, 0, JSON.stringify(first.outcome.diagnostics));
  assert.not(existsSync(snapshot(folder, "sharded", "model-00003-of-00003.safetensors")));
  const again = await ask(query, { ...options, env: { ...envOf(folder), HF_HUB_OFFLINE: "1" } });
  assert.is(bits(again.values.at(-1)), bits(first.values.at(-1)));
});

test("checking and explaining download no weights", async () => {
  const folder = home();
  const session = await open({ grants: { read: true, write: true, net: true }, env: envOf(folder) });
  const checked = await session.check({ name: "t", text: NAMES + QUERY });
  assert.equal(checked.diagnostics, []);
  const explained = await run(session, `${NAMES}${QUERY} | explain`);
  assert.is(explained.outcome.exitCode, 0, JSON.stringify(explained.outcome.diagnostics));
  for (const name of ["model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors"]) assert.not(existsSync(snapshot(folder, "sharded", name)));
  assert.not(existsSync(snapshot(folder, "saes", "layer7/width_4k/sae_weights.safetensors")));
  const ran = await run(session, NAMES + QUERY);
  assert.is(ran.outcome.exitCode, 0, JSON.stringify(ran.outcome.diagnostics));
  assert.is(bits(ran.values.at(-1)), bits((await ask(NAMES + QUERY, { env: envOf(folder) })).values.at(-1)), "a graph that was only looked at is not the one that runs");
  await session.close();
});

test("a mistake in the query is told before anything large is downloaded", async () => {
  const folder = home();
  const ran = await ask(`${NAMES}sample perfect 3 | acts layer 6`, { env: envOf(folder) });
  assert.equal(ran.codes, ["hook-mismatch"]);
  assert.not(existsSync(snapshot(folder, "sharded", "model-00001-of-00003.safetensors")));
});

test("progress in bytes, and Ctrl-C in the middle", async () => {
  const folder = home();
  const stop = new AbortController();
  hub.fault = (seen) => (seen.host === "cdn" && seen.range === null ? { kind: "drop", after: 300_000 } : null);
  const ran = await ask(NAMES + QUERY, { env: envOf(folder), interactive: true }, (event) => event.kind === "progress" && event.unit === "bytes" && event.tokens > 100_000 && stop.abort(), stop.signal);
  hub.fault = () => null;
  assert.is(ran.outcome.exitCode, 130);
  assert.equal(ran.codes, ["cancelled"]);
  assert.is((await ask(NAMES + QUERY, { env: envOf(folder) })).outcome.exitCode, 0);
});

test("a script asks nobody without a grant, and a grant for another host is none", async () => {
  const before = hub.seen.length;
  for (const net of [[], ["huggingface.co"]]) {
    const ran = await ask(NAMES + QUERY, { env: envOf(home()), grants: { read: true, write: [], net } });
    assert.is(ran.outcome.exitCode, 4);
    assert.equal(ran.codes, ["permission-denied", "permission-denied"]);
    assert.match(ran.outcome.diagnostics[0]!.help!, new RegExp(`--allow-net=${new URL(hub.url).host}`));
  }
  assert.is(hub.seen.length, before);
});

test("the host of large files, which the hub sends on to, needs a grant of its own", async () => {
  const [host, elsewhere] = [new URL(hub.url).host, new URL(hub.cdn).host];
  const asked = hub.seen.filter((seen) => seen.host === "cdn").length;
  const uses: Use[] = [];
  const refused = await ask(NAMES + QUERY, { env: envOf(home()), grants: { read: true, write: [], net: [host] }, onUse: (use) => void uses.push(use) });
  assert.is(refused.outcome.exitCode, 4);
  assert.is(refused.outcome.diagnostics[0]!.help, `--allow-net=${elsewhere}`);
  assert.is(hub.seen.filter((seen) => seen.host === "cdn").length, asked);
  assert.ok(uses.some((use) => use.use === "net" && use.host === elsewhere && !use.granted));
  assert.is((await ask(NAMES + QUERY, { env: envOf(home()), grants: { read: true, write: [], net: [host, elsewhere] } })).outcome.exitCode, 0);
  assert.is((await ask(NAMES + QUERY, { env: envOf(home()), grants: { read: true, write: [], net: true, deny: { net: [elsewhere] } } })).outcome.exitCode, 4);
});

test("while somebody types the hub is not asked", async () => {
  const session = await open({ interactive: true, grants: { read: true, write: true, net: true }, env: envOf(home()) });
  await run(session, NAMES);
  const before = hub.seen.length;
  session.complete("sample perfect 3 | acts layer 7 | ", 34);
  await new Promise((done) => setTimeout(done, 100));
  assert.is(hub.seen.length, before);
  assert.is((await run(session, QUERY)).outcome.exitCode, 0);
  await session.close();
});

test.after(() => hub.close());
test.run();
