/** Without these tests nobody would know what a download does when the hub refuses, stalls, lies or breaks off. */
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CheckpointError } from "../../runtime/checkpoint/error.ts";
import { readModel } from "../../runtime/checkpoint/model.ts";
import { hubEnvironment } from "../../runtime/hub/environment.ts";
import { createHub, type Hub, type HubCall, type Opened } from "../../runtime/hub/hub.ts";
import { parseHubName, pinned } from "../../runtime/hub/name.ts";
import type { Patience } from "../../runtime/hub/request.ts";
import { REPOSITORIES } from "./repositories.ts";
import { commitOf, sha256, startHub, type Fault, type Seen } from "./server.ts";
import { ownFolder } from "../house/own_folder.ts";

const hub = await startHub(REPOSITORIES);
const QUICK: Patience = { tries: 4, pause: 1, longest: 2, silence: 400 };
const WHOLE = commitOf(REPOSITORIES["saeq/whole"]!);
const weights = REPOSITORIES["saeq/whole"]!.files["model.safetensors"]!;

interface Bench {
  readonly hub: Hub;
  readonly home: string;
  readonly snapshot: (repository: string, file: string) => string;
}

function bench(env: Readonly<Record<string, string>> = {}, home = ownFolder("saeq-hub-")): Bench {
  const environment = hubEnvironment({ HOME: home, HF_ENDPOINT: hub.url, HF_HOME: join(home, "hf"), ...env });
  return {
    hub: createHub(environment, QUICK),
    home,
    snapshot: (repository, file) => join(environment.cache, `models--${repository.replace("/", "--")}`, "snapshots", commitOf(REPOSITORIES[repository]!), file),
  };
}

const call = (more: Partial<HubCall> = {}): HubCall => ({ signal: new AbortController().signal, network: true, onProgress: () => {}, ...more });

/** Make some answers fail, for the time of one piece of work. */
async function under<T>(fault: (seen: Seen) => Fault | null, work: () => Promise<T>): Promise<{ readonly result: T; readonly seen: readonly Seen[] }> {
  const from = hub.seen.length;
  hub.fault = fault;
  try {
    const result = await work();
    return { result, seen: hub.seen.slice(from) };
  } finally {
    hub.fault = () => null;
  }
}

async function failure(work: Promise<unknown>): Promise<CheckpointError> {
  const error = await work.then(() => null, (cause: unknown) => cause);
  assert.instance(error, CheckpointError);
  return error as CheckpointError;
}

async function fetched(b: Bench, text: string, more: Partial<HubCall> = {}): Promise<Opened> {
  const opened = await b.hub.open("model", text, call(more));
  await b.hub.bring(opened.absent, "download", call(more));
  return opened;
}
const isBlob = (seen: Seen): boolean => seen.host === "cdn" && seen.method === "GET";
/** The first answers of the host of large files fail. `skip` leaves out the request for the header. */
const first = (count: number, fault: Fault, skip = 1) => {
  let at = 0;
  return (seen: Seen): Fault | null => (isBlob(seen) && ++at > skip && at <= skip + count ? fault : null);
};

test("names: repository, folder and revision", () => {
  assert.equal(parseHubName("hf:gpt2"), { repository: "gpt2", folder: "", revision: "main" });
  assert.equal(parseHubName("hf:org/name"), { repository: "org/name", folder: "", revision: "main" });
  assert.equal(parseHubName("hf:org/name@refs/pr/3"), { repository: "org/name", folder: "", revision: "refs/pr/3" });
  assert.equal(parseHubName("hf:org/name/a/b.c@v1.0"), { repository: "org/name", folder: "a/b.c", revision: "v1.0" });
  assert.is(pinned(parseHubName("hf:org/name/a@main"), WHOLE), `hf:org/name/a@${WHOLE}`);
  for (const bad of ["hf:", "hf:/x", "hf:org/", "hf:a b/c", "hf:org/name@", "hf:org/name@../x", "hf:org/../x", "hf:org/name/../x", "hf:org/name/a//b", "hf:o--rg/name", "hf:org/name@a b", "hf:org/na\u202eme"]) {
    try {
      parseHubName(bad);
      assert.unreachable(bad);
    } catch (error) {
      assert.is((error as CheckpointError).code, "hub-name", bad);
    }
  }
});

