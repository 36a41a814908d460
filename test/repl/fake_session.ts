/** Without this file the REPL could only be tested on a real engine: a session that answers from a script of its own. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Plot, Table } from "../../runtime/data/frame.ts";
import type { Completion, CompletionItem, CreateSession, Outcome, Session, SessionEvent, SessionOptions, Source } from "../../runtime/session/session_port.ts";

const stages: readonly CompletionItem[] = ["acts", "sample", "save", "show", "sort", "split", "stats", "steer", "top"].map((text) => ({ text, detail: `the stage ${text}`, kind: "stage" }));

/** Two columns, three rows. */
export const table: Table = {
  kind: "table",
  rows: 3,
  columns: [
    { name: "feature", type: "int", values: Float64Array.of(88, 7, 1034), valid: null },
    { name: "count", type: "int", values: Float64Array.of(41, 12, 3), valid: null },
  ],
  origin: "fake",
};

const longTable: Table = { kind: "table", rows: 300, columns: [{ name: "n", type: "int", values: Float64Array.from({ length: 300 }, (_, i) => i), valid: null }], origin: "fake" };

const plot: Plot = { kind: "plot", title: "t", unit: "rows", quantity: "x", edges: Float64Array.of(0, 1, 2), series: [{ name: "a", counts: Float64Array.of(3, 5), total: 8 }], overlay: false, log: false };

