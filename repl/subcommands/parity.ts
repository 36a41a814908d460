/** Without this file nobody could show that saeq computes what their own Python computes. */
import { visible } from "../../grammar/visible.ts";
import { renderDiagnostic } from "../../grammar/render.ts";
import { failure } from "../../runtime/session/failure.ts";
import { runParity, type Parity } from "../../runtime/parity/run.ts";
import { short, type Report } from "../../runtime/parity/report.ts";
import { createProgress } from "../../runtime/session/progress.ts";
import type { Request } from "../request.ts";
import { watchInterrupts } from "../interrupts.ts";
import { liveProgress } from "../live_progress.ts";
import { packageVersion } from "../../runtime/package_root.ts";
import type { Shop } from "./shop.ts";

/** `saeq parity --against DUMP`: 0 where every gate is passed, 1 where one is not. */
export async function parity(request: Extract<Request, { kind: "parity" }>, shop: Shop): Promise<number> {
  const abort = new AbortController();
  const live = liveProgress(shop.stderr, shop.talkLook, shop.options.progress && !shop.options.quiet);
  const stop = (): void => abort.abort();
  const interrupts = watchInterrupts({ first: stop, second: () => process.exit(130), hangUp: stop });
  const progress = createProgress((event) => (event.kind === "progress" ? live.show(event) : undefined));
  const stage = { label: "parity" };
  const downloads = { label: "download" };
  try {
    const done = await runParity({ ...request, readFrom: shop.cwd }, {}, {
      signal: abort.signal,
      network: true,
      onProgress: (_, { files, totalFiles, bytes, totalBytes }) => progress(downloads, { documents: files, totalDocuments: totalFiles, tokens: bytes, totalTokens: totalBytes }, "bytes"),
    }, (counts) => progress(stage, counts));
    live.clear();
    shop.stdout.write(shop.options.format === "table" ? `${visible(inWords(done), { keepNewlines: true })}\n` : `${JSON.stringify(asData(done), null, shop.options.format === "json" ? 2 : 0)}\n`);
    return done.report.gates.every(({ passed }) => passed) ? 0 : 1;
  } catch (error) {
    live.clear();
    const { diagnostic, exitCode } = failure(error, request.against, { start: 0, end: request.against.length }, [0, 0], false);
    shop.stderr.write(`${renderDiagnostic(diagnostic, { name: "parity", text: request.against }, { color: shop.talkLook.color, width: shop.talkLook.width, window: shop.talkLook.tty, ascii: shop.talkLook.ascii })}\n`);
    return interrupts.hungUp() ? 143 : exitCode;
  } finally {
    interrupts.stop();
  }
}

/** How ours was computed. */
const OURS = (): Readonly<Record<string, string>> => ({ dtype: "float32", provider: "cpu", saeq: packageVersion(), node: process.version });

function asData({ report, dump, model, sae }: Parity): object {
  return { model: model.ref.name, sae: sae.ref.name, convention: sae.ref.convention, ours: OURS(), theirs: dump.meta, ...report };
}

function inWords({ report, dump, model, sae }: Parity): string {
  const { agreement, residual, flips } = report;
  const percent = (share: number): string => `${short(100 * share)} %`;
  const fact = (name: string, value: string): string => `${name.padEnd(26)}${value}`;
  const flat = (value: unknown): string => (typeof value === "object" && value !== null ? Object.entries(value).map(([name, one]) => `${name} ${String(one)}`).join(", ") : String(value));
  return [
    fact("model", model.ref.name),
    fact("SAE", `${sae.ref.name} (${sae.ref.convention}), ${sae.hookName}`),
    fact("ours", flat(OURS())),
    fact("theirs", Object.entries(dump.meta).filter(([name]) => name !== "dump").map(([name, value]) => `${name} ${flat(value)}`).join("; ")),
    "",
    fact("tokens", `${agreement.tokens} in ${dump.documents.length} texts, first positions apart`),
    fact("residual, relative L2", `median ${short(residual.median)}, worst token ${short(residual.worst)}; first positions ${short(residual.firstWorst)}`),
    fact("L0", `ours ${short(report.l0.ours)}, theirs ${short(report.l0.theirs)}`),
    fact("active", `both ${agreement.both}, only ours ${agreement.onlyOurs}, only theirs ${agreement.onlyTheirs}`),
    fact("Jaccard", `${short(agreement.jaccard)} over all; per token p1 ${short(agreement.jaccardP1)}, p50 ${short(agreement.jaccardP50)}`),
    fact("tokens with the same set", percent(agreement.exactSets)),
    fact("values, both active", `largest difference ${short(agreement.maxAbsolute)}; relative p50 ${short(agreement.relativeP50)}, p99 ${short(agreement.relativeP99)}, max ${short(agreement.relativeMax)}`),
    fact("first positions", `Jaccard ${short(report.firstPositions.jaccard)}, only ours ${report.firstPositions.onlyOurs}, only theirs ${report.firstPositions.onlyTheirs}, relative max ${short(report.firstPositions.relativeMax)}`),
    fact("flips", flips === null ? "counted above, not explained: which features of a top-k are kept depends on all others" : `${flips.count}, largest margin ${short(flips.largestMargin)}, unexplained ${flips.unexplained.length}`),
    ...(flips?.unexplained.slice(0, 5).map((flip) => unexplained(flip)) ?? []),
    fact("worst features", report.worstFeatures.map(({ feature, flips: count, relative }) => `${feature} (${count} flips, ${short(relative)})`).join(", ")),
    fact("worst positions", report.worstPositions.map(({ text, position, flips: count, relative }) => `text ${text} position ${position} (${count} flips, ${short(relative)})`).join(", ")),
    "",
    ...report.gates.map(({ name, passed, found, wanted }) => `${passed ? "ok  " : "FAIL"}  ${name}: ${found} (${wanted})`),
  ].join("\n");
}

function unexplained(flip: NonNullable<Report["flips"]>["unexplained"][number]): string {
  return `  feature ${flip.feature} at row ${flip.row}, active in ${flip.side} only (${short(flip.value)}): ${flip.wrong}; exact pre ours ${short(flip.oursPre)}, theirs ${short(flip.theirsPre)}, threshold ${short(flip.threshold)}, rounding ≤ ${short(flip.bound)}`;
}