test("the environment means what it means to huggingface_hub", () => {
  const at = (env: Readonly<Record<string, string>>) => hubEnvironment({ HOME: "/h", ...env });
  assert.is(at({}).endpoint, "https://huggingface.co");
  assert.is(at({}).cache, "/h/.cache/huggingface/hub");
  assert.is(at({ XDG_CACHE_HOME: "/x" }).cache, "/x/huggingface/hub");
  assert.is(at({ HF_HOME: "/y" }).cache, "/y/hub");
  assert.is(at({ HF_HOME: "~/y" }).cache, "/h/y/hub");
  assert.is(at({ HF_HOME: "$HOME/z" }).cache, "/h/z/hub");
  assert.is(at({ HF_HOME: "/y", HF_HUB_CACHE: "/c" }).cache, "/c");
  assert.is(at({ HF_ENDPOINT: "https://mirror.example:8443/" }).host, "mirror.example:8443");
  assert.ok(at({ HF_HUB_OFFLINE: "yes" }).offline);
  assert.not(at({ HF_HUB_OFFLINE: "0" }).offline);
  assert.is(at({ HF_TOKEN: " hf_a\n" }).token, "hf_a");
  const home = ownFolder("saeq-hub-");
  mkdirSync(join(home, "hf"));
  writeFileSync(join(home, "hf", "token"), "hf_file\n");
  assert.is(at({ HF_HOME: join(home, "hf") }).token, "hf_file");
  assert.is(at({ HF_HOME: join(home, "hf"), HF_TOKEN: "hf_env" }).token, "hf_env");
  assert.is(at({ HF_HOME: join(home, "hf"), HF_HUB_DISABLE_IMPLICIT_TOKEN: "1" }).token, null);
  assert.throws(() => at({ HF_ENDPOINT: "not an address" }), /HF_ENDPOINT/);
});

test("checking needs config, tokenizer and a header; weights come later; nothing else comes at all", async () => {
  const b = bench();
  const { result: opened, seen } = await under(() => null, () => b.hub.open("model", "hf:saeq/whole", call()));
  assert.is(opened.commit, WHOLE);
  assert.equal(opened.absent.map(({ file }) => file.path), ["model.safetensors"]);
  assert.ok(existsSync(b.snapshot("saeq/whole", "tokenizer.json")));
  assert.not(existsSync(b.snapshot("saeq/whole", "model.safetensors")));
  for (const path of ["README.md", "pytorch_model.bin", "original"]) assert.not(existsSync(b.snapshot("saeq/whole", path)), path);
  assert.equal(seen.filter(isBlob).map(({ range }) => range), [`bytes=0-${256 * 1024 - 1}`]);
  await b.hub.bring(opened.absent, "download", call());
  assert.is(sha256(readFileSync(b.snapshot("saeq/whole", "model.safetensors"))), sha256(weights));
  assert.ok(lstatSync(b.snapshot("saeq/whole", "model.safetensors")).isSymbolicLink());
  assert.is(readlinkSync(b.snapshot("saeq/whole", "model.safetensors")), `../../blobs/${sha256(weights)}`);
  assert.is(readFileSync(join(b.home, "hf/hub/models--saeq--whole/refs/main"), "utf8"), WHOLE);
  const again = await under(() => null, () => fetched(b, `hf:saeq/whole@${WHOLE}`));
  assert.equal(again.seen, [], "a commit that is here is not asked for again");
});

test("branches, tags and pull requests lead to a commit; progress counts every byte once", async () => {
  for (const revision of ["v1", "refs/pr/3", WHOLE]) {
    let last = { bytes: 0, totalBytes: 0 };
    const opened = await fetched(bench(), `hf:saeq/whole@${revision}`, { onProgress: (_, counts) => (last = counts) });
    assert.is(opened.commit, WHOLE);
    assert.is(last.bytes, weights.length);
    assert.is(last.totalBytes, weights.length);
  }
});

