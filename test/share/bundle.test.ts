/** Without these tests a bundle could hold too little, tell too much, or write where it likes. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { mainEntity } from "../../runtime/bundle/crate.ts";
import { packed, type PackedFile } from "../../runtime/bundle/pack.ts";
import { unpackBundle } from "../../runtime/bundle/unpack.ts";
import { readZipDirectory } from "../../runtime/checkpoint/zip_directory.ts";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { zip, type Member } from "../checkpoint/archives.ts";
import { modelFolder, saeFolder } from "../session/checkpoints.ts";
import { folder } from "../session/open.ts";
import { saeq } from "./in_process.ts";

const CSV = "id,text,score\n1,In the beginning,0.5\n2,And it came to pass,1.25\n3,the king of Israel,2\n";
const SCRIPT = '## Which are shown\nsaeq 1\nset seed 7\nuse "../lib/kept.saeq" as kept\nlet t = csv "../data/t.csv"\nt | kept.first | sample 2 | save "o.csv"\n';

// What is unpacked lies in a folder of these tests alone, so that what is left of it is seen.
const usual = process.env["TMPDIR"];
// Not while this file is loaded: all files are loaded before the first test runs.
test.before(() => void (process.env["TMPDIR"] = folder()));
test.after(() => {
  if (usual === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = usual;
});

/** A script that reads beside and above itself, locked and recorded. */
async function project(): Promise<string> {
  const root = folder();
  for (const name of ["analysis", "data", "lib"]) mkdirSync(join(root, name));
  writeFileSync(join(root, "analysis/x.saeq"), SCRIPT);
  writeFileSync(join(root, "data/t.csv"), CSV);
  writeFileSync(join(root, "lib/kept.saeq"), "def first(x: table) = x | take 3\n");
  assert.is((await saeq(["run", "-A", "--record", "-q", "--out", "out", "x.saeq"], { cwd: join(root, "analysis") })).status, 0);
  return root;
}

const left = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith("saeq-bundle-") || name.startsWith("saeq-verify-"));

test("a bundle holds all that a script reads and gave, runs frozen elsewhere, and is verified to the bit", async () => {
  const root = await project();
  const cwd = join(root, "analysis");
  const told = await saeq(["bundle", "x.saeq", "--out", "out"], { cwd });
  assert.is(told.status, 0, told.stderr);
  assert.match(told.stderr, /to run it: saeq run --allow-write=o\.csv x\.saeq\.zip --frozen\n/);
  const elsewhere = folder();
  cpSync(join(cwd, "x.saeq.zip"), join(elsewhere, "x.saeq.zip"));
  const before = left();
  const opened = await unpackBundle(join(elsewhere, "x.saeq.zip"));
  const names = readdirSync(opened.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(opened.folder.length + 1)).sort();
  assert.equal(names, ["analysis/saeq.lock", "analysis/x.run.json", "analysis/x.saeq", "data/t.csv", "lib/kept.saeq", "results/o.csv", "ro-crate-metadata.json"]);
  assert.is(opened.script, "analysis/x.saeq");
  const crate = readFileSync(join(opened.folder, "ro-crate-metadata.json"), "utf8");
  assert.not(crate.includes(root) || crate.includes(homedir()));
  const graph = (JSON.parse(crate) as { readonly "@graph": readonly Record<string, unknown>[] })["@graph"];
  assert.equal(graph.find((each) => each["@id"] === "#run")!["result"], [{ "@id": "results/o.csv" }, { "@id": "analysis/x.run.json" }]);
  assert.is(graph.find((each) => each["@id"] === "./")!["description"], "Which are shown");
  opened.remove();
  const looked = await saeq(["info", "x.saeq.zip"], { cwd: elsewhere });
  assert.match(looked.stdout, /^reads {8}\.\.\/data\/t\.csv\nwrites {7}o\.csv\n[^]*permissions {2}--allow-write=o\.csv\n/);
  assert.match((await saeq(["check", "x.saeq.zip"], { cwd: elsewhere })).stderr, /is an archive; a bundle is looked at with `saeq info` and run with `saeq run`/);
  const refused = await saeq(["run", "x.saeq.zip", "--frozen"], { cwd: elsewhere });
  assert.is(refused.status, 4);
  const ran = await saeq(["run", "x.saeq.zip", "--frozen", `--allow-write=${elsewhere}`], { cwd: elsewhere });
  assert.is(ran.status, 0, ran.stderr);
  assert.is(readFileSync(join(elsewhere, "o.csv"), "utf8"), readFileSync(join(cwd, "out/o.csv"), "utf8"));
  const verified = await saeq(["verify", "x.saeq.zip", "--tier", "identical"], { cwd: elsewhere });
  assert.is(verified.status, 0, verified.stdout + verified.stderr);
  assert.equal(left(), before);
});

