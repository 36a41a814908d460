/** Without this file progress would have no rate and no end in sight. */
import { counted } from "../counted.ts";
import type { Progress } from "../engine/port.ts";
import type { HubCall } from "../hub/hub.ts";
import type { ProgressEvent, SessionEvent } from "./session_port.ts";

const SMOOTHING = 0.3;
/** A stage shorter than this is not worth a line. */
const WORTH_A_LINE_MS = 300;

/** What makes progress, by its name and its identity: a plan, or a download. */
type Stage = { readonly label: string };

/** Turns counts into events with a smoothed rate and an estimate from tokens. `kept`: texts of a stage that were known already. */
export function createProgress<S extends Stage>(onEvent: (event: SessionEvent) => void, kept: (stage: S) => number = () => 0, now: () => number = () => performance.now()): (plan: S, progress: Progress, unit?: ProgressEvent["unit"]) => void {
  let running: { plan: S; started: number; at: number; tokens: number; rate: number } | null = null;
  return (plan, progress, unit) => {
    const time = now();
    if (running === null || running.plan !== plan) running = { plan, started: time, at: time, tokens: progress.tokens, rate: 0 };
    const seconds = (time - running.at) / 1000;
    if (seconds > 0.05 && progress.tokens > running.tokens) {
      const rate = (progress.tokens - running.tokens) / seconds;
      running.rate = running.rate === 0 ? rate : SMOOTHING * rate + (1 - SMOOTHING) * running.rate;
      running.at = time;
      running.tokens = progress.tokens;
    }
    const elapsedMs = time - running.started;
    onEvent({
      kind: "progress",
      stage: plan.label,
      ...progress,
      ...(unit === undefined ? {} : { unit }),
      elapsedMs,
      tokensPerSecond: running.rate,
      etaSeconds: running.rate === 0 ? null : (progress.totalTokens - progress.tokens) / running.rate,
    });
    if (progress.documents < progress.totalDocuments) return;
    if (elapsedMs > WORTH_A_LINE_MS && unit !== "work") {
      const rate = Math.round(progress.totalTokens / (elapsedMs / 1000));
      onEvent({ kind: "finished", stage: plan.label, elapsedMs, detail: summary(progress, rate, kept(plan), unit) });
    }
    running = null;
  };
}

function summary({ totalDocuments, totalTokens }: Progress, rate: number, known: number, unit: ProgressEvent["unit"]): string {
  if (unit === "rows") return `${counted(totalDocuments, "row")}, ${rate} rows/s`;
  if (unit === "bytes") return `${counted(totalDocuments, "file")}, ${(totalTokens / 1e6).toFixed(1)} MB, ${(rate / 1e6).toFixed(1)} MB/s`;
  return `${counted(totalDocuments, "text")}, ${counted(totalTokens, "token")}, ${rate} tokens/s${known === 0 ? "" : `; ${known} more cached`}`;
}

/** Downloads as one more stage that makes progress. */
export function hubCall(signal: AbortSignal, progress: ReturnType<typeof createProgress>): HubCall {
  const stages = new Map<string, { readonly label: string }>();
  return {
    signal,
    network: true,
    onProgress: (label, { files, totalFiles, bytes, totalBytes }) => {
      const stage = stages.get(label) ?? { label };
      stages.set(label, stage);
      progress(stage, { documents: files, totalDocuments: totalFiles, tokens: bytes, totalTokens: totalBytes }, "bytes");
    },
  };
}
