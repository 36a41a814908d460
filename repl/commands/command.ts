/** Without this file every dot command would be wired into the REPL by hand. */
import type { Value } from "../../runtime/data/frame.ts";
import type { Session } from "../../runtime/session/session_port.ts";
import type { Format } from "../request.ts";
import type { Journal } from "../journal.ts";
import type { Look } from "../terminal.ts";

/** How results are shown; changed by `.mode`, `.rows`, `.wide` and `.time`. */
export interface View {
  readonly mode: Format;
  readonly rows: number | null;
  readonly wide: boolean;
  readonly time: boolean;
  /** How plots are drawn as images beside the drawing in text; off where not given. */
  readonly graphics?: Graphics;
  /** Results are read aloud, or go where drawings mean nothing. */
  readonly spoken?: boolean;
}

/** How a terminal takes images. */
export type Graphics = "off" | "kitty" | "iterm" | "sixel";

/** What a dot command may look at. */
export interface Scene {
  readonly session: Session;
  readonly view: View;
  readonly journal: Journal;
  /** The last result as a value; null before the first. */
  readonly last: Value | null;
  readonly look: Look;
  readonly env: Readonly<Record<string, string | undefined>>;
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
  /** `echo`: the text is the command's own and is shown first, so that people see what it does. */
  | { readonly then: "run"; readonly name: string; readonly text: string; readonly echo?: boolean }
  /** Hand a text to the user's editor, and what comes back to the line. */
  | { readonly then: "edit"; readonly text: string }
  /** Bytes for the terminal itself that show nothing: the clipboard. */
  | { readonly then: "send"; readonly sequence: string; readonly text: string }
  | { readonly then: "log"; readonly file: string | null }
  | { readonly then: "exit" }
  | { readonly then: "cancel" }
  | { readonly then: "reset" };

export interface Command {
  /** With its dot. */
  readonly name: string;
  readonly usage: string;
  readonly doc: string;
  /** What Tab offers behind the name: files with these endings, words, or names of models and SAEs. */
  readonly argument?: { readonly files: readonly string[] } | { readonly words: readonly string[] } | { readonly checkpoints: "model" | "sae" };
  run(argument: string, scene: Scene): Reply | Promise<Reply>;
}
