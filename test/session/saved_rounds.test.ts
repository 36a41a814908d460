/** Without this file activations that are written as rounds of texts come could differ from those that are held, run the model twice, or be left half. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parquetMetadata } from "hyparquet";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { InnerOptions } from "../../runtime/session/session.ts";
import type { Session, SessionEvent } from "../../runtime/session/session_port.ts";
import { wrongSae } from "../guard/wrong_sae.ts";
import { saeFolder } from "./checkpoints.ts";
import { folder, open, run } from "./open.ts";

/** Texts of very different lengths, in no order: batches are dealt longest first. */
const LINES = Array.from({ length: 24 }, (_, i) => `${i},"${Array.from({ length: 1 + ((i * 7) % 13) }, (_, word) => ["in the beginning", "=and", "the LORD said", "unto him"][(i + word) % 4]!).join(" ")}"\n`);
const FILES = { "in.csv": `n,text\n${LINES.join("")}`, "many.csv": `n,text\n${Array.from({ length: 8 }, () => LINES.join("")).join("")}` };

interface Asked {
  readonly codes: readonly string[];
  /** What was written, by name. */
  readonly files: Readonly<Record<string, string>>;
  /** Headers, notices and what was saved, in order. */
  readonly said: readonly string[];
  readonly kinds: readonly string[];
  /** How often the model went through all texts. */
  readonly passes: number;
  readonly told: string;
}

interface Asking {
  readonly at: string;
  readonly ask: (script: string, signal?: AbortSignal, watch?: (event: SessionEvent) => void) => Promise<Asked>;
  readonly close: Session["close"];
}

/** A session in a folder of its own; what a script writes is taken away behind it, but for `kept.csv`. */
async function asking(options: Partial<InnerOptions>): Promise<Asking> {
  const at = folder({ ...FILES, "kept.csv": "old" });
  const session = await open({ readFrom: at, writeTo: at, settings: { seed: "42", cache: "off" }, ...options });
  return {
    at,
    close: session.close,
    ask: async (script, signal, watch) => {
      const { codes, events, values, outcome } = await run(session, script, signal, watch);
      const written = readdirSync(at).filter((name) => !Object.hasOwn(FILES, name) && (name !== "kept.csv" || readFileSync(join(at, name), "utf8") !== "old"));
      const files = Object.fromEntries(written.map((name) => [name, readFileSync(join(at, name), "latin1")]));
      for (const name of written) rmSync(join(at, name));
      writeFileSync(join(at, "kept.csv"), "old");
      return {
        codes,
        files,
        said: events.flatMap((event) => (event.kind === "notice" ? [event.text] : event.kind === "result" ? [event.header] : event.kind === "saved" ? [`${event.path.slice(at.length)} ${event.detail}`] : [])),
        kinds: values.map((value) => (value.kind === "groups" ? (value.members[0]?.value.kind ?? "groups") : value.kind)),
        passes: events.filter((event) => event.kind === "progress" && event.unit === undefined && event.documents > 0 && event.documents === event.totalDocuments).length,
        told: outcome.diagnostics.map(({ message, span }) => `${message} at ${script.slice(span.start, span.end)}`.replace(at, "")).join("; "),
      };
    },
  };
}

const ROUNDS: Partial<InnerOptions> = { savedUnseen: true, roundTexts: 7, engine: { lanes: 2, threads: 1 } };
const [rounds, held, large] = [await asking(ROUNDS), await asking({}), await asking({ savedUnseen: true })];
test.after(async () => {
  for (const each of [rounds, held, large]) await each.close();
});

const third = saeFolder({ hook: "blocks.2.hook_resid_post" });
const TWO = `set guard off\nset sae ${JSON.stringify(third)}, "kjv"\n`;

/** Scripts, and the kinds of the values that are shown: what was let go is "reduced". */
const SCRIPTS = [
  ['csv "in.csv" | acts layer 7 last 20 | save "out.F"', ["reduced"]],
  ['groups a = (csv "in.csv" | take 9), none = (csv "in.csv" | take 0), b = (csv "in.csv" | skip 19) | acts layer 7 last 9 | save "out.F"', ["reduced"]],
  ['csv "in.csv" | acts layer 7 last 3 | tee (top 5) | tee (save "side.F") | save "out.F"', ["features", "reduced", "reduced"]],
  ['csv "in.csv" | acts layer 7 last 3 | save "out.F" | stats', ["table"]],
  ['csv "in.csv" | take 0 | acts layer 7 | save "out.F"', ["reduced"]],
  [`${TWO}csv "in.csv" | acts layer 2, 7 last 9 | save "out.F"`, ["reduced"]],
  [`${TWO}groups a = (csv "in.csv" | take 9), none = (csv "in.csv" | take 0), b = (csv "in.csv" | skip 15) | acts layer 2, 7 last 5 | tee (top 3) | tee (save "side.F") | save "out.F"`, ["features", "reduced", "reduced"]],
  ['csv "in.csv" | derive odd = n % 2, short = len(text) < 30 | group odd, short | acts layer 7 last 3 | save "out.F"', ["reduced"]],
  ['csv "in.csv" | where n < 0 | group n | acts layer 7 | save "out.F"', ["groups"]],
] as const;

for (const format of ["csv", "tsv", "jsonl", "json", "parquet"]) {
  test(`${format}: the same bytes, notices, headers and order of effects round by round as at once, and nothing is held`, async () => {
    for (const [script, kinds] of SCRIPTS) {
      const text = script.replaceAll(".F", `.${format}`);
      const [some, whole] = [await rounds.ask(text), await held.ask(text)];
      assert.equal([some.codes, whole.codes], [[], []], text);
      assert.ok(Object.hasOwn(whole.files, `out.${format}`), text);
      assert.equal(some.files, whole.files, text);
      assert.equal(some.said, whole.said, text);
      assert.equal(some.kinds, kinds, text);
    }
  });
}

