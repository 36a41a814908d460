/** Without this file a key that stands twice could be missed in some corner of a config: objects are made at random, and known to be sound or not. */
import seedrandom from "seedrandom";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CheckpointError } from "../../runtime/checkpoint/error.ts";
import { parseJsonObject } from "../../runtime/checkpoint/strict_json.ts";

const outcome = (text: string): unknown => {
  try {
    return parseJsonObject(new TextEncoder().encode(text), "config.json");
  } catch (error) {
    if (error instanceof CheckpointError) return error.code;
    throw error;
  }
};

/** Names that look like structure, or are spelt in two ways. */
const NAMES = ["a", "b", "\u0061", "{", "}", "\"", "\\", ",", ":[", "__proto__", "constructor", "0", "é", ""];

function made(random: () => number, depth: number, twice: { found: boolean }): string {
  const pick = (n: number): number => Math.floor(random() * n);
  const kind = depth === 0 ? 4 : depth > 5 ? pick(3) : pick(6);
  if (kind < 3) return ["12", "null", JSON.stringify(NAMES[pick(NAMES.length)])][kind]!;
  const space = random() < 0.3 ? " \n" : "";
  const count = pick(5);
  if (kind === 3) return `[${space}${Array.from({ length: count }, () => made(random, depth + 1, twice)).join(`${space},`)}]`;
  const names = Array.from({ length: count }, () => (random() < 0.6 ? String(pick(1e6)) : NAMES[pick(NAMES.length)]!));
  if (new Set(names).size < names.length) twice.found = true;
  const spelt = (name: string): string => (random() < 0.3 ? `"${[...name].map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join("")}"` : JSON.stringify(name));
  return `{${space}${names.map((name) => `${spelt(name)}${space}:${made(random, depth + 1, twice)}`).join(",")}${space}}`;
}

test("an object is refused exactly where one within it has a key twice, however it is spelt", () => {
  const random = seedrandom("keys");
  let refused = 0;
  for (let i = 0; i < 4000; i++) {
    const twice = { found: false };
    const text = made(random, 0, twice);
    assert.is(JSON.stringify(outcome(text)), JSON.stringify(twice.found ? "duplicate-key" : JSON.parse(text)), text);
    if (twice.found) refused++;
  }
  assert.ok(refused > 40 && refused < 3500, `${refused}`);
});

test("sixty-four levels are read, one more is refused, and what is no JSON is said to be none", () => {
  const nested = (levels: number): string => `{"a":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`;
  assert.type(outcome(nested(64)), "object");
  for (const bad of [nested(65), '{"a":1,"a":', '{"a" "a"}', "[1]", '"a"', '{"a":"\u0001"}', "{'a':1}", ""]) assert.is(outcome(bad), "invalid-json", bad);
});

test.run();
