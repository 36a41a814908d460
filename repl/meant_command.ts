/** Without this file `exit` and `help`, which every other prompt knows, would be told to be no stages. */
import type { Session } from "../runtime/session/session_port.ts";

/** What other prompts take for leaving and for help. */
const ELSEWHERE: Readonly<Record<string, string>> = { exit: ".quit", quit: ".quit", "exit()": ".quit", "quit()": ".quit", ":q": ".quit", "\\q": ".quit", help: ".help" };

/** A dot command as another prompt writes it, unless it means something here; null for all else. */
export function meantCommand(text: string, session: Pick<Session, "names" | "help">): string | null {
  const [first = "", ...rest] = text.split(/[ \t]+/);
  const meant = Object.hasOwn(ELSEWHERE, first) ? ELSEWHERE[first]! : null;
  if (meant === null || rest.length > (meant === ".help" ? 1 : 0) || session.names().some(({ name }) => name === first) || session.help(first) !== null) return null;
  return [meant, ...rest].join(" ");
}