test("a folder of a repository, and only what an SAE needs of it", async () => {
  const b = bench();
  const opened = await b.hub.open("sae", "hf:saeq/saes/layer7/width_4k", call());
  await b.hub.bring(opened.absent, "download", call());
  assert.is(opened.folder, b.snapshot("saeq/saes", "layer7/width_4k"));
  assert.ok(existsSync(join(opened.folder, "sae_weights.safetensors")));
  for (const path of ["layer7/width_4k/sparsity.safetensors", "layer7/width_4k/activations_store_state.safetensors", "README.md"]) assert.not(existsSync(b.snapshot("saeq/saes", path)));
});

test("the token goes to the hub and to no other host", async () => {
  const b = bench({ HF_TOKEN: "hf_secret" });
  const { seen } = await under(() => null, () => fetched(b, "hf:saeq/secret"));
  for (const each of seen) assert.is(each.token, each.host === "hub" ? "Bearer hf_secret" : null, each.path);
  assert.ok(seen.some(({ host }) => host === "cdn"));
});

const REFUSALS: readonly { readonly name: string; readonly text: string; readonly env?: Readonly<Record<string, string>>; readonly code: string; readonly says: RegExp }[] = [
  { name: "no such repository", text: "hf:saeq/nothing", code: "hub-not-found", says: /no repository `saeq\/nothing`.*check the name/s },
  { name: "a private one, without a token", text: "hf:saeq/secret", code: "hub-not-found", says: /or it is private.*HF_TOKEN/s },
  { name: "a private one, with another token", text: "hf:saeq/secret", env: { HF_TOKEN: "hf_other" }, code: "hub-not-found", says: /it may not see a private one/ },
  { name: "a token that is none", text: "hf:saeq/whole", env: { HF_TOKEN: "wrong" }, code: "hub-denied", says: /does not accept the token/ },
  { name: "a gated one, without a token", text: "hf:saeq/gated", code: "hub-denied", says: /is gated.*accept the terms at http.*saeq\/gated.*HF_TOKEN/s },
  { name: "a gated one, terms not accepted", text: "hf:saeq/gated", env: { HF_TOKEN: "hf_other" }, code: "hub-denied", says: /a token was sent; its owner has no access yet/ },
  { name: "no such revision", text: "hf:saeq/whole@v9", code: "hub-not-found", says: /has no revision `v9`/ },
  { name: "no such folder", text: "hf:saeq/saes/layer8", code: "hub-not-found", says: /has no `layer8`/ },
  { name: "an adapter", text: "hf:saeq/adapter", code: "unsupported-architecture", says: /saeq\/adapter holds an adapter.*from_pretrained\("saeq\/adapter"\)/s },
  { name: "GGUF", text: "hf:saeq/packed", code: "unsupported-architecture", says: /saeq\/packed holds m-Q4_K_M\.gguf, and GGUF is not read/ },
  { name: "pickles only", text: "hf:saeq/pickles", code: "pickle-refused", says: /weights\.ckpt.*not downloaded/s },
];
for (const each of REFUSALS) {
  test(`refused: ${each.name}`, async () => {
    const error = await failure(bench(each.env).hub.open("model", each.text, call()));
    assert.is(error.code, each.code, error.message);
    assert.match([error.message, ...error.notes, error.help].join("\n"), each.says);
  });
}
test("a model of torch.save is checked by parts of its file, which comes later; one of torch before 1.6 is refused", async () => {
  const b = bench();
  const opened = await b.hub.open("model", "hf:saeq/torch", call());
  assert.equal(opened.absent.map(({ file }) => file.path), ["pytorch_model.bin"]);
  for (const path of ["pytorch_model.bin", "pytorch_model.bin.index.json"]) assert.not(existsSync(b.snapshot("saeq/torch", path)), path);
  const { spec } = await readModel(opened.folder);
  assert.equal([spec.architecture, spec.blocks.length, spec.embed.dtype], ["gpt_neo", 1, "bf16"]);
  await b.hub.bring(opened.absent, "download", call());
  assert.equal((await readModel(opened.folder)).spec.blocks.length, 1);
  const old = await b.hub.open("model", "hf:saeq/old", call());
  const error = await failure(readModel(old.folder));
  assert.is(error.code, "pickle-refused");
  assert.match(`${error.message} ${error.help}`, /torch before 1\.6.*safetensors/s);
});

