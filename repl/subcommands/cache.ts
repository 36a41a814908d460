/** Without this file nobody could see what the cache holds, or get the room back. */
import { existsSync } from "node:fs";
import { visible } from "../../grammar/visible.ts";
import { bytesOf, unsafe } from "../../runtime/cache/folder.ts";
import { clear, collect, holdings, type Removed } from "../../runtime/cache/inventory.ts";
import type { Table } from "../../runtime/data/frame.ts";
import { tableFromRows } from "../../runtime/data/table.ts";
import type { Request } from "../request.ts";
import { showResult, showRows } from "../show.ts";
import { mistake, ownCache, type Shop } from "./shop.ts";
import { counted } from "../../runtime/counted.ts";

/** `saeq cache ls|gc|clear`: 2 where the limit is no size, 1 where the folder is not ours to use or some of its files may not be removed. */
export async function cache(request: Extract<Request, { kind: "cache" }>, shop: Shop): Promise<number> {
  const place = ownCache();
  if (place === null) {
    mistake(shop, "there is no cache: SAEQ_CACHE is `off`, or there is no home folder");
    return 1;
  }
  const limit = request.limit === null ? place.limit : bytesOf(request.limit);
  if (limit === null) {
    mistake(shop, `--limit takes a size as 2GB or 500MiB, not \`${visible(request.limit ?? "")}\``);
    return 2;
  }
  const refusal = existsSync(place.folder) ? unsafe(place.folder) : null;
  if (refusal !== null) {
    mistake(shop, `the cache folder ${visible(place.folder)} ${visible(refusal)}`);
    return 1;
  }
  switch (request.action) {
    case "ls":
      return list(place.folder, place.limit, shop);
    case "gc":
      return told(place.folder, collect(place.folder, limit, true), shop);
    case "clear":
      return told(place.folder, clear(place.folder), shop);
    default:
      return request.action satisfies never;
  }
}

async function list(folder: string, limit: number, shop: Shop): Promise<number> {
  const found = holdings(folder);
  const table: Table = tableFromRows(
    [{ name: "kind", type: "str" }, { name: "name", type: "str" }, { name: "records", type: "int" }, { name: "files", type: "int" }, { name: "bytes", type: "int" }, { name: "used", type: "str" }],
    found.map(({ kind, name, records, segments, bytes, used }) => [kind, name, records, segments, bytes, new Date(used).toISOString().slice(0, 19)]),
    "cache",
  );
  if (shop.options.format !== "table") await showRows(table, shop.options.format, shop.stdout);
  else if (found.length > 0) {
    const shown = await showResult({ kind: "result", value: table, header: "cache", display: { rows: null, wide: true, quiet: false, precision: 12 }, index: 0, last: true }, { mode: "table", rows: null, wide: true }, shop.dataLook);
    shop.stdout.write(`${shown}\n`);
  }
  if (!shop.options.quiet) shop.stderr.write(`${visible(folder)}: ${sized(found.reduce((sum, { bytes }) => sum + bytes, 0))} of ${sized(limit)}\n`);
  return 0;
}

async function told(folder: string, { segments, bytes, left, refused }: Removed, shop: Shop): Promise<number> {
  if (shop.options.format !== "table") {
    const table = tableFromRows([{ name: "files", type: "int" }, { name: "bytes", type: "int" }, { name: "left", type: "int" }], [[segments, bytes, left]], "cache");
    await showRows(table, shop.options.format, shop.stdout);
  }
  if (!shop.options.quiet) shop.stderr.write(`${visible(folder)}: removed ${counted(segments, "file")}, ${sized(bytes)}; ${sized(left)} stay\n`);
  if (refused === null) return 0;
  mistake(shop, `${counted(refused.files, "file")} of the cache could not be removed (${refused.code})`);
  return 1;
}

function sized(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}
