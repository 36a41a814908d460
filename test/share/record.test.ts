/** Without these tests a record could differ between equal runs, or tell a stranger who made it. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir, hostname, userInfo } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { fourDigits, floatDigest } from "../../runtime/record/float_digest.ts";
import { nearCount, sameColumns } from "../../runtime/record/compare_columns.ts";
import { nearThreshold } from "../../runtime/record/margin.ts";
import { parseRecord } from "../../runtime/record/read_record.ts";
import { stableJson } from "../../runtime/record/stable_json.ts";
import { valueDigest } from "../../runtime/record/value_digest.ts";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import type { Value } from "../../runtime/data/frame.ts";
import { ROOT } from "../house/files.ts";
import { folder } from "../session/open.ts";
import { saeq } from "./in_process.ts";
import { recorded } from "./recorded.ts";

const sha256 = (bytes: string | Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const CSV = "id,text,score\n1,In the beginning,0.5\n2,And it came to pass,1.25\n3,the king of Israel,2\n";

test("a record names the bytes of script, inputs and outputs, params, seed and margins", async () => {
  const text = 'saeq 1\nparam n: int = 2\nset seed 7\nuse "lib.saeq" as lib\nlet t = csv "t.csv" | lib.kept\nsample t $n | acts layer 7 | top 3 | save "top.csv"\n';
  const cwd = folder({ "t.csv": CSV, "x.saeq": text, "lib.saeq": "def kept(x: table) = x | where score > 0\n" });
  const ran = await saeq(["run", "-A", "--record", "--out", "results", "x.saeq", "--n", "3"], { cwd });
  assert.is(ran.status, 0, ran.stderr);
  assert.match(ran.stderr, /saved .*x\.run\.json/);
  const record = parseRecord(readFileSync(join(cwd, "results/x.run.json"), "utf8"), "x");
  assert.is(record.script.sha256, sha256(text));
  assert.equal(record.inputs.data, { "t.csv": sha256(CSV) });
  assert.equal(record.inputs.modules, { "lib.saeq": sha256("def kept(x: table) = x | where score > 0\n") });
  assert.equal(record.params, { n: { value: "3", given: true } });
  assert.equal(record.seed, { value: "7", given: true });
  assert.equal(Object.keys(record.outputs), ["top.csv"]);
  assert.is(record.outputs["top.csv"]!.sha256, sha256(readFileSync(join(cwd, "results/top.csv"))));
  assert.equal(record.permissions, { read: ["t.csv"], write: ["top.csv"], net: [] });
  assert.equal(record.machine.engine!.used, { ep: "cpu", dtype: "f32" });
  const { stages } = record.statements[0]!;
  assert.equal(stages.map(({ op, rows }) => `${op} ${rows}`).slice(0, 2), ["read 3", "filter 3"]);
  const [margin] = stages.find(({ op }) => op === "rank")!.margins!;
  assert.is(margin!.features.length, 3);
  assert.is(margin!.margin, margin!.scores[2]! - margin!.next!);
  await saeq(["run", "-A", "--record", "--out", "again", "x.saeq", "--n", "3"], { cwd });
  assert.is(readFileSync(join(cwd, "again/x.run.json"), "utf8"), readFileSync(join(cwd, "results/x.run.json"), "utf8"));
});

test("a record and a report name the versions of the same packages", async () => {
  const cwd = folder({ "x.saeq": 'prompts "a" | where matches(text, "a+")\n' });
  assert.is((await saeq(["run", "--record", "x.saeq"], { cwd })).status, 0);
  const { versions } = parseRecord(readFileSync(join(cwd, "x.run.json"), "utf8"), "x").machine;
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { readonly dependencies: Readonly<Record<string, string>> };
  // Patterns are found, tables read, words parsed and figures drawn by packages; those that only draw the prompt change no result.
  assert.is(versions["re2js"], dependencies["re2js"]);
  for (const [name, version] of Object.entries(versions)) if (name !== "saeq" && name !== "node") assert.is(version, dependencies[name], name);
  const report = (await saeq(["export", "x.saeq", "--to", "md", "--output", "-"], { cwd })).stdout;
  for (const [name, version] of Object.entries(versions)) assert.ok(report.includes(`${name} ${version}`), name);
});

test("a folder whose name begins with two dots is below the script's, in a record and in what is told of a script", async () => {
  const cwd = folder({ "x.saeq": 'csv "..data/t.csv" | save "..data/o.csv"\n' });
  mkdirSync(join(cwd, "..data"));
  writeFileSync(join(cwd, "..data/t.csv"), CSV);
  assert.is((await saeq(["run", "-A", "--record", "x.saeq"], { cwd })).status, 0);
  const record = parseRecord(readFileSync(join(cwd, "x.run.json"), "utf8"), "x");
  assert.equal(record.permissions, { read: ["..data/t.csv"], write: ["..data/o.csv"], net: [] });
  const info = JSON.parse((await saeq(["info", "--json", "x.saeq"], { cwd })).stdout) as { readonly inputs: unknown; readonly outputs: unknown; readonly permissions: unknown };
  assert.equal([info.inputs, info.outputs, info.permissions], [["..data/t.csv"], ["..data/o.csv"], "--allow-read=..data/t.csv --allow-write=..data/o.csv"]);
});

test("nothing in a record names the user, the machine or a place on it", async () => {
  const readFrom = folder({ "t.csv": CSV });
  const record = stableJson(await recorded({ text: `csv "${join(readFrom, "t.csv")}" | take 2\ncsv "t.csv" | save "${join(readFrom, "o.csv")}"`, readFrom }));
  for (const word of [homedir(), readFrom, hostname(), process.env["PATH"] ?? "PATH"]) assert.not(record.includes(`${word}/`) || record.includes(`"${word}"`), word);
  if (userInfo().username.length > 4) assert.not.match(record, new RegExp(`\\b${userInfo().username}\\b`));
  assert.match(record, /csv \\"…\/t\.csv\\"/);
});

test("a run that fails leaves no record, and a record that cannot be written is said", async () => {
  const cwd = folder({ "bad.saeq": 'prompts "a" | assert false\n', "fine.saeq": 'prompts "a"\n' });
  assert.is((await saeq(["run", "--record", "bad.saeq"], { cwd })).status, 7);
  assert.throws(() => readFileSync(join(cwd, "bad.run.json")));
  const folderInTheWay = await saeq(["run", "--record", "--out", "fine.saeq", "fine.saeq"], { cwd });
  assert.is(folderInTheWay.status, 2);
});

test("what the stage `cache` and the folder of results kept changes nothing in a record", async () => {
  const readFrom = folder({ "t.csv": CSV });
  const text = 'set seed 1\nlet A = sample (csv "t.csv") 2 | acts layer 7 | cache\nA | top 3';
  const place = { folder: join(folder(), "cache"), limit: 2 ** 30 };
  const [none, first, second] = [await recorded({ text, readFrom }), await recorded({ text, readFrom }, { cache: place }), await recorded({ text, readFrom }, { cache: place })];
  assert.is(stableJson(second), stableJson(first));
  assert.is(stableJson({ ...none, warnings: [] }), stableJson({ ...first, warnings: [] }));
  assert.ok(first.statements[0]!.stages.some(({ op }) => op === "sample"));
});

test("floats are remembered by their bits, by four digits and by their figures", () => {
  const digest = (values: readonly number[]): ReturnType<typeof floatDigest> => floatDigest([{ values: Float64Array.from(values), valid: null }]);
  assert.is(digest([1.00004, 2]).rounded, digest([1.00003, 2]).rounded);
  assert.is.not(digest([1.00004, 2]).bits, digest([1.00003, 2]).bits);
  assert.is.not(digest([1.001, 2]).rounded, digest([1.002, 2]).rounded);
  assert.is.not(digest([1, 2]).rounded, digest([2, 1]).rounded);
  const { count, mean, sd, min, max } = digest([1, 2, 3, Number.NaN, Infinity]);
  assert.equal({ count, mean, min, max }, { count: 3, mean: 2, min: 1, max: 3 });
  assert.ok(Math.abs(sd! - Math.sqrt(2 / 3)) < 1e-12);
  assert.equal(floatDigest([{ values: new Float32Array(0), valid: null }]).mean, null);
  const pieces = floatDigest([{ values: Float64Array.of(1, 2), valid: null }, { values: Float64Array.of(3), valid: null }]);
  assert.equal(pieces, digest([1, 2, 3]));
});

test("many floats: nearly equal ones are equal, two exchanged or one changed are not", () => {
  const values = Float64Array.from({ length: 5000 }, (_, i) => Math.sin(i) * 10);
  const digest = (of: Float64Array) => ({ kind: "table" as const, rows: of.length, digest: "", parts: [{ group: null, rows: of.length, columns: [{ name: "v", type: "float" as const, ...floatDigest([{ values: of, valid: null }]) }] }] });
  const against = (change: (copy: Float64Array) => void): readonly string[] => {
    const copy = values.slice();
    change(copy);
    return sameColumns(digest(values), digest(copy), "equal").what;
  };
  assert.equal(against((copy) => copy.forEach((value, i) => (copy[i] = value * (1 + (i % 2 === 0 ? 9e-5 : -9e-5))))), []);
  assert.match(against((copy) => copy.reverse()).join(), /other values in other places/);
  assert.match(against((copy) => ([copy[1], copy[4]] = [copy[4]!, copy[1]!])).join(), /other values in other places/);
  assert.match(against((copy) => (copy[77]! += 1)).join(), /mean .*, now/);
  assert.match(against((copy) => ((copy[3]! += 1), (copy[22]! -= 1))).join(), /other values in other places/);
});

test("counts may differ by one, or by two in a hundred of the larger", () => {
  assert.equal([[0, 1], [3, 5], [100, 102], [149, 152], [152, 149], [150, 154], [1000, 1021]].map(([a, b]) => nearCount(a!, b!)), [true, false, true, true, true, false, false]);
});

test("near a threshold is what is at most a thousandth above it", () => {
  const near = (...values: number[]) => nearThreshold({ kind: "acts", rows: { document: new Uint32Array(1), position: new Uint32Array(1) }, taps: [{ layer: 7, csr: { indptr: Uint32Array.of(0, values.length), indices: Uint32Array.from(values.keys()), values: Float64Array.from(values) } }] } as unknown as Value, 0.5);
  assert.is(near(0.4999, 0.5, 0.5011, 3)!.count, 0);
  assert.equal(near(0.5, 0.5 + 1e-9, 0.5 + 1e-3, 0.5 + 1.001e-3)!.places.map(({ feature }) => feature), [1, 2]);
});

test("four digits of a number are those that toPrecision gives", () => {
  let state = 12345;
  for (let i = 0; i < 20_000; i++) {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    const value = (state / 2 ** 31 - 0.5) * 10 ** ((i % 600) - 295);
    const shown = Number(value.toPrecision(4));
    const [code, again] = [fourDigits(value), fourDigits(shown)];
    // Halves are rounded by the decimal there and by the quotient here: they may be one apart in the last digit.
    if (Math.abs(code - again) > 1) assert.is(code, again, String(value));
  }
  assert.equal([0, -0, 1, -1, 9999.9, 10000].map((value) => fourDigits(value) === fourDigits(Math.round(value))), [true, true, true, true, true, true]);
});

test("a value's digest tells null from zero, groups by name, and text by its cuts", () => {
  const table = (values: readonly string[], valid: readonly number[] | null = null) => ({ kind: "table" as const, rows: values.length, origin: "x", columns: [{ name: "a", type: "str" as const, values, valid: valid === null ? null : Uint8Array.from(valid) }] });
  const digests = [table(["ab", "c"]), table(["a", "bc"]), table(["", "c"]), table(["", "c"], [0, 1]), { kind: "groups" as const, members: [{ name: "g", value: table(["ab", "c"]) }] }, { kind: "groups" as const, members: [{ name: "h", value: table(["ab", "c"]) }] }].map((value) => valueDigest(value).digest);
  assert.is(new Set(digests).size, digests.length);
  assert.is(valueDigest(table(["ab", "c"], [1, 1])).digest, digests[0]);
});

test("a file that is no record is refused in words, whatever it holds", async () => {
  const whole = readFileSync(join(EXAMPLES, "kjv/training_report.json"), "utf8");
  for (const text of ["", "null", "[]", "{}", '{"record":2}', '{"record":1}', whole, "<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> x", '{"record":1,"script":{"name":1}}']) {
    assert.throws(() => parseRecord(text, "r.json"), (error: Error) => /^r\.json is no record of a run: /.test(error.message), text);
  }
  const cwd = folder({ "x.saeq": 'prompts "a"\n' });
  await saeq(["run", "--record", "x.saeq"], { cwd });
  const record = readFileSync(join(cwd, "x.run.json"), "utf8");
  // Every single field damaged: refused in words, or not looked at.
  const value = JSON.parse(record) as Record<string, unknown>;
  for (const name of Object.keys(value)) {
    for (const damage of [null, 7, "x", [null], { a: null }]) {
      try {
        parseRecord(JSON.stringify({ ...value, [name]: damage }), "r.json");
      } catch (error) {
        assert.match((error as Error).message, /^r\.json is no record/);
      }
    }
  }
  writeFileSync(join(cwd, "x.run.json"), record.slice(0, 200));
  const told = await saeq(["verify", "x.saeq"], { cwd });
  assert.is(told.status, 2);
  assert.match(told.stderr, /is no record of a run: it is not JSON/);
});

test.run();