test("an accepted token opens the gated repository", async () => {
  assert.is((await fetched(bench({ HF_TOKEN: "hf_accepted" }), "hf:saeq/gated")).absent.length, 1);
});

for (const status of [408, 429, 500, 502, 503, 504]) {
  test(`${status} is tried again, a few times`, async () => {
    const once = await under((seen) => (seen.path.includes("/revision/") && seen.before % 4 === 0 ? { kind: "status", status } : null), () => bench().hub.open("model", `hf:saeq/whole@v1`, call()));
    assert.is(once.result.commit, WHOLE);
    const error = await failure(under((seen) => (seen.path.includes("/tree/") ? { kind: "status", status } : null), () => bench().hub.open("model", "hf:saeq/whole", call())));
    assert.is(error.code, "hub-unavailable");
    assert.match(error.notes.join(), new RegExp(`answered ${status}, 4 times`));
  });
}

test("Retry-After is waited for when it is short, and told when it is long", async () => {
  const started = Date.now();
  await under((seen) => (seen.path.includes("/revision/") && Date.now() - started < 900 ? { kind: "status", status: 429, headers: { "Retry-After": "1" } } : null), () => bench().hub.open("model", "hf:saeq/whole", call()));
  assert.ok(Date.now() - started >= 900);
  const { result: error, seen } = await under((each) => (each.path.includes("/revision/") ? { kind: "status", status: 429, headers: { "Retry-After": "3600" } } : null), () => failure(bench().hub.open("model", "hf:saeq/whole", call())));
  assert.match(error.help, /in 3600 seconds/);
  assert.is(seen.length, 1);
});

test("a dropped connection is taken up where it broke", async () => {
  const b = bench();
  const { seen } = await under(first(3, { kind: "drop", after: 100_000 }), () => fetched(b, "hf:saeq/whole"));
  const starts = seen.filter(isBlob).map(({ range }) => Number(/=(\d+)/.exec(range ?? "=0")![1]));
  assert.is(starts.length, 5);
  assert.ok(starts.slice(2).every((start, i) => start > starts[i + 1]!), starts.join());
  assert.is(sha256(readFileSync(b.snapshot("saeq/whole", "model.safetensors"))), sha256(weights));
});

test("a truncated body is noticed and completed", async () => {
  const b = bench();
  await under(first(2, { kind: "truncate", after: 1000 }), () => fetched(b, "hf:saeq/whole"));
  assert.is(sha256(readFileSync(b.snapshot("saeq/whole", "model.safetensors"))), sha256(weights));
});

test("an endless series of breaks without a byte ends, and keeps what there is", async () => {
  const b = bench();
  const error = await failure(under((seen) => (isBlob(seen) && seen.range === null ? { kind: "drop", after: 5000 } : isBlob(seen) && seen.range!.startsWith("bytes=0-") === false ? { kind: "drop", after: 0 } : null), () => fetched(b, "hf:saeq/whole")));
  assert.is(error.code, "hub-unavailable");
  assert.match(error.notes.join("\n"), /5000 of \d+ bytes are kept/);
  const { seen } = await under(() => null, () => fetched(b, "hf:saeq/whole"));
  assert.ok(seen.some(({ range }) => range === "bytes=5000-"), "the next run goes on from there");
});

test("silence is a broken connection", async () => {
  const { seen } = await under(first(1, { kind: "silence" }), () => fetched(bench(), "hf:saeq/whole"));
  assert.is(seen.filter(isBlob).length, 3);
});