test("a bundle that --frozen would refuse is told with a line that runs it, and why it would", async () => {
  for (const [text, why] of [
    ["let t = csv \"t.csv\"\nt | take 1\n", /does not say which edition of the language it is written in; its first line should be: saeq 1\n/],
    ["saeq 1\nlet t = csv \"t.csv\"\nt | sample 1\n", /`sample 1` draws other rows in each run, as no seed is set; write `set seed \d+` above it, or give --seed \d+\n/],
  ] as const) {
    const cwd = folder();
    writeFileSync(join(cwd, "t.csv"), CSV);
    writeFileSync(join(cwd, "y.saeq"), text);
    const told = await saeq(["bundle", "y.saeq"], { cwd });
    assert.is(told.status, 0, told.stderr);
    assert.match(told.stderr, why);
    assert.match(told.stderr, /note: run with --frozen it would be refused: /);
    const [, line = ""] = /to run it: saeq (.*)\n/.exec(told.stderr) ?? [];
    const ran = await saeq(line.split(" "), { cwd });
    assert.is(ran.status, 0, ran.stderr);
  }
});

test("what an edited model wrote, and what a feature promotes, is locked, recorded, verified and bundled with model and SAE, and run elsewhere", async () => {
  const [model, sae] = [modelFolder({}), saeFolder({})];
  const place = folder();
  cpSync(model, join(place, "own_model"), { recursive: true });
  cpSync(sae, join(place, "own_sae"), { recursive: true });
  const set = 'saeq 1\nset seed 7\nset guard off\nset model "own_model"\nset sae "own_sae"\n';
  const edited = 'prompts "In the beginning God", "And the king" | steer feature 12 scale 9 | generate max 4 temperature 1 | select generated_continuation_text';
  for (const [name, text] of [["e", edited], ["p", "promotes 12 k 3"], ["l", 'prompts "And the king" | ablate feature 12 | logits top 3']] as const) {
    writeFileSync(join(place, `${name}.saeq`), `${set}${text}\n`);
    const ran = await saeq(["run", "-A", "--record", `${name}.saeq`], { cwd: place });
    assert.is(ran.status, 0, ran.stderr);
    assert.match((await saeq(["info", `${name}.saeq`], { cwd: place })).stdout, /^models {7}own_model\nsaes {9}own_sae\n/m);
    assert.is((await saeq(["lock", `${name}.saeq`], { cwd: place })).status, 0);
    const lock = JSON.parse(readFileSync(join(place, "saeq.lock"), "utf8")) as { readonly scripts: Readonly<Record<string, { readonly models: unknown; readonly saes: unknown }>>; readonly saes: object };
    assert.equal([lock.scripts[`${name}.saeq`]!.models, lock.scripts[`${name}.saeq`]!.saes], [["own_model"], ["own_sae"]], name);
    const verified = await saeq(["verify", "-A", `${name}.saeq`, "--tier", "identical"], { cwd: place });
    assert.is(verified.status, 0, verified.stdout + verified.stderr);
  }
  const asked = `${edited}\nprompts "And the king" | ablate feature 12 | logits top 3\npromotes 12 k 3`;
  writeFileSync(join(place, "shipped.saeq"), `saeq 1\nset seed 7\n${asked}\n`);
  const ran = await saeq(["run", "--record", "shipped.saeq"], { cwd: place });
  assert.is(ran.status, 0, ran.stderr);
  for (const command of ["lock", "bundle"]) assert.is((await saeq([command, "shipped.saeq"], { cwd: place })).status, 0, command);
  const elsewhere = folder();
  cpSync(join(place, "shipped.saeq.zip"), join(elsewhere, "shipped.saeq.zip"));
  assert.match((await saeq(["info", "shipped.saeq.zip"], { cwd: elsewhere })).stdout, /^models {7}kjv\nsaes {9}kjv\n/m);
  const again = await saeq(["run", "shipped.saeq.zip", "--frozen"], { cwd: elsewhere });
  assert.is(again.status, 0, again.stderr);
  assert.is(again.stdout, ran.stdout);
  const verified = await saeq(["verify", "shipped.saeq.zip", "--tier", "identical"], { cwd: elsewhere });
  assert.is(verified.status, 0, verified.stdout + verified.stderr);
});

