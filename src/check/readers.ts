/** Without this file a file name where a stage belongs would be refused without the source that reads it. */
import type { StageDefinition } from "../stages/stage.ts";

/** The source that reads a file, by its ending: `csv "x.csv"`; null for a name without an ending that is known. */
export function readerOf(name: string, all: readonly StageDefinition[]): string | null {
  const ending = /\.[A-Za-z0-9]+(?:\.gz)?$/i.exec(name)?.[0].toLowerCase();
  if (ending === undefined) return null;
  const reads = ({ input, args }: StageDefinition): boolean => input.length === 0 && Object.values(args).some(({ shape }) => shape.kind === "path" && shape.access === "read" && shape.extensions.includes(ending));
  const source = all.find((each) => each.name === ending.slice(1).replace(/\.gz$/, "") && reads(each)) ?? all.find(reads);
  const reader = source?.name ?? (/^\.txt(\.gz)?$/.test(ending) ? "text" : null);
  return reader === null ? null : `${reader} ${JSON.stringify(name)}`;
}
