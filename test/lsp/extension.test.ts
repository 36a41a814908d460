/** Without this file the extension for Visual Studio Code would be tried only by those who install it. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ROOT } from "../house/files.ts";

const folder = new URL("../../editors/vscode/", import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), "utf8");
const manifest = JSON.parse(read("package.json")) as {
  readonly main: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly contributes: { readonly languages: readonly { readonly id: string; readonly extensions: readonly string[]; readonly configuration: string }[]; readonly grammars: readonly { readonly path: string; readonly scopeName: string }[] };
};

interface Extension {
  activate(context: { readonly subscriptions: unknown[] }): Promise<void>;
  deactivate(): Promise<void>;
}
interface Desk {
  readonly extension: Extension;
  readonly started: (readonly string[])[];
  readonly said: string[];
  readonly handlers: Map<string, (event?: unknown) => Promise<void>>;
  trusted: boolean;
  stopped: number;
}

/** The extension with an editor that only writes down what it is asked. */
function load(command: readonly string[] | undefined, fails = false): Desk {
  const desk: Desk = { extension: { activate: async () => {}, deactivate: async () => {} }, started: [], said: [], handlers: new Map(), trusted: true, stopped: 0 };
  const on = (name: string) => (handler: (event?: unknown) => Promise<void>): object => desk.handlers.set(name, handler);
  const vscode = {
    workspace: {
      getConfiguration: () => ({ get: (_name: string, usual: unknown) => command ?? usual }),
      createFileSystemWatcher: () => ({}),
      onDidChangeConfiguration: on("configuration"),
      onDidGrantWorkspaceTrust: on("trust"),
      get isTrusted() {
        return desk.trusted;
      },
    },
    commands: { registerCommand: (name: string, handler: () => Promise<void>) => on(name)(handler) },
    window: { showErrorMessage: (text: string) => desk.said.push(text) },
  };
  class LanguageClient {
    constructor(_id: string, _name: string, server: { readonly command: string; readonly args: readonly string[] }) {
      desk.started.push([server.command, ...server.args]);
    }
    start(): Promise<void> {
      return fails ? Promise.reject(new Error("no such program")) : Promise.resolve();
    }
    stop(): Promise<void> {
      desk.stopped++;
      return fails ? Promise.reject(new Error("not running")) : Promise.resolve();
    }
  }
  const module = { exports: {} };
  new Function("require", "module", "process", read("extension.js"))((name: string) => (name === "vscode" ? vscode : { LanguageClient }), module, process);
  return Object.assign(desk, { extension: module.exports as Extension });
}

test("the extension starts `saeq lsp`, or what the setting says, and restarts it", async () => {
  const desk = load(undefined);
  await desk.extension.activate({ subscriptions: [] });
  assert.equal(desk.started, [["saeq", "lsp"]]);
  await desk.handlers.get("saeq.restart")!();
  await desk.handlers.get("configuration")!({ affectsConfiguration: () => false });
  assert.is(desk.started.length, 2);
  assert.is(desk.stopped, 1);
  await desk.extension.deactivate();
  const other = load(["npx", "saeq"]);
  await other.extension.activate({ subscriptions: [] });
  assert.equal(other.started, [["npx", "saeq", "lsp"]]);
});

test("nothing is started in a folder that is not trusted, until it is", async () => {
  const desk = load(undefined);
  desk.trusted = false;
  await desk.extension.activate({ subscriptions: [] });
  assert.equal(desk.started, []);
  desk.trusted = true;
  await desk.handlers.get("trust")!();
  assert.is(desk.started.length, 1);
});

test("a program that does not start is told, and stopping it is no error", async () => {
  const desk = load(undefined, true);
  await desk.extension.activate({ subscriptions: [] });
  assert.match(desk.said.join(), "no such program");
  await desk.extension.deactivate();
});

test("the folder packs, with every file that its manifest names", () => {
  const packed = JSON.parse(execFileSync("npm", ["pack", "--dry-run", "--json", "--offline"], { cwd: fileURLToPath(folder), encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })) as unknown;
  const [only] = Object.values(packed as Record<string, { readonly files: readonly { readonly path: string }[] }>);
  const paths = only!.files.map(({ path }) => path);
  const language = manifest.contributes.languages[0]!;
  for (const name of [manifest.main, language.configuration, manifest.contributes.grammars[0]!.path]) {
    assert.ok(existsSync(new URL(name, folder)), name);
    assert.ok(paths.includes(name.replace("./", "")), name);
  }
  assert.equal(paths.filter((path) => /\.m?ts$/.test(path)), []);
  assert.equal(language.extensions, [".saeq"]);
  assert.is(read("LICENSE"), readFileSync(`${ROOT}LICENSE`, "utf8"));
  JSON.parse(read(language.configuration));
});

test("client and server are of one release", () => {
  const root = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")) as { readonly dependencies: Readonly<Record<string, string>> };
  assert.is(manifest.dependencies["vscode-languageclient"], root.dependencies["vscode-languageserver"]);
});

test.run();
