/** Without this file editors could not ask saeq anything: the Language Server Protocol over two streams. */
import { fileURLToPath } from "node:url";
import {
  CodeActionKind, createConnection, LSPErrorCodes, PositionEncodingKind, ProposedFeatures, ResponseError, SemanticTokensBuilder, TextDocuments, TextDocumentSyncKind,
  type CancellationToken, type Connection, type ConnectionStrategy, type InitializeParams, type InitializeResult, type Position, type ResponseMessage, type SemanticTokens, type TextDocumentIdentifier,
} from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import * as answer from "./answers.ts";
import { diagnosticOf, offsetOf } from "./convert.ts";
import { findings } from "./findings.ts";
import { openStreams } from "./streams.ts";
import { createWork, type Work } from "./work.ts";
import { pathOf } from "./path_of.ts";
import { folderOf, openWorkspace, type Workspace } from "./workspace.ts";

/** Mistakes are told when the typing pauses for this long. */
const PAUSE_MS = 120;

export interface ServerOptions {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  readonly version: string;
  readonly cwd: string;
}

/** What waits for its turn and is not wanted any more is answered at once. */
const STRATEGY: ConnectionStrategy = {
  cancelUndispatched: () => ({ jsonrpc: "2.0", id: null, error: { code: LSPErrorCodes.RequestCancelled, message: "cancelled" } }) satisfies ResponseMessage,
};

/** Serve until the editor says `exit`, its stream ends or its process is gone; then the process ends. */
export function serve({ input, output, version, cwd }: ServerOptions): void {
  const { reader, writer } = openStreams(input, output, (code) => process.exit(code));
  const connection = createConnection(ProposedFeatures.all, reader, writer, STRATEGY);
  const documents = new TextDocuments(TextDocument);
  let root = cwd;
  const failed = (error: unknown): void => connection.console.error(`saeq met a bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  const workspace = openWorkspace(() => root, (folder) => documents.all().filter(({ uri }) => (folderOf(uri) ?? root) === folder).forEach(publisher.soon), failed, (path) => documents.all().find(({ uri }) => pathOf(uri) === path)?.getText() ?? null);
  const work = createWork();
  const publisher = publishDiagnostics(connection, documents, workspace, work, failed);
  connection.onInitialize((params) => {
    root = rootOf(params) ?? cwd;
    return capabilities(version);
  });
  documents.onDidChangeContent(({ document }) => {
    work.stop(document.uri);
    workspace.edited(document.uri);
    publisher.soon(document);
  });
  documents.onDidClose(({ document }) => {
    work.stop(document.uri);
    workspace.close(document.uri);
    workspace.edited(document.uri);
    publisher.clear(document.uri);
  });
  const reread = (): void => {
    workspace.readFilesAgain();
    documents.all().forEach(publisher.soon);
  };
  documents.onDidSave(reread);
  connection.onDidChangeWatchedFiles(reread);
  answerRequests(connection, documents, workspace, work, failed);
  documents.listen(connection);
  connection.listen();
}

function capabilities(version: string): InitializeResult {
  return {
    serverInfo: { name: "saeq", version },
    capabilities: {
      // Offsets of saeq count what JavaScript counts, which every client knows.
      positionEncoding: PositionEncodingKind.UTF16,
      textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: true },
      completionProvider: { triggerCharacters: [" ", "|", "$", "(", "`", "\"", "'", "/"] },
      signatureHelpProvider: { triggerCharacters: [" ", "(", ","] },
      hoverProvider: true,
      definitionProvider: true,
      referencesProvider: true,
      renameProvider: { prepareProvider: true },
      documentSymbolProvider: true,
      documentFormattingProvider: true,
      codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix, answer.FIX_ALL] },
      semanticTokensProvider: { legend: answer.SEMANTIC_LEGEND, full: { delta: true } },
    },
  };
}

type About = { readonly textDocument: TextDocumentIdentifier };