/** Words that make the fake session do something; anything else shows `table`. */
export const createSession: CreateSession = async (options: SessionOptions): Promise<Session> => {
  const settings: Record<string, string> = { seed: "42", model: "examples/kjv/model", ...options.settings };
  let index = 0;
  let killed = false;

  async function statement(text: string, source: Source, last: boolean, signal: AbortSignal, onEvent: (event: SessionEvent) => void): Promise<Diagnostic | "cancelled" | "died" | null> {
    const at = source.text.indexOf(text);
    const error = (code: string, message: string, more: Partial<Diagnostic> = {}): Diagnostic => {
      const diagnostic: Diagnostic = { code, severity: "error", span: { start: at, end: at + text.length }, message, ...more };
      onEvent({ kind: "diagnostic", diagnostic, source });
      return diagnostic;
    };
    const typo = text.indexOf("actz");
    if (typo >= 0) return error("unknown-stage", "no stage named `actz`", { fix: { span: { start: at + typo, end: at + typo + 4 }, text: "acts" } });
    if (text.startsWith("set ")) settings[text.split(/\s+/)[1] ?? ""] = text.split(/\s+/)[2] ?? "";
    if (/^(set|let|param|saeq|#)/.test(text)) return null;
    if (text.includes("explode")) throw new Error("boom \x1b[31m");
    if (text.includes("die")) {
      error("engine-died", "the engine stopped: it ran out of memory", { help: "set batch 1" });
      return "died";
    }
    if (text.includes("missing")) {
      error("missing-file", "no file `missing.csv`");
      return "cancelled";
    }
    if (text.includes("note")) onEvent({ kind: "notice", text: "seed 42 was chosen; data says \x1b]0;pwned\x07" });
    killed = false;
    // A batch that takes its time, whatever the signal says.
    if (text.includes("stubborn")) while (!killed) await sleep(20);
    if (text.includes("still")) {
      onEvent({ kind: "progress", stage: "acts layer 7 last 50", documents: 7, totalDocuments: 400, tokens: 350, totalTokens: 20_000, elapsedMs: 1000, tokensPerSecond: 2500, etaSeconds: 8 });
      while (!killed && !signal.aborted) await sleep(20);
      return "cancelled";
    }
    const slow = /slow (\d+)/.exec(text);
    const total = slow === null ? 0 : Number(slow[1]);
    for (let i = 0; i < total; i++) {
      await sleep(20);
      if (killed || signal.aborted) return "cancelled";
      onEvent({ kind: "progress", stage: "acts layer 7 last 50", documents: i + 1, totalDocuments: total, tokens: 50 * (i + 1), totalTokens: 50 * total, elapsedMs: 20 * (i + 1), tokensPerSecond: 2500, etaSeconds: 0.02 * (total - i - 1) });
    }
    if (total * 20 > 300) onEvent({ kind: "finished", stage: "acts layer 7 last 50", elapsedMs: total * 20, detail: "" });
    if (text.includes("save")) onEvent({ kind: "saved", path: "x.csv", detail: "3 rows" });
    else if (text.startsWith("draw")) onEvent({ kind: "result", value: plot, header: "plot x", display: { rows: null, wide: false, quiet: false }, index: ++index, last });
    else if (text.startsWith("long")) onEvent({ kind: "result", value: longTable, header: "long 300 × 1", display: { rows: null, wide: false, quiet: false }, index: ++index, last });
    else onEvent({ kind: "result", value: table, header: "table 3×2", display: { rows: null, wide: false, quiet: false }, index: ++index, last });
    return null;
  }

  return {
    async run(source, { signal, onEvent }): Promise<Outcome> {
      const texts = source.text.split(/[;\n]/).map((text) => text.trim()).filter((text) => text !== "");
      for (const [i, text] of texts.entries()) {
        const came = await statement(text, source, i === texts.length - 1, signal, onEvent);
        if (came === "cancelled" && text.includes("missing")) return { exitCode: 10, cancelled: false, diagnostics: [] };
        if (came === "cancelled") return { exitCode: 130, cancelled: true, diagnostics: [] };
        if (came === "died") return { exitCode: 8, cancelled: false, diagnostics: [] };
        if (came !== null) return { exitCode: 3, cancelled: false, diagnostics: [came] };
      }
      const named = texts.filter((text) => !/^(set|let|param|saeq|#)/.test(text)).length;
      return { exitCode: 0, cancelled: false, diagnostics: [], ran: Array.from({ length: named }, (_, i) => ({ key: "", result: index - named + 1 + i })) };
    },
    async check(source, _, onEvent) {
      if (source.text.includes("large")) onEvent?.({ kind: "finished", stage: "scan large.csv", elapsedMs: 1600, detail: "1 file, 84.6 MB, 52.9 MB/s" });
      const paths = (word: string): string[] => [...source.text.matchAll(new RegExp(`\\b${word} "([^"]+)"`, "g"))].map((match) => `${word === "csv" ? options.readFrom : options.writeTo}/${match[1]}`);
      const params = [...source.text.matchAll(/^param (\w+): (\w+)(?: = (.*))?$/gm)].map((match) => ({ name: match[1] ?? "", type: match[2] ?? "", default: match[3] ?? null, doc: "how many" }));
      const at = source.text.indexOf("actz");
      const diagnostics: Diagnostic[] = at < 0 ? [] : [{ code: "unknown-stage", severity: "error", span: { start: at, end: at + 4 }, message: "no stage named `actz`" }];
      return { diagnostics, needs: { read: paths("csv"), write: paths("save") }, params };
    },
    complete(text, offset): Completion {
      const from = /\w*$/.exec(text.slice(0, offset))?.index ?? offset;
      const typed = text.slice(from, offset);
      const items = stages.filter((item) => item.text.startsWith(typed));
      return { from, to: offset, items, signature: /acts/.test(text) ? "acts layer <layer> [last <int>] [of continuation]" : null };
    },
    diagnose(text) {
      const at = text.indexOf("actz");
      const span = { start: at, end: at + 4 };
      return at < 0 ? [] : [{ code: "unknown-stage", severity: "error", span, message: "no stage named `actz`", fix: { span, text: "acts" } }];
    },
    help: (word) => (word === "acts" ? "acts layer <layer>\nreads activations" : null),
    settings: () => settings,
    names: () => (index === 0 ? [] : [{ name: "_", header: "table 3×2" }]),
    killEngine() {
      killed = true;
    },
    async close() {},
  };
};