test("rows of more than one chunk stand in the same row groups, and texts in their order, in one round too", async () => {
  const text = 'csv "many.csv" | acts layer 7 | save "out.parquet"';
  const [some, whole, one] = [await rounds.ask(text), await held.ask(text), await large.ask(text)];
  assert.equal(some.files, whole.files);
  assert.equal(one.files, whole.files);
  const groupsOf = ({ files }: Asked): number => parquetMetadata(new Uint8Array(Buffer.from(files["out.parquet"]!, "latin1")).buffer).row_groups.length;
  assert.ok(groupsOf(some) > 1, "a single row group shows nothing");
  const layers = `${TWO}csv "many.csv" | acts layer 2, 7 | save "out.parquet"`;
  const [both, bothHeld] = [await rounds.ask(layers), await held.ask(layers)];
  assert.equal(both.files, bothHeld.files);
  assert.ok(groupsOf(both) > groupsOf(some), "each layer has its own");
});

test("rows of a streamed file become activations in a file, neither is held", async () => {
  const streamed = await asking({ ...ROUNDS, streamBytes: 1000 });
  const text = 'csv "in.csv" | where n > 3 | acts layer 7 last 9 | save "out.csv"';
  const some = await streamed.ask(text);
  await streamed.close();
  const whole = await held.ask(text);
  assert.equal([some.files, some.said], [whole.files, whole.said]);
  assert.equal(some.kinds, ["reduced"]);
});

test("what is saved and summed up is one pass; pipelines of their own are passes of their own", async () => {
  const one = await large.ask('csv "in.csv" | acts layer 7 last 4 | tee (top 5) | tee (save "side.csv") | save "out.csv"');
  assert.is(one.passes, 1);
  assert.equal(Object.keys(one.files).sort(), ["out.csv", "side.csv"]);
  // What a file was made of is not there for another.
  const two = await large.ask('let a = csv "in.csv" | acts layer 7 last 4\na | stats\na | save "out.csv"\na | save "again.csv"');
  assert.is(two.passes, 3);
  assert.is(two.files["again.csv"], two.files["out.csv"]);
  assert.is(two.files["out.csv"], one.files["out.csv"]);
});

test("in the end it is told once how many texts were run, and how many were known", async () => {
  const session = await asking({ ...ROUNDS, interactive: true, settings: { seed: "42", cache: "memory" } });
  const told: string[] = [];
  const watch = (event: SessionEvent): void => {
    if (event.kind === "finished") told.push(event.detail);
    if (event.kind === "progress" && event.unit === undefined && event.documents === event.totalDocuments) told.push(`${event.documents} run`);
  };
  await session.ask('csv "in.csv" | take 10 | acts layer 7 last 2 | top 5', undefined, watch);
  await session.ask('csv "in.csv" | acts layer 7 last 2 | top 5', undefined, watch);
  await session.ask('csv "in.csv" | acts layer 7 last 2 | stats', undefined, watch);
  await session.close();
  assert.equal(told.filter((each) => !each.includes("tokens")), ["10 run", "14 run", "24 texts, cached"]);
});

test("whoever needs the activations gets them: contexts of them, the REPL, a record", async () => {
  const both = await rounds.ask('csv "in.csv" | acts layer 7 last 3 | tee (save "side.csv") | top 2 | contexts k 3');
  assert.equal([both.codes, Object.keys(both.files)], [[], ["side.csv"]]);
  for (const more of [{ interactive: true }, { observe: () => {} }]) {
    const session = await asking({ ...ROUNDS, ...more });
    assert.equal((await session.ask('csv "in.csv" | take 3 | acts layer 7 last 3 | save "out.csv"')).kinds, ["acts"]);
    await session.close();
  }
});

test("an SAE that does not fit, Ctrl-C, a stage that fails in between, a missing folder: no file, and the old one as it was", async () => {
  const refused = await rounds.ask(`set sae "${wrongSae()}"\ncsv "many.csv" | acts layer 7 | save "kept.csv"`);
  assert.equal([refused.codes, refused.files], [["guard-failed"], {}]);
  const abort = new AbortController();
  let seen = 0;
  const stopped = await rounds.ask('csv "many.csv" | acts layer 7 | save "kept.csv"', abort.signal, (event) => {
    if (event.kind !== "progress" || event.unit !== undefined || event.documents < 170) return;
    // Rows of the rounds before are on the disk by now, under another name.
    seen = Math.max(seen, readdirSync(rounds.at).filter((name) => name.endsWith(".tmp")).length);
    abort.abort();
  });
  assert.is(seen, 1);
  assert.equal([stopped.codes, stopped.files], [["cancelled"], {}]);
  const failing = 'csv "in.csv" | acts layer 7 last 3 | tee (top 5 | assert count > 1e9) | save "kept.csv"';
  const between = await rounds.ask(failing);
  assert.equal([between.codes, between.files, between.told], [["assertion-failed"], {}, (await held.ask(failing)).told]);
  const nowhere = 'csv "in.csv" | acts layer 7 last 3 | save "nowhere/out.csv"';
  const missing = await rounds.ask(nowhere);
  assert.equal([missing.codes, missing.told], [["missing-folder"], (await held.ask(nowhere)).told]);
  assert.ok(!existsSync(join(rounds.at, "nowhere")));
  assert.is((await rounds.ask('csv "in.csv" | acts layer 7 last 3 | save "kept.csv"')).files["kept.csv"]?.split("\n")[0], "row,position,token_id,token,special,feature,value");
});

test.run();
