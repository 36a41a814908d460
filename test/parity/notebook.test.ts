/** Without this file the notebook's numbers would be checked against nothing but themselves. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Column, Table, Value } from "../../runtime/data/frame.ts";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { folder, open, run } from "../session/open.ts";

interface Expected {
  readonly rows: Readonly<Record<string, readonly string[]>>;
  readonly stats: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly top: Readonly<Record<string, readonly { readonly feature: number; readonly count: number; readonly mean: number; readonly max: number }[]>>;
  readonly overlap: readonly number[];
  readonly union: readonly { readonly feature: number; readonly perfect: number; readonly non_perfect: number }[];
}

/** Made by make_notebook.py with pandas, transformers and sae_lens. */
const expected = JSON.parse(readFileSync(new URL("fixtures/notebook.json", import.meta.url), "utf8")) as Expected;

const column = (table: Table, name: string): Column => table.columns.find((each) => each.name === name)!;
const numbers = (table: Table, name: string): number[] => [...(column(table, name).values as Float64Array)];
const tableOf = (value: Value | undefined): Table => {
  if (value?.kind !== "table") throw new Error(`a table was expected, not ${value?.kind}`);
  return value;
};
const near = (actual: number, wanted: number, what: string): void => assert.ok(Math.abs(actual - wanted) <= 1e-5 * Math.abs(wanted), `${what}: ${actual}, expected ${wanted}`);

test("the notebook on the shipped model gives the numbers of pandas, transformers and sae_lens", async () => {
  const session = await open({ settings: {}, writeTo: folder() });
  const { values } = await run(session, readFileSync(join(EXAMPLES, "memorization.saeq"), "utf8"));
  await session.close();
  const groups = Object.keys(expected.stats);

  const stats = tableOf(values[0]);
  assert.equal(column(stats, "group").values, groups);
  groups.forEach((group, i) => {
    for (const [name, wanted] of Object.entries(expected.stats[group]!)) near(numbers(stats, name)[i]!, wanted, `${group} ${name}`);
  });

  const lists = values[3];
  if (lists?.kind !== "groups") throw new Error("groups of features were expected");
  for (const { name, value } of lists.members) {
    if (value.kind !== "features") throw new Error("features were expected");
    const wanted = expected.top[name]!;
    assert.equal(numbers(value.table, "feature"), wanted.map((row) => row.feature));
    assert.equal(numbers(value.table, "count"), wanted.map((row) => row.count));
    numbers(value.table, "mean").forEach((mean, i) => near(mean, wanted[i]!.mean, `mean of ${wanted[i]!.feature}`));
    numbers(value.table, "max").forEach((max, i) => near(max, wanted[i]!.max, `max of ${wanted[i]!.feature}`));
  }

  assert.equal(column(tableOf(values[4]), "features").values, [expected.overlap.join(" ")]);
  const union = tableOf(values[5]);
  for (const name of ["feature", "perfect", "non_perfect"] as const) assert.equal(numbers(union, name), expected.union.map((row) => row[name]));
});

test.run();
