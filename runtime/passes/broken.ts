/** Without this file it would be counted how many activations are not finite numbers, and nobody could find the text that makes them. */
import type { Broken, Measured } from "../data/frame.ts";
import type { Csr, Rows } from "../kernels/csr.ts";

export const NONE_BROKEN: Broken = { count: 0, first: null };

/** Broken activations of one tap; `from` is the number of its first document among all. The first is that of the smallest text, then position. */
export function brokenOf({ values, indptr, rows: count }: Csr, rows: Rows, layer: number, from = 0): Broken {
  let broken = NONE_BROKEN;
  for (let row = 0; row < count; row++) {
    let here = 0;
    for (let entry = indptr[row]!; entry < indptr[row + 1]!; entry++) if (!Number.isFinite(values[entry]!)) here++;
    if (here > 0) broken = both(broken, { count: here, first: { text: from + rows.document[row]!, position: rows.position[row]!, layer } });
  }
  return broken;
}

/** Of both together, whichever came first: batches end in any order. */
export function both(a: Broken, b: Broken): Broken {
  const [x, y] = [a.first, b.first];
  const later = x !== null && y !== null && (x.text - y.text || x.position - y.position || x.layer - y.layer) > 0;
  return { count: a.count + b.count, first: later ? y : (x ?? y) };
}

function brokenIn(measured: Measured): Broken {
  if (measured.kind === "reduced") return measured.broken;
  return measured.taps.map(({ csr, layer }) => brokenOf(csr, measured.rows, layer)).reduce(both, NONE_BROKEN);
}

/** What is said of them; null where all are finite. */
export function brokenNotice(label: string, name: string | null, measured: Measured): string | null {
  const { count, first } = brokenIn(measured);
  if (first === null) return null;
  const place = `text ${first.text + 1}, position ${first.position} (from 0), layer ${first.layer}`;
  return `${label}: ${count} activations${name === null ? "" : ` of ${name}`} are not finite numbers, the first in ${place}; they count as not active`;
}
