/** Without this file each test of the language server would start it and speak to it in its own way. */
import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createMessageConnection, StreamMessageReader, StreamMessageWriter, type MessageConnection } from "vscode-jsonrpc/node";
import type { Diagnostic, InitializeResult, PublishDiagnosticsParams } from "vscode-languageserver/node";
import { SAEQ } from "../house/program.ts";

/** A caret in a script is written `^`. */
export interface Place {
  readonly text: string;
  readonly position: { readonly line: number; readonly character: number };
}

export interface Client {
  readonly connection: MessageConnection;
  readonly process: ChildProcess;
  /** What the server says that it can do. */
  readonly can: InitializeResult["capabilities"];
  /** What the server logged: bugs. */
  readonly logged: string[];
  /** Open or replace a document; its URI. */
  write(name: string, text: string): string;
  /** Change a part of an open document; done once its diagnostics are told. */
  changed(uri: string, change: object): Promise<unknown>;
  /** The first diagnostics of the newest version that satisfy `wanted`. */
  diagnostics(uri: string, wanted?: (found: readonly Diagnostic[]) => boolean): Promise<readonly Diagnostic[]>;
  /** A request about a document and a place in it. */
  ask<T>(method: string, uri: string, more?: object): Promise<T>;
  /** `shutdown` and `exit`; the exit code. */
  stop(): Promise<number | null>;
}

const PATIENCE_MS = 20_000;

/** The caret of a marked script, as text and position. */
export function caret(marked: string): Place {
  const before = marked.slice(0, marked.indexOf("^")).split("\n");
  return { text: marked.replace("^", ""), position: { line: before.length - 1, character: before.at(-1)!.length } };
}

/** Start `saeq lsp` and greet it; documents lie in `folder`. */
export async function startClient(folder: string): Promise<Client> {
  const child = spawn(process.execPath, [SAEQ, "lsp"], { stdio: ["pipe", "pipe", "inherit"], cwd: folder, env: { ...process.env, SAEQ_CACHE: "off" } });
  const connection = createMessageConnection(new StreamMessageReader(child.stdout), new StreamMessageWriter(child.stdin));
  const versions = new Map<string, number>();
  const told = new Map<string, PublishDiagnosticsParams>();
  const waiting = new Set<() => void>();
  const diagnosticsOf = (uri: string, wanted: (found: readonly Diagnostic[]) => boolean = () => true): Promise<readonly Diagnostic[]> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no such diagnostics for ${uri}: ${JSON.stringify(told.get(uri))}`)), PATIENCE_MS);
      const look = (): void => {
        const found = told.get(uri);
        if (found === undefined || found.version !== versions.get(uri) || !wanted(found.diagnostics)) return;
        clearTimeout(timer);
        waiting.delete(look);
        resolve(found.diagnostics);
      };
      waiting.add(look);
      look();
    });
  const logged: string[] = [];
  connection.onNotification("textDocument/publishDiagnostics", (params: PublishDiagnosticsParams) => {
    told.set(params.uri, params);
    waiting.forEach((look) => look());
  });
  connection.onNotification("window/logMessage", ({ message }: { readonly message: string }) => void logged.push(message));
  connection.listen();
  const { capabilities: can } = await connection.sendRequest<InitializeResult>("initialize", { processId: process.pid, rootUri: pathToFileURL(folder).href, capabilities: {} });
  await connection.sendNotification("initialized", {});
  return {
    connection,
    can,
    process: child,
    logged,
    write: (name, text) => {
      const uri = pathToFileURL(join(folder, name)).href;
      const version = (versions.get(uri) ?? 0) + 1;
      versions.set(uri, version);
      if (version === 1) void connection.sendNotification("textDocument/didOpen", { textDocument: { uri, languageId: "saeq", version, text } });
      else void connection.sendNotification("textDocument/didChange", { textDocument: { uri, version }, contentChanges: [{ text }] });
      return uri;
    },
    changed: (uri, change) => {
      const version = versions.get(uri)! + 1;
      versions.set(uri, version);
      void connection.sendNotification("textDocument/didChange", { textDocument: { uri, version }, contentChanges: [change] });
      return diagnosticsOf(uri);
    },
    diagnostics: diagnosticsOf,
    ask: (method, uri, more = {}) => connection.sendRequest(`textDocument/${method}`, { textDocument: { uri }, ...more }),
    stop: async () => {
      const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
      await connection.sendRequest("shutdown");
      await connection.sendNotification("exit");
      return ended;
    },
  };
}
