/** Without these tests another machine could give another result unseen, or the same one could be called different. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { comparisonLines } from "../../repl/subcommands/verify_report.ts";
import { compareRecords, TIERS, usualTier, type Tier } from "../../runtime/record/compare.ts";
import { parseRecord } from "../../runtime/record/read_record.ts";
import { changedSince } from "../../runtime/record/reasons.ts";
import type { RunRecord } from "../../runtime/record/run_record.ts";
import { stableJson } from "../../runtime/record/stable_json.ts";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { SAEQ } from "../house/program.ts";
import { folder } from "../session/open.ts";
import { saeq } from "./in_process.ts";
import { recorded } from "./recorded.ts";

const scripts = readdirSync(EXAMPLES).filter((name) => name.endsWith(".saeq"));

test("another user, place, time zone, language, umask, number of lanes and state of the cache give the same bits for every example", async () => {
  const place = join(folder(), "another place, ünder spaces");
  mkdirSync(join(place, "kjv"), { recursive: true });
  const read = readdirSync(join(EXAMPLES, "kjv")).filter((name) => /\.(csv|jsonl|jinja)$/.test(name));
  for (const name of [...scripts, "memorization_results_L50_O50.csv", ...read.map((each) => join("kjv", each))]) cpSync(join(EXAMPLES, name), join(place, name));
  const home = folder();
  // A cache that an earlier session filled for some of them.
  const env = { ...process.env, HOME: home, XDG_CACHE_HOME: join(home, "cache"), SAEQ_CACHE: "", TZ: "Pacific/Kiritimati", LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8", USER: "someone", FORCE_COLOR: undefined, NO_COLOR: "1" };
  const verified = async (name: string): Promise<void> => {
    const against = join(folder(), "r.json");
    writeFileSync(against, stableJson(await recorded(join(EXAMPLES, name))));
    const child = spawn("sh", ["-c", 'umask 077; exec "$0" "$@"', process.execPath, SAEQ, "verify", name, "--against", against, "--tier", "identical", "--lanes", "2", "-R"], { cwd: place, env, stdio: ["ignore", "pipe", "pipe"] });
    let told = "";
    child.stdout.on("data", (text) => (told += String(text)));
    child.stderr.on("data", (text) => (told += String(text)));
    const [status] = await once(child, "close");
    assert.is(status, 0, `${name}: ${told}`);
    assert.match(told, /^same: .*tier identical/, `${name}: ${told}`);
  };
  // Two at a time: most of it is waiting for processes to start.
  const queue = [...scripts];
  await Promise.all([0, 1].map(async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) await verified(name);
  }));
});

const CSV = "id,text,score\n1,In the beginning,0.5\n2,And it came to pass,1.25\n3,the king of Israel,2\n4,in those days,3\n";
const TABLES = 'saeq 1\nset seed 7\nparam n: int = 3\nlet t = csv "t.csv"\nt | agg m = mean(score) | save "m.csv"\nsample t $n | take 2\n';
const SCRIPT = 'saeq 1\nset seed 7\nparam n: int = 3\nlet t = csv "t.csv"\nt | agg m = mean(score) | save "m.csv"\nsample t $n | acts layer 7 | tee (top 3) | top 5 by max\n';

test("what was changed is named: data, params, the script; and the first stage that differs", async () => {
  const cwd = folder({ "t.csv": CSV, "x.saeq": TABLES });
  assert.is((await saeq(["run", "-A", "--record", "x.saeq"], { cwd })).status, 0);
  const saved = readFileSync(join(cwd, "m.csv"), "utf8");
  assert.is((await saeq(["verify", "-R", "x.saeq", "--tier", "identical"], { cwd })).status, 0);
  const refused = await saeq(["verify", "x.saeq"], { cwd });
  assert.is(refused.status, 4);
  assert.match(refused.stderr, /to allow it: saeq --ep cpu --no-cache verify --allow-read=t\.csv x\.saeq/);
  const param = await saeq(["verify", "-R", "x.saeq", "--n", "2"], { cwd });
  assert.is(param.status, 6);
  assert.match(param.stdout, /first difference: `sample t \$n`, line 6 \(statement 2 of 2, stage 1 of 2\)\n {2}3 rows, now 2\nwhy it may:\n {2}param n was 3, and is 2\n/);
  writeFileSync(join(cwd, "t.csv"), CSV.replace("1.25", "1.26"));
  const data = await saeq(["verify", "-R", "x.saeq", "--tier", "identical"], { cwd });
  assert.is(data.status, 6);
  assert.match(data.stdout, /first difference: `csv "t\.csv"`, line 4 \(statement 1 of 2, stage 1 of 2\)\n {2}`score` row 2: 1\.25, now 1\.26\n/);
  assert.match(data.stdout, /data file t\.csv has other content/);
  assert.match(data.stdout, /output m\.csv: \d+ bytes with sha256/);
  const json = JSON.parse((await saeq(["verify", "-R", "x.saeq", "--format", "json"], { cwd })).stdout) as { readonly same: boolean; readonly differences: readonly { readonly name: string }[]; readonly changed: readonly string[] };
  assert.is(json.same, false);
  assert.is(json.differences[0]!.name, 'csv "t.csv"');
  assert.ok(json.changed.some((text) => text.startsWith("data file t.csv")));
  assert.is(readFileSync(join(cwd, "m.csv"), "utf8"), saved);
});

test("without a record, with an unknown tier or a script that fails, nothing is claimed", async () => {
  const cwd = folder({ "x.saeq": 'prompts "a"\n', "fails.saeq": 'prompts "a" | assert false\n' });
  const none = await saeq(["verify", "x.saeq"], { cwd });
  assert.is(none.status, 10);
  assert.match(none.stderr, /there is no x\.run\.json .*`saeq run --record x\.saeq` writes one/);
  await saeq(["run", "--record", "x.saeq"], { cwd });
  const fails = await saeq(["verify", "fails.saeq", "--against", "x.run.json"], { cwd });
  assert.is(fails.status, 7);
  assert.is(fails.stdout, "");
  const other = await saeq(["verify", "x.saeq", "--tier", "same"], { cwd });
  assert.is(other.status, 2);
  assert.match(other.stderr, /identical, equal, close/);
});

/** A record with one change, made on the parsed text so that types do not stand in the way. */
function changed(record: RunRecord, change: (draft: any) => void): RunRecord {
  const draft = JSON.parse(JSON.stringify(record)) as RunRecord;
  change(draft);
  return draft;
}

