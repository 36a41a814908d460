/** Without this file a model that is not read could be refused with names that help nobody. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { SUPPORTED } from "../../runtime/checkpoint/architectures/mod.ts";
import { modelTypesPage, notRead } from "../../runtime/checkpoint/architectures/not_read.ts";

const notesOf = (type: string): readonly string[] => notRead({ file: "config.json", value: { model_type: type } }, "folder").notes;

test("types that are near are named, and where all of them are", () => {
  for (const [type, near] of [
    ["qwen3_vl", ["qwen3", "qwen3_moe", "qwen2"]],
    ["gemma3n", ["gemma3", "gemma2"]],
    ["llama4", ["llama"]],
    ["deepseek_v4", ["deepseek_v3", "deepseek_v2"]],
    ["gptneox", ["gpt_neox"]],
    ["Mistral", ["mistral"]],
  ] as const) {
    const [note = ""] = notesOf(type);
    const named = /near to this one: ([^;]*);/.exec(note)?.[1]?.split(", ") ?? [];
    for (const name of near) assert.ok(named.includes(name), `${type}: ${note}`);
    assert.match(note, /^\d+ types are read, near to this one: .*; all of them: saeq doc model-types$/);
    assert.ok(note.length < 200, note);
  }
  assert.match(notesOf("mamba")[0]!, /^\d+ types are read; all of them: saeq doc model-types$/);
  assert.match(notesOf("")[0]!, /^\d+ types are read; all of them/);
});

test("the page lists every type, once, in lines that fit", () => {
  const page = modelTypesPage("model-types")!;
  const [, head = "", ...lines] = page.split("\n").slice(0, -1);
  const names = lines.join(" ").split(",").map((name) => name.trim());
  for (const type of SUPPORTED) assert.is(names.filter((name) => name === type).length, 1, type);
  assert.match(head, `The ${names.length} that are read`);
  assert.ok(lines.every((line) => line.length <= 100));
  assert.is(modelTypesPage("acts"), null);
});

test.run();
