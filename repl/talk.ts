/** Without this file the REPL and the runner would each find their own words for what a session reports. */
import type { ProgressEvent, SessionEvent, Source } from "../runtime/session/session_port.ts";
import type { Diagnostic, Fix } from "../grammar/diagnostic.ts";
import { renderDiagnostic } from "../grammar/render.ts";
import { visible } from "../grammar/visible.ts";
import { duration } from "./progress.ts";
import { paint, type Look } from "./terminal.ts";

type Talk = Exclude<SessionEvent, { kind: "result" } | { kind: "progress" }>;

/** What is said for people about an event; results are shown elsewhere. */
export function say(event: Talk, look: Look): string {
  switch (event.kind) {
    case "finished":
      return paint("faint", [visible(event.stage), duration(event.elapsedMs), visible(event.detail)].filter((part) => part !== "").join("  "), look.color);
    case "notice":
      return `${paint("accent", "note:", look.color)} ${visible(event.text)}`;
    case "diagnostic":
      return sayDiagnostic(event.diagnostic, event.source, look);
    case "saved":
      return `${paint("good", "saved", look.color)} ${visible(event.path)}${event.detail === "" ? "" : `  ${paint("faint", visible(event.detail), look.color)}`}`;
    default:
      return event satisfies never;
  }
}

/** A mistake with the line it stands in. */
export function sayDiagnostic(diagnostic: Diagnostic, source: Source, look: Look): string {
  // Whoever pressed Ctrl-C knows where; how far it came is news.
  if (diagnostic.code === "cancelled") return [diagnostic.message, diagnostic.help ?? ""].filter((part) => part !== "").map((part) => visible(part)).join("; ");
  return renderDiagnostic(diagnostic, source, { color: look.color, width: look.width, window: look.tty, ascii: look.ascii }).replace(/\n+$/, "");
}

/** A failure that is no mistake of the user: our bug, in one line. */
export function sayBug(error: unknown, look: Look): string {
  const message = error instanceof Error ? error.message : String(error);
  return `${paint("error", "bug:", look.color)} ${visible(message)}; please report it with \`saeq doctor\``;
}

/** A plain mistake without a place in a source. */
export function sayMistake(message: string, look: Look): string {
  return `${paint("error", "error:", look.color)} ${message}`;
}

/** `cancelled after 640/1,000 texts; run it again to go on from there` */
export function cancelled(done: ProgressEvent | null): string {
  // Texts are kept as they are done; of a file or a download nothing can be said.
  if (done === null || done.unit !== undefined) return "cancelled";
  return `cancelled after ${done.documents.toLocaleString("en-US")}/${done.totalDocuments.toLocaleString("en-US")} texts; a re-run resumes from there`;
}

/** A text with one fix put in. */
export function applyFix(text: string, fix: Fix): string {
  return text.slice(0, fix.span.start) + fix.text + text.slice(fix.span.end);
}
