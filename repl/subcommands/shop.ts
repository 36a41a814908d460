/** Without this file each subcommand would reach for the process by itself and none could be tested with another one. */
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { CreateSession, Grants, Session, Source } from "../../runtime/session_port.ts";
import { visible } from "../../grammar/visible.ts";
import type { Options } from "../arguments.ts";
import { FlagError } from "../flag_error.ts";
import type { Desk } from "../headless.ts";
import { sayMistake } from "../talk.ts";
import type { Look } from "../terminal.ts";

/** What every subcommand works with. */
export interface Shop {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly options: Options;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly dataLook: Look;
  readonly talkLook: Look;
  readonly createSession: CreateSession;
}

/** Rights of the person who types: everything they may do themselves. */
export const allGranted: Grants = { read: true, write: true };

/** A session with the flags of the command line. */
export async function openSession(shop: Shop, more: { readonly readFrom: string; readonly grants: Grants; readonly params?: Readonly<Record<string, string>>; readonly interactive?: boolean }): Promise<Session> {
  try {
    return await shop.createSession({
      readFrom: more.readFrom,
      writeTo: shop.options.out === null ? shop.cwd : resolve(shop.cwd, shop.options.out),
      grants: more.grants,
      params: more.params ?? {},
      settings: shop.options.settings,
      interactive: more.interactive ?? false,
    });
  } catch (error) {
    if (error instanceof RangeError) throw new FlagError(error.message);
    throw error;
  }
}

/** Make the folder of `--out`; false after saying why that is impossible. Naming it is asking for it. */
export function makeOut(shop: Shop): boolean {
  if (shop.options.out === null) return true;
  try {
    mkdirSync(resolve(shop.cwd, shop.options.out), { recursive: true });
    return true;
  } catch (error) {
    mistake(shop, `could not make the folder ${visible(shop.options.out)}: ${visible(error instanceof Error ? error.message : String(error))}`);
    return false;
  }
}

export function deskOf(shop: Shop): Desk {
  const { stdout, stderr, dataLook, talkLook, options } = shop;
  return { stdout, stderr, dataLook, talkLook, format: options.format, quiet: options.quiet, progress: options.progress };
}

/** The folder that relative inputs of a source are resolved in. */
export function folderOf(file: string, shop: Shop): string {
  return file === "-" ? shop.cwd : dirname(resolve(shop.cwd, file));
}

/** A script file, or stdin for `-`; null after saying why it cannot be read. */
export async function readSource(file: string, shop: Shop): Promise<Source | null> {
  try {
    if (file !== "-") return { name: file, text: withoutMark(readFileSync(resolve(shop.cwd, file), "utf8")) };
    let text = "";
    for await (const chunk of shop.stdin.setEncoding("utf8")) text += String(chunk);
    return { name: "stdin", text: withoutMark(text) };
  } catch (error) {
    const why = error instanceof Error && "code" in error && error.code === "ENOENT" ? "there is no such file" : error instanceof Error ? error.message : String(error);
    mistake(shop, `could not read ${visible(file)}: ${visible(why)}`);
    return null;
  }
}

/** Say a mistake that has no place in a source. */
export function mistake(shop: Shop, text: string): void {
  shop.stderr.write(`${sayMistake(text, shop.talkLook)}\n`);
}

function withoutMark(text: string): string {
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}
