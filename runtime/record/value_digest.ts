/** Without this file what a stage gave could only be compared with another run by keeping all of it. */
import { createHash, type Hash } from "node:crypto";
import type { Column, Single, Table, Tokens, Value } from "../data/frame.ts";
import { toTable } from "../data/to_table.ts";
import { totalsOfSums, type Accumulator } from "../kernels/accumulate.ts";
import { distinct } from "../kernels/float_bag.ts";
import { bytesOf, FEW, floatDigest, type FloatDigest } from "./float_digest.ts";

/** One column of a value: exact where it can be. `values`: the numbers themselves, where they are few, so that they can be compared one by one. */
export type ColumnDigest =
  | { readonly name: string; readonly type: "int" | "bool" | "str"; readonly bits: string; readonly values?: readonly (number | null)[] }
  | ({ readonly name: string; readonly type: "float"; readonly values?: readonly (number | null)[] } & FloatDigest);

/** One group of a value, or the whole where there are none. */
export interface PartDigest {
  readonly group: string | null;
  readonly rows: number;
  readonly columns: readonly ColumnDigest[];
}

export interface ValueDigest {
  readonly kind: Value["kind"];
  readonly rows: number;
  /** sha256 of everything below. */
  readonly digest: string;
  readonly parts: readonly PartDigest[];
}


export function valueDigest(value: Value): ValueDigest {
  const members = value.kind === "groups" ? value.members : [{ name: null, value }];
  const parts = members.map(({ name, value: single }): PartDigest => ({ group: name, ...partOf(single) }));
  const digest = createHash("sha256").update(JSON.stringify(parts.map(({ group, rows, columns }) => [group, rows, columns.map(({ name, type, bits }) => [name, type, bits])]))).digest("hex");
  return { kind: value.kind, rows: parts.reduce((sum, part) => sum + part.rows, 0), digest, parts };
}

function partOf(value: Single): Omit<PartDigest, "group"> {
  switch (value.kind) {
    case "table":
      return ofTable(value);
    case "features":
      return ofTable(value.table);
    case "chart":
      return { rows: value.table.rows, columns: [text("chart", [value.mark, value.title, value.x, value.y, value.color ?? ""]), ...ofTable(value.table).columns] };
    case "plot": {
      const rows = ofTable(toTable(value));
      return { ...rows, columns: [text("plot", [value.title, value.unit, value.quantity, String(value.overlay), String(value.log), ...(value.share === true ? ["share"] : [])]), ...rows.columns] };
    }
    case "text":
      return { rows: value.text.split("\n").length, columns: [text("text", [value.text])] };
    case "tokens":
      return { rows: value.ids.length, columns: ofTokens(value) };
    case "acts":
      return {
        rows: value.rows.count,
        columns: [
          ...places(value),
          ...value.taps.flatMap((tap): ColumnDigest[] => [
            ints(named("feature", tap.layer, value.taps.length), tap.csr.indptr, tap.csr.indices),
            { name: named("activation", tap.layer, value.taps.length), type: "float", ...floatDigest([{ values: tap.csr.values, valid: null }]) },
          ]),
        ],
      };
    case "dense":
      return { rows: value.rows.count, columns: [...places(value), ...value.taps.map((tap): ColumnDigest => ({ name: named("residual", tap.layer, value.taps.length), type: "float", ...floatDigest([{ values: tap.values, valid: null }]) }))] };
    case "reduced":
      return { rows: value.facts.positions, columns: value.taps.flatMap((tap) => tap.states.flatMap((state) => ofState(state, named("", tap.layer, value.taps.length)))) };
    default:
      return value satisfies never;
  }
}

const named = (name: string, layer: number, taps: number): string => (taps === 1 ? name : `${name} of layer ${layer}`).trim();

function ofTable({ rows, columns }: Table): Omit<PartDigest, "group"> {
  return { rows, columns: columns.map((column) => ofColumn(column, rows <= FEW)) };
}

function ofColumn(column: Column, few: boolean): ColumnDigest {
  const { name, type, valid } = column;
  const values = few && (column.type === "float" || column.type === "int") ? { values: Array.from(column.values, (value, i) => ((valid === null || valid[i] === 1) && Number.isFinite(value) ? value : null)) } : {};
  if (column.type === "float") return { name, type: "float", ...floatDigest([{ values: column.values, valid }]), ...values };
  if (column.type === "str") return text(name, column.values, valid);
  const hash = createHash("sha256").update(bytesOf(valid === null ? column.values : column.values.map((value: number, i: number) => (valid[i] === 1 ? value : 0))));
  return { name, type: type as "int" | "bool", bits: withNulls(hash, valid).digest("hex"), ...values };
}

function withNulls(hash: Hash, valid: Uint8Array | null): Hash {
  return valid !== null && valid.includes(0) ? hash.update("nulls").update(valid) : hash;
}

/** Texts with their lengths before them: `ab`, `c` is not `a`, `bc`. */
function text(name: string, values: readonly string[], valid: Uint8Array | null = null): ColumnDigest {
  const hash = createHash("sha256");
  for (let from = 0; from < values.length; from += 4096) hash.update(values.slice(from, from + 4096).map((each) => `${each.length}:${each}`).join(""));
  return { name, type: "str", bits: withNulls(hash, valid).digest("hex") };
}

function ints(name: string, ...arrays: readonly ArrayBufferView[]): ColumnDigest {
  const hash = createHash("sha256");
  for (const array of arrays) hash.update(`${array.byteLength}:`).update(bytesOf(array));
  return { name, type: "int", bits: hash.digest("hex") };
}

function ofTokens({ ids, boundary, truncated }: Tokens): ColumnDigest[] {
  return [ints("token ids", ...ids), ints("boundaries and texts cut", Int32Array.from([truncated, ...(boundary ?? [])]))];
}

const places = ({ rows }: { readonly rows: { readonly document: Uint32Array; readonly position: Uint32Array; readonly token: Int32Array; readonly masked: Uint8Array } }): ColumnDigest[] => [
  ints("row", rows.document),
  ints("position", rows.position),
  ints("token", rows.token),
  ints("special", rows.masked),
];

/** What was kept of activations: the order in which texts came is not in it. */
function ofState(state: Accumulator, where: string): ColumnDigest[] {
  const name = (what: string): string => `${what}${where === "" ? "" : ` ${where}`}`;
  switch (state.of) {
    case "features": {
      const { count, sum, max, rows } = totalsOfSums(state.sums);
      const seen = { valid: Uint8Array.from(count, (times) => (times > 0 ? 1 : 0)) };
      return [
        ints(name("tokens counted"), Float64Array.of(rows)),
        ints(name("count by feature"), count),
        { name: name("sum by feature"), type: "float", ...floatDigest([{ values: sum, valid: null }]) },
        { name: name("maximum by feature"), type: "float", ...floatDigest([{ values: max, ...seen }]) },
      ];
    }
    case "l0": {
      const entries = [...state.counts].sort(([a], [b]) => a - b);
      return [ints(name("features by token"), Float64Array.from(entries.flat()))];
    }
    case "values": {
      const values: number[] = [];
      const times: number[] = [];
      for (const [value, count] of distinct([state.bag])) {
        values.push(value);
        times.push(count);
      }
      return [ints(name("how often each activation occurs"), Float64Array.from(times)), { name: name("distinct activations"), type: "float", ...floatDigest([{ values: Float32Array.from(values), valid: null }]) }];
    }
    default:
      return state satisfies never;
  }
}