/** A script about a model and an SAE that are folders beside it, or wherever `at` says. */
function ownProject(root: string, at = "own"): void {
  writeFileSync(join(root, "x.saeq"), `saeq 1\nset seed 7\nset guard off\nset model "${at}/model"\nset sae "${at}/sae"\nprompts "In the beginning God", "And the king" | acts layer 7 | top 3\n`);
}

function ownFolders(root: string): void {
  cpSync(modelFolder({}), join(root, "model"), { recursive: true });
  cpSync(saeFolder({}), join(root, "sae"), { recursive: true });
}

test("folders of models and SAEs come along where that is asked for, stored as they are, and the script finds them where it names them", async () => {
  const root = folder();
  ownFolders(join(root, "own"));
  ownProject(root);
  const ran = await saeq(["run", "-A", "--record", "x.saeq"], { cwd: root });
  assert.is(ran.status, 0, ran.stderr);
  const without = await saeq(["bundle", "x.saeq"], { cwd: root });
  assert.match(without.stderr, /note: own\/model \([\d.]+ [kM]B\), own\/sae \([\d.]+ [kM]B\) are folders of this machine, and not in it; --with-models takes them in\n/);
  assert.ok(readFileSync(join(root, "x.saeq.zip")).length < 20_000);
  const told = await saeq(["bundle", "x.saeq", "--with-models"], { cwd: root });
  assert.is(told.status, 0, told.stderr);
  assert.match(told.stderr, /^packing own\/model \([\d.]+ [kM]B\), own\/sae \([\d.]+ [kM]B\)\nsaved /);
  assert.not.match(told.stderr, /--with-models/);
  const { members } = await readZipDirectory(join(root, "x.saeq.zip"));
  for (const { name, deflated } of members.values()) assert.is(deflated, !name.endsWith(".safetensors"), name);
  assert.equal([...members.keys()].filter((name) => name.startsWith("own/sae/")), ["own/sae/cfg.json", "own/sae/sae_weights.safetensors"]);
  const elsewhere = folder();
  cpSync(join(root, "x.saeq.zip"), join(elsewhere, "x.saeq.zip"));
  rmSync(root, { recursive: true });
  const again = await saeq(["run", "x.saeq.zip", "--frozen"], { cwd: elsewhere });
  assert.is(again.status, 0, again.stderr);
  assert.is(again.stdout, ran.stdout);
  const verified = await saeq(["verify", "x.saeq.zip", "--tier", "identical"], { cwd: elsewhere });
  assert.is(verified.status, 0, verified.stdout + verified.stderr);
  // One bit of the weights.
  const opened = await unpackBundle(join(elsewhere, "x.saeq.zip"));
  const files = [...members.values()].map(({ name }): PackedFile => {
    const content = readFileSync(join(opened.folder, name));
    if (name === "own/sae/sae_weights.safetensors") content[content.length - 1]! ^= 1;
    return { name, size: content.length, content };
  });
  opened.remove();
  const pieces: Uint8Array[] = [];
  for await (const piece of packed(files, { signal: new AbortController().signal })) pieces.push(piece);
  writeFileSync(join(elsewhere, "other.zip"), Buffer.concat(pieces));
  const other = await saeq(["run", "other.zip", "--frozen"], { cwd: elsewhere });
  assert.is(other.status, 5);
  assert.match(other.stderr, /sae_weights\.safetensors: sha256/);
});

test("models above the script keep their place; those that are named by their place on this machine stay away, and that is told", async () => {
  const root = folder();
  ownFolders(join(root, "models"));
  mkdirSync(join(root, "analysis"));
  const cwd = join(root, "analysis");
  ownProject(cwd, "../models");
  assert.is((await saeq(["bundle", "x.saeq", "--with-models"], { cwd })).status, 0);
  const elsewhere = folder();
  cpSync(join(cwd, "x.saeq.zip"), join(elsewhere, "x.saeq.zip"));
  ownProject(cwd, join(root, "models"));
  const refused = await saeq(["bundle", "x.saeq", "--with-models"], { cwd });
  assert.is(refused.status, 1);
  assert.match(refused.stderr, /models\/model is named by its place on this machine; name it relative to the script/);
  const left = await saeq(["bundle", "x.saeq"], { cwd });
  assert.is(left.status, 0);
  assert.match(left.stderr, /models\/sae \([\d.]+ [kM]B\) is not in it, and no other machine has it there; beside the script, named relative to it, --with-models takes it in/);
  rmSync(root, { recursive: true });
  const ran = await saeq(["run", "x.saeq.zip", "--frozen"], { cwd: elsewhere });
  assert.is(ran.status, 0, ran.stderr);
});

