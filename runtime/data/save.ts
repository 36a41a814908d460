/** Without this file `save` would have to know formats, plots and disks. */
import type { SaveFormat } from "../../src/ops/op.ts";
import { atomicWrite, type WriteOptions } from "./atomic_write.ts";
import type { Chart, Plot, Value } from "./frame.ts";
import { formatRows } from "./write.ts";

/** Write a value under its format and say what was written: `1,234 bytes csv`. Only plots, or groups of one plot, are svg. Throws DataError. */
export async function saveValue(value: Value, path: string, format: SaveFormat, options: WriteOptions = {}): Promise<string> {
  const { bytes } = await atomicWrite(path, await content(value, format), options);
  return `${bytes} bytes ${format}`;
}

async function content(value: Value, format: SaveFormat): Promise<Iterable<string | Uint8Array>> {
  switch (format) {
    case "svg":
      return [await drawing(value)];
    case "parquet": {
      const { parquetBytes } = await import("./write_parquet.ts");
      return parquetBytes(value);
    }
    default:
      return formatRows(value, format);
  }
}

async function drawing(value: Value): Promise<string> {
  const single = value.kind === "groups" && value.members.length === 1 ? value.members[0]!.value : value;
  const plot: Plot | Chart | null = single.kind === "plot" || single.kind === "chart" ? single : null;
  if (plot === null) throw new Error(`a value of kind ${value.kind} is no plot`);
  // Vega takes a while to load and few sessions draw.
  const { renderSvg } = await import("../plot/vega.ts");
  return renderSvg(plot);
}
