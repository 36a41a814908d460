/** Without this file each op would take groups apart in its own way. */
import type { Features, Groups, Measured, Single, Table, Tokens, Value } from "../data/frame.ts";
import { toTable } from "../data/to_table.ts";
import type { Member } from "../data/group_labels.ts";
import { factsOf, readingsOf } from "../figures/measured.ts";

/** The groups of a value by name, or the whole without one. */
export function members(value: Value): readonly Member[] {
  return value.kind === "groups" ? value.members : [{ name: null, value }];
}

/** Apply to each group, or to the whole. */
export async function each(value: Value, change: (single: Single) => Single | Promise<Single>): Promise<Value> {
  return together(value, async (singles) => {
    const changed: Single[] = [];
    for (const single of singles) changed.push(await change(single));
    return changed;
  });
}

/** The same for work that wants all groups in one job. */
export async function together(value: Value, change: (singles: readonly Single[]) => Promise<readonly Single[]>): Promise<Value> {
  if (value.kind !== "groups") return (await change([value]))[0]!;
  const changed = await change(value.members.map((member) => member.value));
  return { ...value, members: value.members.map((member, i) => ({ ...member, value: changed[i]! })) };
}

const specialIds = ({ ids, special }: Tokens): number => ids.reduce((sum, each) => sum + each.reduce((some, id) => some + Number(special.has(id)), 0), 0);

/** How many rows of special tokens are in a value, which no figure counts and every file has. */
export function specialTokens(value: Value): number {
  return members(value).reduce((sum, { value: single }) => sum + (single.kind === "acts" || single.kind === "reduced" || single.kind === "dense" ? factsOf(single).masked : single.kind === "tokens" ? specialIds(single) : 0), 0);
}

export function asTable(value: Single): Table {
  if (value.kind === "features") return { ...value.table, foundIn: readingsOf(value) };
  return value.kind === "table" ? value : toTable(value);
}

export function expect<K extends Single["kind"]>(kind: K, value: Single): Single & { readonly kind: K } {
  if (value.kind !== kind) throw new Error(`expected ${kind}, got ${value.kind}`);
  return value as Single & { readonly kind: K };
}

export function measured(value: Single): Measured {
  return value.kind === "reduced" ? value : expect("acts", value);
}

export function expectSingle(value: Value): Single {
  if (value.kind === "groups") throw new Error("expected one value, got groups");
  return value;
}

export function featureGroups(value: Value): Groups<Features> {
  if (value.kind !== "groups") throw new Error("expected groups");
  return { kind: "groups", members: value.members.map(({ name, value: single }) => ({ name, value: expect("features", single) })) };
}