function answerRequests(connection: Connection, documents: TextDocuments<TextDocument>, workspace: Workspace, work: Work, failed: (error: unknown) => void): void {
  /** A bug in one answer is told to the editor's log and costs no more than that answer. */
  const told = (error: unknown): null => {
    if (error instanceof ResponseError) throw error;
    failed(error);
    return null;
  };
  const about = <P extends About, R>(make: (open: answer.Open, params: P) => R) => (params: P): R | null => {
    const document = documents.get(params?.textDocument?.uri ?? "");
    try {
      return document === undefined ? null : make(workspace.open(document), params);
    } catch (error) {
      return told(error);
    }
  };
  /** For what is asked of words: what they stand for is worked out in turns, as far as one is asked about, else of all. */
  const ofWords = <P extends About & { readonly position?: Position }, R>(whole: boolean, make: (open: answer.Open, params: P) => R) => async (params: P, token: CancellationToken): Promise<R | null> => {
    const document = documents.get(params?.textDocument?.uri ?? "");
    if (document === undefined) return null;
    try {
      const open = workspace.open(document);
      await work.forAnswer(document.uri, open.analysis.steps("marks", whole ? undefined : offsetOf(document, params.position)), token);
      return make(open, params);
    } catch (error) {
      return told(error);
    }
  };
  connection.onCompletion(about((open, { position }) => answer.answerCompletion(open, position)));
  connection.onHover(ofWords(false, (open, { position }) => answer.answerHover(open, position)));
  connection.onSignatureHelp(about((open, { position }) => answer.answerSignature(open, position)));
  connection.onDefinition(ofWords(false, (open, { position }) => answer.answerDefinition(open, position)));
  connection.onReferences(ofWords(true, (open, { position, context }) => answer.answerReferences(open, position, context?.includeDeclaration !== false)));
  connection.onPrepareRename(ofWords(false, (open, { position }) => answer.answerPrepareRename(open, position)));
  connection.onRenameRequest(ofWords(true, (open, { position, newName }) => answer.answerRename(open, position, newName, documents.all().map((each) => workspace.open(each)))));
  connection.onDocumentSymbol(about((open) => answer.answerSymbols(open)));
  connection.onDocumentFormatting(about((open) => answer.answerFormatting(open)));
  connection.onCodeAction(about((open, { range, context }) => answer.answerActions(open, range, context?.only)));
  const colours = new Map<string, SemanticTokensBuilder>();
  documents.onDidClose(({ document }) => void colours.delete(document.uri));
  const tokens = ofWords(true, (open, params: About & { readonly previousResultId?: unknown }) => {
    const builder = colours.get(open.document.uri) ?? new SemanticTokensBuilder();
    colours.set(open.document.uri, builder);
    return answer.answerSemanticTokens(open, builder, typeof params.previousResultId === "string" ? params.previousResultId : null);
  });
  connection.languages.semanticTokens.on(async ({ textDocument }, token) => ((await tokens({ textDocument }, token)) as SemanticTokens | null) ?? { data: [] });
  connection.languages.semanticTokens.onDelta(async (params, token) => (await tokens(params, token)) ?? { data: [] });
}

interface Publisher {
  readonly soon: (document: TextDocument) => void;
  readonly clear: (uri: string) => void;
}

/** Tell mistakes when the typing pauses, and ask for what would show more of them. */
function publishDiagnostics(connection: Connection, documents: TextDocuments<TextDocument>, workspace: Workspace, work: Work, failed: (error: unknown) => void): Publisher {
  const timers = new Map<string, NodeJS.Timeout>();
  const publish = async (uri: string): Promise<void> => {
    timers.delete(uri);
    const document = documents.get(uri);
    if (document === undefined) return;
    try {
      const open = workspace.open(document);
      // More becomes known at once, and then this is asked again.
      if (!open.ready || !(await work.done(uri, open.analysis.steps("mistakes")))) return;
      // Or it became known meanwhile.
      if (workspace.open(document).analysis !== open.analysis) return;
      const diagnostics = findings(open.analysis).map((each) => diagnosticOf(document, each));
      connection.sendDiagnostics({ uri, version: document.version, diagnostics }).catch(failed);
      workspace.lookUp(open);
    } catch (error) {
      failed(error);
    }
  };
  return {
    soon: ({ uri }) => {
      clearTimeout(timers.get(uri));
      timers.set(uri, setTimeout(publish, PAUSE_MS, uri));
    },
    clear: (uri) => {
      clearTimeout(timers.get(uri));
      timers.delete(uri);
      connection.sendDiagnostics({ uri, diagnostics: [] }).catch(failed);
    },
  };
}

function rootOf({ workspaceFolders, rootUri }: InitializeParams): string | null {
  const uri = workspaceFolders?.[0]?.uri ?? rootUri ?? null;
  try {
    return uri === null ? null : fileURLToPath(uri);
  } catch {
    return null;
  }
}
