/** Without this file a graph that edits some tokens of a text could not be told which. */
import { windowInput } from "../../src/emit/edit_nodes.ts";
import type { Document, TensorData } from "./port.ts";

/**
 * Feeds f32 [texts, columns] of a graph whose edits have windows, one for each: 1 where a text is edited. `texts`: of each where (`Document.edited`), all of one graph. `start`: the place of
 * each text's first column, 0 where absent. Nothing where nobody says where.
 */
export function windowFeeds(texts: readonly (Document["edited"] | undefined)[], columns: number, start?: ArrayLike<number>): Readonly<Record<string, TensorData & { readonly type: "float32" }>> {
  const windows = (texts[0]?.length ?? 0) / 2;
  return Object.fromEntries(
    Array.from({ length: windows }, (_, window) => {
      const data = new Float32Array(texts.length * columns);
      texts.forEach((edited, text) => {
        const behind = start?.[text] ?? 0;
        const place = (at: number): number => Math.max(0, Math.min(columns, edited![at]! - behind));
        data.fill(1, text * columns + place(2 * window), text * columns + place(2 * window + 1));
      });
      return [windowInput(window), { type: "float32", data, dims: [texts.length, columns] }];
    }),
  );
}