test("an SAE that is one file comes with the configuration beside it, which is locked too", async () => {
  const root = folder();
  ownFolders(join(root, "own"));
  writeFileSync(join(root, "x.saeq"), 'saeq 1\nset seed 7\nset guard off\nset model "own/model"\nset sae "own/sae/sae_weights.safetensors"\nprompts "In the beginning God" | acts layer 7 | top 3\n');
  const told = await saeq(["bundle", "x.saeq", "--with-models"], { cwd: root });
  assert.is(told.status, 0, told.stderr);
  const elsewhere = folder();
  cpSync(join(root, "x.saeq.zip"), join(elsewhere, "x.saeq.zip"));
  rmSync(root, { recursive: true });
  const ran = await saeq(["run", "x.saeq.zip", "--frozen"], { cwd: elsewhere });
  assert.is(ran.status, 0, ran.stderr);
});

test("the same files give the same bytes, whenever and wherever", async () => {
  const [one, two] = [await project(), await project()];
  for (const root of [one, two]) assert.is((await saeq(["bundle", "x.saeq", "--out", "out", "-o", "b.zip"], { cwd: join(root, "analysis") })).status, 0);
  assert.ok(readFileSync(join(one, "analysis/b.zip")).equals(readFileSync(join(two, "analysis/b.zip"))));
});

test("what is stale, changed, too far away or too large is not packed in silence", async () => {
  const root = await project();
  const cwd = join(root, "analysis");
  const bundle = (...more: string[]): ReturnType<typeof saeq> => saeq(["bundle", "x.saeq", "--out", "out", ...more], { cwd });
  writeFileSync(join(cwd, "out/o.csv"), "other\n");
  const changed = await bundle();
  assert.is(changed.status, 1);
  assert.match(changed.stderr, /the output o\.csv is not what was recorded; run it again with --record, or leave results out with --no-results/);
  assert.not(existsSync(join(cwd, "x.saeq.zip")));
  assert.is((await bundle("--no-results")).status, 0);
  writeFileSync(join(root, "data/t.csv"), CSV.replace("0.5", "0.6"));
  assert.match((await bundle()).stderr, /t\.csv was changed after x\.run\.json was recorded/);
  const small = await bundle("--no-results", "--data-limit", "10B");
  assert.is(small.status, 0);
  assert.match(small.stderr, /t\.csv \(\d+ B\) is not in it; --data-limit 1MB takes it in/);
  assert.is((await saeq(["run", "x.saeq.zip", "-A", "-q"], { cwd })).status, 10);
  assert.is((await bundle("--data-limit", "much")).status, 2);
  writeFileSync(join(cwd, "x.saeq"), `csv "${join(root, "data/t.csv")}"\n`);
  assert.match((await bundle("--no-results")).stderr, /is named by its place on this machine/);
  const far = folder({ "far.csv": CSV });
  writeFileSync(join(cwd, "x.saeq"), `csv "../../../../../../../../..${far}/far.csv"\n`);
  assert.match((await bundle("--no-results")).stderr, /lies too far apart/);
});

/** The bundle with something of it changed. */
async function remade(path: string, change: (folder: string) => void): Promise<string> {
  const opened = await unpackBundle(path);
  change(opened.folder);
  const files = readdirSync(opened.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry): Member => {
    const at = join(entry.parentPath, entry.name);
    return { name: at.slice(opened.folder.length + 1), content: readFileSync(at), deflate: true };
  });
  opened.remove();
  return join(folder({ "e.zip": zip(files) }), "e.zip");
}