test("each tier allows what it says and nothing more", async () => {
  const record = await recorded({ text: SCRIPT, readFrom: folder({ "t.csv": CSV }) });
  const verdict = (tier: Tier, change: (draft: any) => void): boolean => compareRecords(record, changed(record, change), tier).differences.length === 0;
  const rank = record.statements[1]!.stages.findIndex(({ op }) => op === "rank");
  const aggregate = record.statements[0]!.stages.length - 1;
  const nudge = (factor: number) => (draft: any): void => {
    const stage = draft.statements[0].stages[aggregate];
    const column = stage.parts[0].columns[0];
    stage.digest = column.bits = "0".repeat(64);
    column.values[0] *= factor;
  };
  assert.equal((["identical", "equal", "close"] as const).map((tier) => verdict(tier, () => {})), [true, true, true]);
  assert.equal((["identical", "equal", "close"] as const).map((tier) => verdict(tier, nudge(1 + 5e-5))), [false, true, true]);
  // A table is no matter of devices: `close` asks the same of it as `equal`.
  assert.equal((["identical", "equal", "close"] as const).map((tier) => verdict(tier, nudge(1 + 5e-3))), [false, false, false]);
  const swap = (score: number) => (draft: any): void => {
    const stage = draft.statements[1].stages[rank];
    const margin = stage.margins[0];
    margin.features[2] = 99_999;
    margin.scores[2] = score;
    stage.digest = stage.parts[0].columns[0].bits = "0".repeat(64);
    stage.parts[0].columns[0].values[2] = 99_999;
  };
  const { scores, next } = record.statements[1]!.stages[rank]!.margins![0]!;
  const tie = Math.abs(scores[2]! - next!) <= 1;
  assert.ok(tie, "the example was chosen with a narrow margin");
  assert.equal((["identical", "equal", "close"] as const).map((tier) => verdict(tier, swap(next!))), [false, false, true]);
  assert.is(verdict("close", swap(next! + 50)), false);
  const told = compareRecords(record, changed(record, swap(next!)), "close");
  assert.ok(told.allowed.some((text) => /feature 99999 \(count \d+\) is now among the first 3: a tie/.test(text)), told.allowed.join("\n"));
  const lost = compareRecords(record, changed(record, (draft) => draft.statements[1].stages.pop()), "close");
  assert.match(lost.differences[0]!.what[0]!, /has no such stage/);
  assert.is(compareRecords(record, changed(record, (draft) => delete draft.outputs["m.csv"]), "close").differences[0]!.name, "m.csv");
  assert.is(compareRecords(record, changed(record, (draft) => draft.statements.pop()), "close").differences[0]!.kind, "script");
});