test("an answer that stops in its middle is asked for again: lists and parts of files too", async () => {
  const api = ({ path }: Seen): boolean => path.startsWith("/api/");
  const part = (seen: Seen): boolean => isBlob(seen) && seen.range !== null && !seen.range.endsWith("-");
  for (const [name, which] of [["lists", api], ["parts", part]] as const) {
    let stalled = 0;
    const { seen } = await under((each) => (which(each) && stalled === 0 ? (stalled++, { kind: "stall" }) : null), () => fetched(bench(), "hf:saeq/whole"));
    assert.is(stalled, 1, name);
    assert.ok(seen.length > 0);
  }
  const error = await failure(under((each) => (api(each) ? { kind: "stall" } : null), () => fetched(bench(), "hf:saeq/whole")));
  assert.is(error.code, "hub-unavailable");
  assert.match(error.notes.join("\n"), /no byte within 0\.4 seconds, 4 times/);
});

test("an answer that is no JSON, and a list on this machine that is none", async () => {
  const error = await failure(under(({ path }) => (path.includes("/tree/") ? { kind: "garbage" } : null), () => fetched(bench(), "hf:saeq/whole")));
  assert.is(error.code, "hub-unavailable");
  assert.match(error.message, "in a way that cannot be");
  const b = bench();
  const opened = await fetched(b, "hf:saeq/whole");
  const lists = readdirSync(b.home, { recursive: true, encoding: "utf8" }).filter((name) => /notes.*\.json$|root\.json$/.test(name));
  assert.ok(lists.length > 0);
  for (const list of lists) writeFileSync(join(b.home, list), "[{");
  const again = await bench({ HF_HUB_OFFLINE: "1" }, b.home).hub.open("model", "hf:saeq/whole", call());
  assert.is(again.folder, opened.folder);
});

test("damage is found by the hash, and tried once more", async () => {
  const b = bench();
  await under(first(1, { kind: "damage" }), () => fetched(b, "hf:saeq/whole"));
  assert.is(sha256(readFileSync(b.snapshot("saeq/whole", "model.safetensors"))), sha256(weights));
  const c = bench();
  const error = await failure(under(first(9, { kind: "damage" }), () => fetched(c, "hf:saeq/whole")));
  assert.is(error.code, "download-damaged");
  assert.match(error.notes.join(), new RegExp(sha256(weights)));
  assert.not(existsSync(c.snapshot("saeq/whole", "model.safetensors")));
});

test("damage of a small file is found by git's hash", async () => {
  const error = await failure(under((seen) => (seen.path.endsWith("/tokenizer.json") ? { kind: "damage" } : null), () => bench().hub.open("model", "hf:saeq/whole", call())));
  assert.is(error.code, "download-damaged");
  assert.match(error.notes.join(), /sha1/);
});

test("a server without ranges sends all of it again, one that confuses them is asked again", async () => {
  for (const kind of ["whole", "shift"] as const) {
    const b = bench();
    let at = 0;
    await under((seen) => (!isBlob(seen) ? null : [null, { kind: "drop", after: 3000 } as const, { kind } as const][at++] ?? null), () => fetched(b, "hf:saeq/whole"));
    assert.is(sha256(readFileSync(b.snapshot("saeq/whole", "model.safetensors"))), sha256(weights), kind);
  }
});

test("a server without ranges cannot show a header, and that is said", async () => {
  const error = await failure(under((seen) => (isBlob(seen) ? { kind: "whole" } : null), () => bench().hub.open("model", "hf:saeq/whole", call())));
  assert.match(error.help, /must answer Range requests/);
});

test("stopped in the middle, the part stays and is used", async () => {
  const b = bench();
  const stop = new AbortController();
  const opened = await b.hub.open("model", "hf:saeq/whole", call());
  const stopped = await under(first(1, { kind: "drop", after: 700_000 }, 0), () => b.hub.bring(opened.absent, "download", call({ signal: stop.signal, onProgress: (_, { bytes }) => bytes > 0 && stop.abort() })).then(() => null, (error: Error) => error.name));
  assert.is(stopped.result, "AbortError");
  const part = join(b.home, "hf/hub/models--saeq--whole/blobs", `${sha256(weights)}.saeq.incomplete`);
  const kept = statSync(part).size;
  assert.ok(kept > 0 && kept < weights.length);
  const { seen } = await under(() => null, () => b.hub.bring(opened.absent, "download", call()));
  assert.equal(seen.filter(isBlob).map(({ range }) => range), [`bytes=${kept}-`]);
  assert.not(existsSync(part));
});

