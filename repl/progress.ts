/** Without this file progress would look different in the REPL, in a terminal and in a log. */
import type { ProgressEvent } from "../runtime/session/session_port.ts";
import { cells, clip } from "./graphemes.ts";

/** Nothing is shown before a stage has run this long. */
export const QUIET_MS = 300;

/** `acts layer 7  ███████░░░ 640/1,000 texts  3.1k tok/s  0:12<0:07`, with less of it where the line is narrow. */
export function progressLine(event: ProgressEvent, width: number, ascii: boolean, shown: (text: string) => string): string {
  const { unit } = event;
  if (unit === "work" && event.documents === 0) return clip(`${shown(event.stage)}  ${clock(event.elapsedMs / 1000)}`, width, ascii ? "~" : "…");
  const count = unit === "work" ? `${Math.floor(event.documents * 100)}%` : unit === "bytes" ? `${megabytes(event.tokens)}/${megabytes(event.totalTokens)} MB` : `${whole(event.documents)}/${whole(event.totalDocuments)} ${unit ?? "texts"}`;
  const rate = event.tokensPerSecond <= 0 || unit === "work" ? "" : unit === "bytes" ? `${megabytes(event.tokensPerSecond)} MB/s` : `${short(event.tokensPerSecond)} ${unit === "rows" ? "rows" : "tok"}/s`;
  const left = event.etaSeconds === null ? "" : `<${clock(event.etaSeconds)}`;
  const time = clock(event.elapsedMs / 1000) + left;
  const done = event.totalTokens > 0 ? event.tokens / event.totalTokens : event.totalDocuments > 0 ? event.documents / event.totalDocuments : 0;
  const stage = shown(event.stage);
  const attempts = [
    [stage, `${bar(done, 10, ascii)} ${count}`, rate, time],
    [stage, count, rate, time],
    [stage, count, time],
    [stage, `${Math.floor(done * 100)}%`, time],
  ].map((parts) => parts.filter((part) => part !== "").join("  "));
  const fits = attempts.find((text) => cells(text) <= width);
  if (fits !== undefined) return fits;
  const rest = `  ${Math.floor(done * 100)}%${left === "" ? "" : `  ${left}`}`;
  return clip(clip(stage, Math.max(4, width - cells(rest)), ascii ? "~" : "…") + rest, width, "");
}

/** A duration for people: `0.4 s`, `12.3 s`, `4:05`, `1:02:03`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : clock(ms / 1000);
}

/** A size for people: `512 B`, `1.4 MB`. */
export function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = count < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(count) / 3));
  return `${power === 0 ? count : (count / 1000 ** power).toFixed(1)} ${units[power]!}`;
}

function clock(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  const two = (n: number): string => String(n).padStart(2, "0");
  return s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)}` : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

function bar(done: number, width: number, ascii: boolean): string {
  const full = Math.max(0, Math.min(width, Math.floor(done * width)));
  return (ascii ? "#" : "█").repeat(full) + (ascii ? "." : "░").repeat(width - full);
}

function short(n: number): string {
  if (n < 1000) return String(Math.round(n));
  return n < 1e6 ? `${(n / 1e3).toFixed(1)}k` : `${(n / 1e6).toFixed(1)}M`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

function whole(n: number): string {
  return n.toLocaleString("en-US");
}