test("a record damaged anywhere is refused in words or compared in words", async () => {
  const record = await recorded({ text: SCRIPT, readFrom: folder({ "t.csv": CSV }) });
  const text = JSON.stringify(record);
  let seed = 1;
  const below = (n: number): number => (seed = (seed * 48_271) % 2_147_483_647) % n;
  const junk = [null, 7, -1, "x", "", "\u001b[2J\n", [], {}, true, 1e308, [null], { a: 1 }, "__proto__", 0];
  const verdicts = { refused: 0, compared: 0 };
  for (let i = 0; i < 500; i++) {
    const draft = JSON.parse(text) as object;
    const places: [any, string][] = [];
    const walk = (value: any): void => Object.keys(value).forEach((name) => {
      places.push([value, name]);
      if (typeof value[name] === "object" && value[name] !== null) walk(value[name]);
    });
    walk(draft);
    const [owner, name] = places[below(places.length)]!;
    if (below(4) === 0) delete owner[name];
    else owner[name] = junk[below(junk.length)];
    let bent: RunRecord;
    try {
      bent = parseRecord(JSON.stringify(draft), "r");
    } catch (error) {
      assert.match((error as Error).message, /^r is no record of a run/);
      verdicts.refused++;
      continue;
    }
    for (const tier of TIERS) comparisonLines(bent, record, compareRecords(bent, record, tier), true).forEach((line) => assert.type(line, "string"));
    verdicts.compared++;
  }
  assert.ok(verdicts.refused > 50 && verdicts.compared > 50, JSON.stringify(verdicts));
});

test("the usual tier is equal on the same device and number type, close on another", async () => {
  const record = await recorded({ text: 'prompts "a" | acts layer 7 | top 3', readFrom: folder() });
  const device = (used: object): RunRecord => changed(record, (draft) => Object.assign(draft.machine.engine.used, used));
  assert.equal([usualTier(record, record), usualTier(record, device({ ep: "cuda" })), usualTier(record, device({ dtype: "bf16" }))], ["equal", "close", "close"]);
  const reasons = changedSince(record, changed(record, (draft) => {
    draft.machine.platform.features = [];
    draft.machine.platform.cpu = "another";
    draft.machine.versions.saeq = "9.9.9";
    draft.settings.threshold = "1";
  }));
  assert.ok(reasons.some((text) => /^threshold was 0, and is 1$/.test(text)));
  assert.ok(reasons.some((text) => /the processor was .*, and is another/.test(text)));
  assert.ok(reasons.some((text) => /^saeq was .*, and is 9\.9\.9$/.test(text)));
});

test.run();
