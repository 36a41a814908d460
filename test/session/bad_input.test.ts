/** Without this file bad input might crash, hang, or be half obeyed. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { TextValue } from "../../runtime/data/frame.ts";
import type { Engine } from "../../runtime/engine/port.ts";
import type { Explanation } from "../../runtime/planner/explanation.ts";
import { createSessionEngine, type SessionEngine } from "../../runtime/session/session_engine.ts";
import { modelFolder, saeFolder, withHeader } from "./checkpoints.ts";
import { folder, open, run } from "./open.ts";

interface Case {
  readonly name: string;
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly query: string;
  readonly code: string;
  readonly exit: number;
  /** Somewhere in message, label, notes or help. */
  readonly says: RegExp;
  /** The text under the caret. */
  readonly caret: string;
}

const quoted = (text: string): string => JSON.stringify(text);
const layer7 = "| acts layer 7 | top 3";
const model = (path: string): string => `set model ${quoted(path)}\nset sae ${quoted(saeFolder())}\nsample perfect 2 ${layer7}`;

const CASES: readonly Case[] = [
  { name: "missing file", files: { "runs.csv": "a\n1\n" }, query: 'csv "rums.csv" | take 1', code: "missing-file", exit: 10, says: /runs\.csv/, caret: '"rums.csv"' },
  { name: "missing column", query: "memorization | where matchin_tokens == 0", code: "unknown-column", exit: 3, says: /did you mean `matching_tokens`/, caret: "matchin_tokens" },
  { name: "ragged row", files: { "r.csv": "a,b\n1,2\n3\n5,6\n" }, query: 'csv "r.csv" | count', code: "ragged-row", exit: 3, says: /row 2/i, caret: '"r.csv"' },
  { name: "duplicate header", files: { "d.csv": "a,b,a\n1,2,3\n" }, query: 'csv "d.csv" | count', code: "duplicate-column", exit: 3, says: /"a"/, caret: '"d.csv"' },
  { name: "unknown stage", query: "sample perfect 10 | actz layer 7 | top 10", code: "unknown-stage", exit: 3, says: /did you mean `acts`/, caret: "actz" },
  { name: "a stage of another tool", query: "perfect | head 10", code: "unknown-stage", exit: 3, says: /did you mean `take`/, caret: "head" },
  { name: "unknown keyword", query: "sample perfect 10 | acts layr 7", code: "unknown-keyword", exit: 3, says: /did you mean `layer`/, caret: "layr" },
  { name: "missing argument", query: "sample perfect 10 | acts last 50", code: "missing-argument", exit: 3, says: /`layer`/, caret: "acts" },
  { name: "top of a table", query: "sample perfect 10 | top 10", code: "wrong-input", exit: 3, says: /acts layer 7 \| top 10/, caret: "top" },
  { name: "text as a condition", query: "memorization | where input_text", code: "not-boolean", exit: 3, says: /truthiness/, caret: "input_text" },
  { name: "single equals", query: "memorization | where matching_tokens = 0", code: "single-equals", exit: 3, says: /write `==`/, caret: " = " },
  { name: "text against number", query: 'memorization | where matching_tokens == "0"', code: "unlike-types", exit: 3, says: /never turns text into numbers/, caret: 'matching_tokens == "0"' },
  { name: "layer beyond the model", query: "sample perfect 2 | acts layer 12", code: "layer-beyond-model", exit: 3, says: /10 layers, 0 to 9/, caret: "layer 12" },
  { name: "an SAE of another layer", query: "sample perfect 2 | acts layer 6", code: "hook-mismatch", exit: 3, says: /blocks\.7\.hook_resid_post/, caret: "layer 6" },
  { name: "an SAE of another hook", query: "sample perfect 2 | acts layer 7 hook resid_pre", code: "hook-mismatch", exit: 3, says: /resid_post/, caret: "hook resid_pre" },
  { name: "an SAE of another width", query: `set sae ${quoted(saeFolder({ dIn: 128 }))}\nsample perfect 2 ${layer7}`, code: "sae-width-mismatch", exit: 3, says: /128.*192|192.*128/s, caret: "acts" },
  { name: "NaN in SAE weights", query: `set sae ${quoted(saeFolder({ change: (weights) => void (weights["b_enc"]!.values[5] = Number.NaN) }))}\nsample perfect 2 ${layer7}`, code: "nonfinite-weights", exit: 3, says: /b_enc/, caret: "set" },
  { name: "a model without a head continues no text", query: `${`set model ${quoted(modelFolder({ config: (config) => void (config["tie_word_embeddings"] = false) }))}\n`}perfect | take 1 | memorize prefix 10 continue 2 of input_text`, code: "missing-tensor", exit: 1, says: /lm_head\.weight.*continues none/s, caret: "memorize prefix 10 continue 2 of input_text" },
  { name: "an SAE of a kind not known", query: `set sae ${quoted(saeFolder({ change: (_, config) => void (config["architecture"] = "matching_pursuit") }))}\nsample perfect 2 ${layer7}`, code: "unsupported-architecture", exit: 3, says: /jumprelu/, caret: "set" },
  { name: "a threshold of another length", query: `set sae ${quoted(saeFolder({ change: (weights) => void (weights["threshold"] = { shape: [3], values: new Float32Array(3) }) }))}\nsample perfect 2 ${layer7}`, code: "shape-mismatch", exit: 3, says: /threshold/, caret: "set" },
  { name: "a folder without weights, of two words", files: { "a/b/config.json": '{"model_type":"llama","hidden_size":16,"num_attention_heads":2,"intermediate_size":8,"vocab_size":4,"num_hidden_layers":1}' }, query: `set model "a/b"\nsample perfect 2 ${layer7}`, code: "missing-file", exit: 10, says: /^a\/b holds no weights.*download the model's weights/s, caret: "set" },
  { name: "a folder that is not there, of two words", query: `set model "a/b"\nsample perfect 2 ${layer7}`, code: "missing-file", exit: 10, says: /^folder a\/b does not exist.*set model "hf:a\/b"/s, caret: "set" },
  { name: "unsupported architecture", query: model(modelFolder({ config: (config) => void ((config["architectures"] = ["MambaForCausalLM"]), (config["model_type"] = "mamba")) })), code: "unsupported-architecture", exit: 3, says: /saeq doc model-types/, caret: "set" },
  { name: "truncated safetensors", query: model(modelFolder({ weights: (bytes) => bytes.subarray(0, bytes.length - 1000) })), code: "truncated-safetensors", exit: 3, says: /bytes/, caret: "set" },
  { name: "overlapping tensors", query: model(modelFolder({ weights: () => withHeader('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}', [new Uint8Array(12)]) })), code: "overlapping-tensors", exit: 3, says: /`?a`?.*`?b`?/s, caret: "set" },
  { name: "a header that is too large", query: model(modelFolder({ weights: () => Buffer.concat([Buffer.from(new BigUint64Array([1n << 60n]).buffer), new Uint8Array(64)]) })), code: "not-safetensors", exit: 3, says: /header/, caret: "set" },
  { name: "NaN in model weights", query: model(modelFolder({ weights: (bytes) => { const copy = Buffer.from(bytes); const start = 8 + Number(copy.readBigUInt64LE(0)); copy.writeUInt16LE(0x7fc0, start + 1000); return copy; } })), code: "nonfinite-weights", exit: 1, says: /NaN.*element/s, caret: "acts layer 7" },
  { name: "text longer than the context", files: { "long.csv": `text\n${"word ".repeat(3000)}\n` }, query: `csv "long.csv" ${layer7}`, code: "text-too-long", exit: 1, says: /512.*set long truncate/s, caret: `csv "long.csv"` },
  { name: "a header that was not cut", files: { "n.csv": "text;b\nx;2\n" }, query: `csv "n.csv" ${layer7}`, code: "no-text", exit: 3, says: /sep ";"/, caret: "acts" },
  { name: "no text in a table", files: { "n.csv": "a,b\n1,2\n" }, query: `csv "n.csv" ${layer7}`, code: "no-text", exit: 3, says: /`text`/, caret: "acts" },
  { name: "an unknown param", query: "sample perfect $m", code: "unknown-param", exit: 3, says: /\$m/, caret: "$m" },
  { name: "an unknown setting", query: "set sed 42", code: "unknown-setting", exit: 3, says: /did you mean `seed`/, caret: "sed" },
  { name: "a file ending that means nothing", query: 'perfect | save "x.xls"', code: "unknown-format", exit: 3, says: /csv, \.jsonl/, caret: '"x.xls"' },
  { name: "a name that the hub cannot have", query: `set model "hf:org/name/../x"\nset sae ${quoted(saeFolder())}\nsample perfect 2 ${layer7}`, code: "hub-name", exit: 3, says: /hf:org\/name@revision/, caret: "set" },
  { name: "an SAE that a release does not have", query: `set sae "llama_scope_lxr_8x/l7_8x"\nsample perfect 2 ${layer7}`, code: "unknown-sae", exit: 3, says: /l7r_8x/, caret: "set" },
  { name: "a release that is written wrong", query: `set sae "llama_scop_lxr_8x/l7r_8x"\nsample perfect 2 ${layer7}`, code: "unknown-sae", exit: 3, says: /set sae "llama_scope_lxr_8x\/l7r_8x"/, caret: "set" },
  { name: "a release instead of an SAE", query: `set sae "gpt2-small-res-jb"\nsample perfect 2 ${layer7}`, code: "unknown-sae", exit: 3, says: /13 SAEs.*blocks\.0\.hook_resid_pre/s, caret: "set" },
];

test("nothing is kept of a weight that is no number: it is an error each time, and in every session", async () => {
  // Large, so that texts are done before the search reaches the bad one.
  const sae = saeFolder({ dSae: 6000, change: ({ W_enc, threshold }) => void ((W_enc!.values[W_enc!.values.length - 1] = Number.NaN), threshold!.values.fill(50)) });
  const cache = folder();
  for (let round = 0; round < 3; round++) {
    const session = await open({ cache: { folder: cache, limit: 2 ** 30 }, engine: { lanes: 1, threads: 1, batch: 1 }, measured: false });
    const query = `set guard off; set sae ${quoted(sae)}; perfect | take 40 ${layer7}`;
    for (let again = 0; again < 2; again++) assert.equal((await run(session, query)).codes, ["nonfinite-weights"]);
    const { values } = await run(session, `${query} | explain`);
    const { passes: [pass] } = (values[0] as TextValue).data as Explanation;
    assert.ok("known" in pass!.work && pass!.work.known === 0, JSON.stringify(pass!.work));
    await session.close();
  }
});

test("no continuation is kept of a weight that is no number, though it came before the weight was found", async () => {
  const model = modelFolder({ weights: (bytes) => { const copy = Buffer.from(bytes); copy.writeUInt16LE(0x7fc0, copy.length - 2); return copy; } });
  const engines = createSessionEngine({ lanes: 1, threads: 1 });
  const quick: SessionEngine = {
    ...engines,
    forPlan: async (plan, settings) => {
      const { engine, place } = await engines.forPlan(plan, settings);
      // Faster than any search: what it gives must wait all the same.
      const generate: Engine["generate"] = async (_graph, prompts, steps, { onDocument }) => prompts.forEach((_, i) => onDocument(i, new Int32Array(steps)));
      return { engine: { ...engine, options: engine.options, generate }, place };
    },
  };
  const session = await open({ engines: quick, cache: { folder: folder(), limit: 2 ** 30 } });
  for (let round = 0; round < 2; round++) assert.equal((await run(session, `set model ${quoted(model)}; perfect | take 2 | memorize prefix 10 continue 4 of input_text`)).codes, ["nonfinite-weights"]);
  await session.close();
});

for (const each of CASES) {
  test(each.name, async () => {
    const path = folder(each.files ?? {});
    const session = await open({ readFrom: path, writeTo: path });
    const { outcome, values } = await run(session, each.query);
    await session.close();
    const errors = outcome.diagnostics.filter((diagnostic: Diagnostic) => diagnostic.severity === "error");
    assert.equal(errors.map((diagnostic) => diagnostic.code), [each.code], JSON.stringify(errors));
    const [error] = errors;
    assert.is(outcome.exitCode, each.exit);
    assert.match([error!.message, error!.label, ...(error!.notes ?? []), error!.help, error!.fix?.text].join("\n"), each.says);
    // "set": the name that the first line sets.
    const caret = each.caret === "set" ? /^set \w+ (".*")$/m.exec(each.query)?.[1] : each.caret;
    if (each.code !== "text-too-long") assert.is(each.query.slice(error!.span.start, error!.span.end), caret);
    assert.equal(values, [], "nothing partial is shown");
  });
}

test("an empty group has counts of 0 and no mean, not 0 and not NaN", async () => {
  const session = await open();
  const { outcome, values } = await run(session, "groups some = (sample perfect 2), none = (perfect | where false) | acts layer 7 last 5 | tee (top 3) | tee (hist l0 overlay) | stats");
  await session.close();
  assert.is(outcome.exitCode, 0, JSON.stringify(outcome.diagnostics));
  const table = values.at(-1);
  if (table?.kind !== "table") return assert.unreachable();
  const cell = (name: string): unknown => {
    const column = table.columns.find((each) => each.name === name)!;
    return column.valid !== null && column.valid[1] === 0 ? null : column.values[1];
  };
  assert.equal([cell("documents"), cell("tokens"), cell("live"), cell("l0_mean"), cell("mean_active")], [0, 0, 0, null, null]);
});

test("activations that are not finite numbers are counted aloud, and are in no figure", async () => {
  // Weights that are finite, so that only the products are not.
  const sae = saeFolder({ change: (weights) => void (weights["W_enc"] = { ...weights["W_enc"]!, values: weights["W_enc"]!.values.map((value) => value * 3e38) }) });
  for (const [end, label] of [["acts layer 7 last 3 | stats", "acts layer 7 last 3"], ["acts layer 7 last 3 | count", "acts layer 7 last 3"], ["acts layer 7 last 3 | top 400", "acts layer 7 last 3"], ["resid layer 7 last 3 | encode | stats", "encode"]] as const) {
    const session = await open();
    const { outcome, notices, values } = await run(session, `set guard off\nset sae ${quoted(sae)}\nsample perfect 2 | ${end}`);
    await session.close();
    assert.is(outcome.exitCode, 0, JSON.stringify(outcome.diagnostics));
    assert.ok(notices.some((text) => text.startsWith(`${label}: `) && /: [1-9]\d* activations are not finite numbers, the first in text 1, position \d+ \(from 0\), layer 7; they count as not active$/.test(text)), `${end}: ${notices.join()}`);
    const [value] = values;
    const table = value?.kind === "features" ? value.table : value;
    if (table?.kind !== "table") return assert.unreachable();
    for (const { type, values: cells } of table.columns) if (type === "int" || type === "float") assert.ok([...(cells as Float64Array)].every(Number.isFinite), end);
  }
});

test("a script may not read or write what it was not granted", async () => {
  const path = folder({ "a.csv": "text\nhello\n" });
  const session = await open({ readFrom: path, writeTo: path, grants: { read: [], write: [] } });
  const { outcome, codes } = await run(session, 'csv "a.csv" | save "b.csv"');
  assert.is(outcome.exitCode, 4);
  assert.ok(codes.every((code) => code === "permission-denied"));
  assert.not.ok(existsSync(join(path, "b.csv")));
  assert.is((await run(session, "sample perfect 1 | count")).outcome.exitCode, 0, "what ships with saeq may be read");
  await session.close();
});

test("an error in a later statement runs nothing before it", async () => {
  const path = folder();
  const session = await open({ writeTo: path });
  const { outcome, values } = await run(session, 'memorization | save "early.csv"\nmemorization | where nonsense');
  await session.close();
  assert.is(outcome.exitCode, 3);
  assert.equal(values, []);
  assert.not.ok(existsSync(join(path, "early.csv")));
});

test.run();