test("results in a bundle that are not those of its record are named when it is verified", async () => {
  const cwd = join(await project(), "analysis");
  await saeq(["bundle", "x.saeq", "--out", "out"], { cwd });
  const path = join(cwd, "x.saeq.zip");
  const forged = await saeq(["verify", await remade(path, (at) => writeFileSync(join(at, "results/o.csv"), "id\n99\n"))], { cwd });
  assert.is(forged.status, 6);
  assert.match(forged.stdout, /^differs: x\.saeq; [^]*first difference: results\/o\.csv of the bundle\n {2}it is not what was recorded: \d+ bytes with sha256 \w+…, in the bundle 6 bytes with \w+…\nwhy it may: this run gives what was recorded, so the file was changed after that\n/);
  const gone = await saeq(["verify", await remade(path, (at) => rmSync(join(at, "results/o.csv"))), "--format", "json"], { cwd });
  assert.is(gone.status, 6);
  assert.equal((JSON.parse(gone.stdout) as { differences: { kind: string; name: string; what: string[] }[] }).differences.map(({ kind, name, what }) => [kind, name, what]), [["result", "results/o.csv", ["it is not in the bundle"]]]);
  const climbing = await saeq(["verify", await remade(path, (at) => {
    const record = join(at, "analysis/x.run.json");
    writeFileSync(record, readFileSync(record, "utf8").replace('"o.csv": {', '"../data/t.csv": {'));
  })], { cwd });
  assert.match(climbing.stdout, /results\/\.\.\/data\/t\.csv of the bundle: it is not in the bundle/);
});

test("a bundle without its lock, run frozen, is told what helps", async () => {
  const cwd = join(await project(), "analysis");
  await saeq(["bundle", "x.saeq", "--out", "out"], { cwd });
  const bare = await remade(join(cwd, "x.saeq.zip"), (at) => rmSync(join(at, "analysis/saeq.lock")));
  const told = await saeq(["run", bare, "--frozen", "-A"], { cwd });
  assert.is(told.status, 5);
  assert.match(told.stderr, /e\.zip has no saeq\.lock in it; make the bundle again where its files are: saeq bundle x\.saeq; or run it without --frozen\n$/);
});

test("a bundle whose lock no longer fits is refused when it is run frozen", async () => {
  const root = await project();
  const cwd = join(root, "analysis");
  await saeq(["bundle", "x.saeq", "--out", "out"], { cwd });
  const evil = await remade(join(cwd, "x.saeq.zip"), (at) => writeFileSync(join(at, "data/t.csv"), CSV.replace("0.5", "0.7")));
  const told = await saeq(["run", evil, "--frozen", "-A"], { cwd });
  assert.is(told.status, 5);
  assert.match(told.stderr, /--frozen refuses it: the bundle was changed after it was made/);
});

const file = (name: string, more: Partial<Member> = {}): Member => ({ name, content: Buffer.from('prompts "a"\n'), ...more });
const hostile: readonly (readonly [string, readonly Member[], RegExp])[] = [
  ["a name that climbs", [file("x.saeq"), file("../evil.txt")], /\.\.\/evil\.txt/],
  ["a name that climbs later", [file("x.saeq"), file("a/../../evil.txt")], /evil\.txt/],
  ["an absolute name", [file("x.saeq"), file("/tmp/evil.txt")], /\/tmp\/evil\.txt/],
  ["a drive", [file("x.saeq"), file("C:evil.txt")], /C:evil/],
  ["backslashes", [file("x.saeq"), file("..\\evil.txt")], /evil\.txt/],
  ["a link", [file("x.saeq"), file("link", { mode: 0o120777, content: Buffer.from("/etc/passwd") })], /holds the link `link`/],
  ["a name twice", [file("x.saeq"), file("x.saeq")], /twice/],
  ["a name twice on some disks", [file("x.saeq"), file("X.saeq")], /twice/],
  ["a file that is a folder", [file("x.saeq"), file("a"), file("a/b")], /as a file and as a folder/],
  ["a name with a control character", [file("x.saeq"), file("a\u001b[2J")], /holds a file named/],
  ["empty parts", [file("x.saeq"), file("a//b")], /holds a file named/],
  ["a bomb", [file("x.saeq"), { name: "zeros", content: Buffer.alloc(20 << 20), deflate: true }], /unpack to 20971520/],
  ["a size that is a lie", [file("x.saeq"), { name: "zeros", content: Buffer.alloc(1 << 19), deflate: true, size: 100 }], /unpacks to more than the 100 bytes/],
  ["another checksum", [file("x.saeq", { crc: 1 })], /do not fit its checksum/],
  ["encryption", [file("x.saeq", { flags: 1 })], /encrypted/],
  ["another method", [file("x.saeq", { method: 12 })], /method 12/],
  ["no script", [file("readme.txt")], /does not say which script/],
  ["two scripts and no metadata", [file("a.saeq"), file("b.saeq")], /does not say which script/],
  ["metadata about a script that is not there", [file("x.saeq"), { name: "ro-crate-metadata.json", content: Buffer.from('{"@graph":[{"@id":"./","mainEntity":{"@id":"../../etc/x.saeq"}}]}') }], /which it does not hold/],
];