test("two downloads of one file at the same time fetch it once", async () => {
  const b = bench();
  const opened = await b.hub.open("model", "hf:saeq/whole", call());
  const { seen } = await under(() => null, () => Promise.all([b.hub.bring(opened.absent, "a", call()), bench({}, b.home).hub.bring(opened.absent, "b", call())]));
  assert.is(seen.filter(isBlob).length, 1);
});

test("redirects: the hub may name another host, that host may not", async () => {
  const elsewhere = await startHub({});
  const b = bench();
  const opened = await b.hub.open("model", "hf:saeq/whole", call());
  const error = await failure(under((seen) => (isBlob(seen) ? { kind: "redirect", to: `${elsewhere.url}/x` } : null), () => b.hub.bring(opened.absent, "download", call())));
  assert.match(error.message, /which the hub did not name/);
  assert.equal(elsewhere.seen, [], "it is not even asked");
  for (const to of ["file:///etc/passwd", "http://user:pass@127.0.0.1:1/", "http://["]) {
    assert.is((await failure(under((seen) => (seen.path.includes("/resolve/") ? { kind: "redirect", to } : null), () => b.hub.bring(opened.absent, "download", call())))).code, "hub-unavailable", to);
  }
  assert.match((await failure(under((seen) => (seen.path.includes("/resolve/") ? { kind: "redirect", to: seen.path } : null), () => b.hub.bring(opened.absent, "download", call())))).message, /more than 5 times/);
  await elsewhere.close();
});

test("offline: what is in the cache is used, what is not is named", async () => {
  const b = bench();
  await fetched(b, "hf:saeq/whole");
  const offline = bench({ HF_HUB_OFFLINE: "1" }, b.home);
  const { result, seen } = await under(() => null, () => offline.hub.open("model", "hf:saeq/whole", call()));
  assert.is(result.commit, WHOLE);
  assert.equal(result.absent, []);
  assert.equal(seen, []);
  const error = await failure(bench({ HF_HUB_OFFLINE: "1" }).hub.open("model", "hf:saeq/whole", call()));
  assert.match([error.message, error.help].join(), /not in the cache.*without HF_HUB_OFFLINE/s);
});

test("a hub that cannot be reached: the branch is taken as last seen, and that is said", async () => {
  const b = bench();
  await fetched(b, "hf:saeq/whole");
  const opened = await bench({ HF_ENDPOINT: "http://127.0.0.1:9" }, b.home).hub.open("model", "hf:saeq/whole", call());
  assert.is(opened.commit, WHOLE);
  assert.match(opened.notes.join(), /as it was when last seen/);
  const error = await failure(bench({ HF_ENDPOINT: "http://127.0.0.1:9" }).hub.open("model", "hf:saeq/whole", call()));
  assert.is(error.code, "hub-unavailable");
});

test("the cache is the one that huggingface_hub writes: paths, links and bytes (check_python.py made the list)", async () => {
  const b = bench();
  for (const revision of ["main", "refs/pr/3"]) await fetched(b, `hf:saeq/whole@${revision}`);
  const cache = join(b.home, "hf/hub");
  const found = readdirSync(cache, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path): [string, string] => [path.slice(cache.length + 1), lstatSync(path).isSymbolicLink() ? `-> ${readlinkSync(path)}` : sha256(readFileSync(path))]);
  const theirs = JSON.parse(readFileSync(join(import.meta.dirname, "python_layout.json"), "utf8")) as Record<string, string>;
  assert.equal(Object.fromEntries(found.sort(([x], [y]) => (x < y ? -1 : 1))), Object.fromEntries(Object.entries(theirs).sort(([x], [y]) => (x < y ? -1 : 1))));
});

test.after(() => hub.close());
test.run();
