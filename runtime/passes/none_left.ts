/** Without this file a selection that leaves no token would look like features that never fire. */
import type { Window } from "../../src/ops/op.ts";
import { counted } from "../counted.ts";
import type { Acts, Dense, Reduced } from "../data/frame.ts";
import { factsOf } from "../figures/measured.ts";

/** Why no token of a selection counts; null where some do, and where there is no text. */
export function noneLeftNotice(label: string, name: string | null, { first, last, of }: Window, value: Acts | Dense | Reduced): string | null {
  const { texts, positions, masked } = value.kind === "dense" ? { texts: value.tokens.ids.length, positions: value.rows.count, masked: value.rows.masked.reduce((sum, one) => sum + one, 0) } : factsOf(value);
  if (texts === 0 || positions > masked) return null;
  const where = `${label}: no tokens are left${name === null ? "" : ` in ${name}`}`;
  if (positions === 0) return of === "all" ? `${where}: the texts have none` : `${where}: the texts have no ${of}; leave \`of ${of}\` out to read all of their tokens`;
  const wider = first === null ? (last === null ? "" : `; \`last ${last + 1}\` reads one more of each text`) : `; \`first ${first + 1}\` reads one more of each text`;
  return `${where} but ${counted(masked, "special token")}, such as the one that begins a text, and those count in no figure${wider}`;
}