test("hostile archives are refused in words, and nothing of them is left", async () => {
  const place = folder();
  const outside = readdirSync(place);
  const before = left();
  for (const [what, members, words] of hostile) for (const wide of [false, true]) {
    const path = join(folder({ "b.zip": zip(members, { wide }) }), "b.zip");
    const told = await saeq(["run", path, "-A"], { cwd: place });
    assert.is(told.status, 1, what);
    assert.match(told.stderr, words, what);
    assert.not.match(told.stderr, /[\u001b]/, what);
  }
  assert.equal(readdirSync(place), outside);
  assert.equal(left(), before);
  assert.not(existsSync("/tmp/evil.txt"));
});

test("an archive that is cut or damaged anywhere is refused or runs as it was", async () => {
  const path = join(folder(), "b.zip");
  const members = [file("x.saeq", { deflate: true }), file("t.csv")];
  for (const whole of [zip(members), zip(members, { wide: true })]) for (let at = 0; at < whole.length; at += 3) {
    const bent = Buffer.from(whole);
    bent[at]! ^= 1 << (at % 8);
    writeFileSync(path, bent);
    const opened = await unpackBundle(path).catch((error: Error) => error);
    if (opened instanceof Error) assert.match((opened as { readonly code?: string }).code ?? opened.stack!, /^broken-bundle$/);
    else {
      assert.is(readFileSync(join(opened.folder, opened.script), "utf8"), 'prompts "a"\n');
      opened.remove();
    }
  }
  const whole = zip(members);
  writeFileSync(path, whole);
  truncateSync(path, whole.length - 30);
  assert.match(String(await unpackBundle(path).catch((error: Error) => error.message)), /is not a zip archive, or its end is missing/);
});

test("packing: what shrinks like a bomb is stored, links to inputs are followed, and other programs read it", async () => {
  const root = folder({ "real.txt": "text" });
  symlinkSync(join(root, "real.txt"), join(root, "link.txt"));
  const files: PackedFile[] = [{ name: "zeros", size: 5 << 20, content: new Uint8Array(5 << 20) }, { name: "link.txt", size: 4, content: { path: join(root, "link.txt") } }, { name: "ünder.saeq", size: 3, content: Buffer.from("a\nb") }];
  const chunks: Uint8Array[] = [];
  for await (const chunk of packed(files, { signal: new AbortController().signal })) chunks.push(chunk);
  writeFileSync(join(root, "p.zip"), Buffer.concat(chunks));
  const opened = await unpackBundle(join(root, "p.zip"));
  assert.is(readFileSync(join(opened.folder, "link.txt"), "utf8"), "text");
  assert.is(readFileSync(join(opened.folder, "zeros")).length, 5 << 20);
  assert.is(opened.script, "ünder.saeq");
  opened.remove();
  assert.equal([mainEntity("{"), mainEntity("null"), mainEntity("[]"), mainEntity('{"@graph":[null,{"@id":"./","mainEntity":{"@id":"a%20b.saeq"}}]}')], [null, null, null, "a b.saeq"]);
  const stopped = new AbortController();
  stopped.abort();
  assert.is(await packed(files, { signal: stopped.signal }).next().then(() => "went on", (error: Error) => error.name), "AbortError");
});

test("the flagship example is bundled, run and verified as one file", async () => {
  const cwd = folder();
  for (const name of ["memorization.saeq", "memorization_results_L50_O50.csv"]) cpSync(join(EXAMPLES, name), join(cwd, name));
  await saeq(["run", "-A", "-q", "--record", "memorization.saeq"], { cwd });
  assert.is((await saeq(["bundle", "memorization.saeq"], { cwd })).status, 0);
  const verified = await saeq(["verify", "memorization.saeq.zip", "--tier", "identical", "--lanes", "1"], { cwd });
  assert.is(verified.status, 0, verified.stdout + verified.stderr);
  assert.match(verified.stdout, /^same: memorization\.saeq, 1 statement, \d+ stages, 2 outputs; tier identical/);
});

test.run();
