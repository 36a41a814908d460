/** Without this file `saeq` alone would not know which kind of REPL suits the terminal it finds. */
import { registerHooks } from "node:module";
import type { Request } from "../request.ts";
import type { Dialogue } from "../dialogue.ts";
import { historyPath } from "../history.ts";
import { packageVersion } from "../../runtime/package_root.ts";
import { look, marksPastes, paint, setTheme, themeOf, wantsPlain } from "../terminal.ts";
import { runScript } from "./run.ts";
import { makeOut, openSession, typedGrants, type Shop } from "./shop.ts";

/** `saeq` and `saeq repl`: Ink on a terminal, lines where that would disturb, a script where nobody types. */
export async function startRepl(request: Extract<Request, { kind: "repl" }>, shop: Shop): Promise<number> {
  if (!makeOut(shop)) return 2;
  const terminal = shop.stdin.isTTY === true && shop.stdout.isTTY === true;
  if (!terminal && !request.plain) {
    return shop.stdin.isTTY === true ? startPlain(request, shop) : runScript({ kind: "run", file: "-", params: {}, help: false, record: false, frozen: false, options: request.options }, shop);
  }
  return request.plain || wantsPlain(process.env) ? startPlain(request, shop) : startInk(request, shop);
}

async function startPlain(request: Extract<Request, { kind: "repl" }>, shop: Shop): Promise<number> {
  const { runPlain } = await import("../plain.ts");
  const { stdin, stdout, cwd } = shop;
  return runPlain({ dialogue: await dialogueFor(shop, () => shop.dataLook, { spoken: true }), history: historyFor(request), cwd, greeting: greeting(shop, "Tab and Enter complete"), code: request.code, stdin, stdout, ...(stdout.isTTY === true ? { send: (sequence) => void stdout.write(sequence) } : {}) });
}

async function startInk(request: Extract<Request, { kind: "repl" }>, shop: Shop): Promise<number> {
  // React's development build checks much and is slow; it is chosen when it is first loaded.
  process.env["NODE_ENV"] ??= "production";
  const { stdin, stdout, stderr, cwd } = shop;
  // Before the slow imports: what is typed meanwhile must neither be echoed nor have its Enter rewritten.
  stdin.setRawMode(true);
  if (greeting(shop) !== "") stdout.write(`${greeting(shop)}\n`);
  const { runRepl } = await leanInk(() => import("../terminal_repl.ts"));
  let painted = (): void => undefined;
  // The language is loaded behind the first frame: a prompt to type at comes first.
  const atPrompt = new Promise<void>((done) => (painted = done));
  const lookAt = (columns: number): ReturnType<typeof look> => look({ isTTY: true, columns, rows: stdout.rows }, process.env, shop.options);
  setTheme(themeOf(process.env));
  return runRepl({ dialogue: await dialogueFor(shop, () => lookAt(stdout.columns), { after: atPrompt }), onPainted: painted, look: lookAt, history: historyFor(request), cwd, greeting: "", code: request.code, stdin, stdout, stderr, brackets: marksPastes(process.env) });
}

/** Ink takes one function of es-toolkit and would load four hundred files for it, which is a third of the time to the prompt. */
async function leanInk<T>(load: () => Promise<T>): Promise<T> {
  const hooks = registerHooks({
    load: (url, context, next) =>
      url.endsWith("/es-toolkit/dist/compat/index.mjs") ? { format: "module", shortCircuit: true, source: 'export { throttle } from "./function/throttle.mjs";' } : next(url, context),
  });
  try {
    return await load();
  } finally {
    hooks.deregister();
  }
}

async function dialogueFor(shop: Shop, lookNow: () => ReturnType<typeof look>, more: { readonly spoken?: boolean; readonly after?: Promise<void> } = {}): Promise<Dialogue> {
  const { openDialogue } = await import("../dialogue.ts");
  return openDialogue({
    open: () => (more.after ?? Promise.resolve()).then(() => openSession(shop, { readFrom: shop.cwd, grants: typedGrants(shop), interactive: true })),
    look: lookNow,
    cwd: shop.cwd,
    settings: shop.options.settings,
    view: { mode: shop.options.format, rows: null, wide: false, time: false, spoken: more.spoken ?? false },
  });
}

function historyFor(request: Extract<Request, { kind: "repl" }>): string | null {
  return request.history ? historyPath(process.env) : null;
}

function greeting(shop: Shop, completes = "Tab completes"): string {
  if (shop.options.quiet) return "";
  const name = `saeq ${packageVersion()}`;
  const advice = [`.help for help, ${completes}`, ".help for help", ".help"].find((text) => name.length + 2 + text.length < shop.dataLook.width);
  return paint("strong", name, shop.dataLook.color) + (advice === undefined ? "" : `  ${paint("faint", advice, shop.dataLook.color)}`);
}
