// Without this file the editor would colour saeq scripts, but start no language server for them.
"use strict";
const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;
let watcher;

/** `saeq.command` with `lsp` behind it. On Windows programs of npm are scripts, which only a shell starts. */
function serverOptions() {
  const [command = "saeq", ...args] = vscode.workspace.getConfiguration("saeq").get("command", ["saeq"]);
  return { command, args: [...args, "lsp"], options: { shell: process.platform === "win32" } };
}

async function start() {
  client = new LanguageClient("saeq", "saeq", serverOptions(), {
    documentSelector: [{ language: "saeq" }],
    synchronize: { fileEvents: watcher },
  });
  try {
    await client.start();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    vscode.window.showErrorMessage(`saeq: the language server did not start (${why}); see the setting saeq.command`);
  }
}

async function stop() {
  const old = client;
  client = undefined;
  // A server that never started, or is gone, need not be stopped.
  await old?.stop().catch(() => {});
}

async function restart() {
  await stop();
  if (vscode.workspace.isTrusted) await start();
}

async function activate(context) {
  watcher = vscode.workspace.createFileSystemWatcher("**/*.{csv,tsv,jsonl,parquet,saeq}");
  context.subscriptions.push(
    watcher,
    vscode.commands.registerCommand("saeq.restart", restart),
    vscode.workspace.onDidChangeConfiguration((event) => (event.affectsConfiguration("saeq.command") ? restart() : undefined)),
    vscode.workspace.onDidGrantWorkspaceTrust(restart),
  );
  await restart();
}

module.exports = { activate, deactivate: stop };
