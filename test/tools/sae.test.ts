/** Without these tests `saeq sae` could print other rows than were asked for, or nothing that a machine can read. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { folder } from "../session/open.ts";
import { saeq } from "./saeq.ts";

const cwd = folder();
const rows = (...words: readonly string[]): Record<string, unknown>[] => JSON.parse(saeq(["sae", ...words, "--format", "json"], { cwd }).stdout) as Record<string, unknown>[];

test("ls: releases, those of a model and layer, those of a release", () => {
  assert.is(rows("ls").length, 170);
  assert.equal(rows("ls", "--model", "llama-3.1-8b", "--layer", "7", "--hook", "resid_post").map((row) => row["name"]), ["llama-3.1-8b-instruct-andyrdt/resid_post_layer_7_trainer_1", "llama_scope_lxr_32x/l7r_32x", "llama_scope_lxr_8x/l7r_8x"]);
  const [first] = rows("ls", "llama_scope_lxr_8x");
  assert.equal(first, { name: "llama_scope_lxr_8x/l0r_8x", model: "meta-llama/Llama-3.1-8B", hook: "blocks.0.hook_resid_post", layer: 0, width: 32768, l0: 50, norm_scale: 58.935251798561154, neuronpedia: "llama3.1-8b/0-llamascope-res-32k", repository: "fnlp/Llama3_1-8B-Base-LXR-8x", path: "Llama3_1-8B-Base-L0R-8x", conversion: "llama_scope" });
  const table = saeq(["sae", "ls"], { cwd });
  assert.ok(table.stdout.split("\n").length < 50);
  assert.match(table.stderr, /170 in all; narrow it/);
});

test("search: every word counts, and `layer 7` is a layer", () => {
  assert.equal(rows("search", "gemma-scope-2b", "res-canonical", "layer", "12", "65k").map((row) => row["name"]), ["gemma-scope-2b-pt-res-canonical/layer_12/width_65k/canonical"]);
  assert.equal(rows("search", "no such thing"), []);
  assert.is(saeq(["sae", "search"], { cwd }).status, 2);
});

test("info: everything, and the line to paste; a misspelt name gets a guess", () => {
  const { stdout, status } = saeq(["sae", "info", "llama_scope_lxr_8x/l7r_8x"], { cwd });
  assert.is(status, 0);
  for (const text of ["hf:meta-llama/Llama-3.1-8B", "32768", "times 10.835978835978835", "neuronpedia.org/llama3.1-8b/7-llamascope-res-32k", 'set sae "llama_scope_lxr_8x/l7r_8x"']) assert.ok(stdout.includes(text), text);
  const wrong = saeq(["sae", "info", "llama_scope_lxr_8x/l7_8x"], { cwd });
  assert.is(wrong.status, 2);
  assert.match(wrong.stderr, /did you mean `llama_scope_lxr_8x\/l7r_8x`/);
  assert.match(saeq(["sae", "ls", "gpt2-small-res-jp"], { cwd }).stderr, /did you mean `gpt2-small-res-jb`/);
  assert.match(saeq(["sae", "info", "llama_scope_lxr_8/l7r_8x"], { cwd }).stderr, /did you mean `llama_scope_lxr_8x\/l7r_8x`/);
});

test.run();
