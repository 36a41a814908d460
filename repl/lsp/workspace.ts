/** Without this file every request would read its document anew, and scripts of different folders would share their files. */
import { dirname } from "node:path";
import type { TextDocument } from "vscode-languageserver-textdocument";
import type { Analysis, Surroundings } from "../../src/assist/analyse.ts";
import { createReader } from "../../src/assist/live.ts";
import type { Open } from "./answers.ts";
import { openKnowledge, type Knowledge } from "./knowledge.ts";
import { pathOf } from "./path_of.ts";

export interface Workspace {
  /** A document as it is now, read once per text and per change of what is known. */
  open(document: TextDocument): Open;
  /** Look up what the document asks for and is not known yet. */
  lookUp(open: Open): void;
  /** Files on disk changed. */
  readFilesAgain(): void;
  /** A document changed, which others may use as a module. */
  edited(uri: string): void;
  /** The document is closed. */
  close(uri: string): void;
}

interface Kept {
  readonly around: Surroundings;
  readonly analysis: Analysis;
  /** Knows what was read of the document before. */
  readonly read: ReturnType<typeof createReader>;
}

/** `elsewhere`: the folder of documents that are no files. `changed` is told the folder of which more is known. `textOf`: of a file that is open, else null. */
export function openWorkspace(elsewhere: () => string, changed: (folder: string) => void, failed: (error: unknown) => void, textOf: (path: string) => string | null): Workspace {
  const folders = new Map<string, Knowledge>();
  const kept = new Map<string, Kept>();

  function knowledgeOf(folder: string): Knowledge {
    const known = folders.get(folder) ?? openKnowledge(folder, () => changed(folder), failed, textOf);
    folders.set(folder, known);
    return known;
  }

  return {
    open: (document) => {
      const readFrom = folderOf(document.uri) ?? elsewhere();
      const knowledge = knowledgeOf(readFrom);
      const around = knowledge.surroundings();
      const ready = knowledge.opened();
      const old = kept.get(document.uri);
      const text = document.getText();
      // Not by its version: not every editor counts.
      if (old !== undefined && old.analysis.text === text && old.around === around) return { document, analysis: old.analysis, ready, readFrom };
      const read = old?.read ?? createReader();
      const analysis = read(text, around);
      kept.set(document.uri, { around, analysis, read });
      return { document, analysis, ready, readFrom };
    },
    lookUp: ({ analysis, readFrom }) => knowledgeOf(readFrom).want(analysis.needs()),
    readFilesAgain: () => folders.forEach((knowledge) => knowledge.readFilesAgain()),
    edited: (uri) => {
      const path = pathOf(uri);
      if (path !== null) folders.forEach((knowledge) => knowledge.readModuleAgain(path));
    },
    close: (uri) => void kept.delete(uri),
  };
}

/** The folder of a `file:` URI; null for what is not on this disk. */
export function folderOf(uri: string): string | null {
  const path = pathOf(uri);
  return path === null ? null : dirname(path);
}
