/** Without this file every dot command would be wired into the REPL by hand. */
import type { Session } from "../../runtime/session_port.ts";
import type { Format } from "../arguments.ts";
import type { Journal } from "../journal.ts";

/** How results are shown; changed by `.mode`, `.rows`, `.wide` and `.time`. */
export interface View {
  readonly mode: Format;
  readonly rows: number | null;
  readonly wide: boolean;
  readonly time: boolean;
}

/** What a dot command may look at. */
export interface Scene {
  readonly session: Session;
  readonly view: View;
  readonly journal: Journal;
  readonly cwd: string;
  /** Settings the session began with, as far as a script must repeat them: the seed, and what was given as flags. */
  readonly settings: Readonly<Record<string, string>>;
  readonly commands: readonly Command[];
}

/** What a dot command wants to happen: data, so that each front end can do it in its own way. */
export type Reply =
  | { readonly then: "say"; readonly text: string }
  | { readonly then: "mistake"; readonly text: string }
  | { readonly then: "view"; readonly view: View; readonly text: string }
  | { readonly then: "run"; readonly name: string; readonly text: string }
  | { readonly then: "exit" }
  | { readonly then: "cancel" }
  | { readonly then: "reset" };

export interface Command {
  /** With its dot. */
  readonly name: string;
  readonly usage: string;
  readonly doc: string;
  run(argument: string, scene: Scene): Reply | Promise<Reply>;
}
