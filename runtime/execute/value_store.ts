/** Without this file a `let` would be computed again each time it is named. */
import type { Value } from "../data/frame.ts";
import type { Accumulator } from "../kernels/accumulate.ts";

/** Values by plan key, the most recently used kept, up to a limit in bytes (estimated). */
export interface ValueStore {
  /** Held or pinned. */
  get(key: string): Value | undefined;
  set(key: string, value: Value): void;
  /** Hold a value whatever room it takes, for so many seconds; null: until `clear`. */
  pin(key: string, value: Value, seconds: number | null): void;
  /** A value that was pinned, and whose time is not over. */
  pinned(key: string): Value | undefined;
  /** How many values are held and about how many bytes. */
  held(): { readonly count: number; readonly bytes: number };
  clear(): void;
}

/** `now` in milliseconds. */
export function createValueStore(limit: number, now: () => number = Date.now): ValueStore {
  const pins = new Map<string, { readonly value: Value; readonly until: number }>();
  const kept = new Map<string, { readonly value: Value; readonly bytes: number }>();
  let bytes = 0;
  const pinned = (key: string): Value | undefined => {
    const found = pins.get(key);
    if (found === undefined || found.until > now()) return found?.value;
    pins.delete(key);
    return undefined;
  };
  return {
    held: () => ({ count: kept.size, bytes }),
    clear: () => {
      kept.clear();
      pins.clear();
      bytes = 0;
    },
    pin: (key, value, seconds) => void pins.set(key, { value, until: seconds === null ? Number.POSITIVE_INFINITY : now() + seconds * 1000 }),
    pinned,
    get: (key) => {
      const found = kept.get(key);
      if (found === undefined) return pinned(key);
      kept.delete(key);
      kept.set(key, found);
      return found.value;
    },
    set: (key, value) => {
      const size = sizeOf(value);
      bytes += size - (kept.get(key)?.bytes ?? 0);
      kept.delete(key);
      kept.set(key, { value, bytes: size });
      for (const [oldest, entry] of kept) {
        if (bytes <= limit || oldest === key) break;
        kept.delete(oldest);
        bytes -= entry.bytes;
      }
    },
  };
}

/** About how many bytes a value holds; parts shared with other values count each time. */
export function sizeOf(value: Value): number {
  switch (value.kind) {
    case "groups":
      return value.members.reduce((sum, member) => sum + sizeOf(member.value), 0);
    case "table":
      return value.columns.reduce((sum, column) => sum + (column.type === "str" ? column.values.reduce((n, text) => n + 16 + 2 * text.length, (column.written ?? []).reduce((bytes, row) => bytes + (row === null ? 0 : row.ids.reduce((sum, ids) => sum + 128 + 4 * ids.length, 0)), 0)) : column.values.byteLength), 0);
    case "tokens":
      return sizeOf(value.table) + value.ids.reduce((sum, ids) => sum + ids.byteLength + 64, 0);
    case "dense":
      return value.taps.reduce((sum, tap) => sum + tap.values.byteLength, value.rows.count * 13);
    case "acts":
      return value.taps.reduce((sum, tap) => sum + tap.csr.values.byteLength + tap.csr.indices.byteLength + tap.csr.indptr.byteLength, value.rows.count * 13);
    case "reduced":
      return value.taps.reduce((sum, { states }) => sum + states.reduce((n, state) => n + stateSize(state), 0), 0);
    case "features":
      return sizeOf(value.table) + sizeOf(value.acts);
    case "chart":
      return sizeOf(value.table);
    case "plot":
      return 1024;
    case "text":
      return 2 * value.text.length;
    default:
      return value satisfies never;
  }
}

/** A cell of an exact sum has three or four limbs of 8 bytes. */
function stateSize(state: Accumulator): number {
  switch (state.of) {
    case "features":
      return state.sums.cols * 44;
    case "l0":
      return state.counts.size * 48;
    case "values":
      return state.bag.tables === null ? state.bag.size * 4 : state.bag.tables.size * 65536 * 8;
    default:
      return state satisfies never;
  }
}
