/** Without this file each subcommand would reach for the process by itself and none could be tested with another one. */
import { isUtf8 } from "node:buffer";
import { dirname, resolve } from "node:path";
import { cachePlace, type CachePlace } from "../../runtime/cache/folder.ts";
import type { CreateSession, Session, SessionOptions, Source } from "../../runtime/session/session_port.ts";
import type { Grants } from "../../runtime/permissions/grants.ts";
import { realPath } from "../../runtime/data/admission.ts";
import { DataError } from "../../runtime/data/error.ts";
import { identity } from "../../runtime/permissions/granted.ts";
import { shellWord } from "../../runtime/data/shell_word.ts";
import { MOST_TEXT, parse, parseInSteps } from "../../grammar/parse.ts";
import { visible } from "../../grammar/visible.ts";
import { inTurns } from "../../runtime/session/in_turns.ts";
import type { Options } from "../request.ts";
import { openAudit, type Audit } from "../audit.ts";
import { FlagError } from "../flag_error.ts";
import type { Desk } from "../headless.ts";
import { scriptGrants, withSet } from "../permissions.ts";
import { permissionSet } from "../project_file.ts";
import { sayMistake } from "../talk.ts";
import type { Look } from "../terminal.ts";
import { whyUnread } from "../why_unread.ts";
import { makeFolder } from "../../runtime/data/make_folder.ts";
import { ARCHIVE, isArchive, scriptBytes } from "./script_bytes.ts";

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
export const allGranted: Grants = { read: true, write: true, net: true };

/** What the flags, and the set that -P names, grant a script. @throws FlagError */
export function grantsOf(shop: Shop, folder: string, script: string | null): Grants {
  const { read, write, net, deny, permissions } = shop.options;
  const flags = { read, write, net, deny };
  return scriptGrants(permissions === null ? flags : withSet(flags, permissionSet(permissions, folder)), script, shop.cwd);
}

/** Everything the person who types may do, less what `--deny-*` forbids. */
export function typedGrants(shop: Shop): Grants {
  return scriptGrants({ read: true, write: true, net: true, deny: shop.options.deny }, null, shop.cwd);
}

/** A session with the flags of the command line. */
export async function openSession(shop: Shop, more: { readonly readFrom: string; readonly grants: Grants; readonly params?: Readonly<Record<string, string>>; readonly interactive?: boolean } & Pick<SessionOptions, "observe" | "offline">): Promise<Session> {
  const audit = auditOf(shop);
  try {
    return await shop.createSession({
      readFrom: more.readFrom,
      writeTo: outFolder(shop),
      grants: more.grants,
      params: more.params ?? {},
      settings: shop.options.settings,
      cache: shop.options.cache ? ownCache() : null,
      interactive: more.interactive ?? false,
      ...(more.observe === undefined ? {} : { observe: more.observe }),
      ...(more.offline === undefined ? {} : { offline: more.offline }),
      rawCsv: shop.options.rawCsv,
      // Other formats print the last value, wherever else it went.
      savedUnseen: shop.options.format === "table",
      ...(audit === null ? {} : { onUse: audit }),
      ...(shop.options.library === null ? {} : { engine: { library: resolve(shop.cwd, shop.options.library) } }),
    });
  } catch (error) {
    if (error instanceof RangeError) throw new FlagError(error.message);
    throw error;
  }
}

/** The cache of whoever runs this. @throws FlagError */
export function ownCache(): CachePlace | null {
  try {
    return cachePlace(process.env);
  } catch (error) {
    throw error instanceof RangeError ? new FlagError(error.message) : error;
  }
}

/** The folder that outputs are written in. */
export function outFolder(shop: Shop): string {
  return shop.options.out === null ? shop.cwd : resolve(shop.cwd, shop.options.out);
}

const audits = new WeakMap<Shop, Audit>();

/** One for all sessions of a command: what is used while checking and while running is told once. */
function auditOf(shop: Shop): Audit | null {
  if (shop.options.audit === null) return null;
  const audit = audits.get(shop) ?? openAudit(shop.options.audit, shop.cwd);
  audits.set(shop, audit);
  return audit;
}

/** Make the folder of `--out`; false after saying why that is impossible. Naming it is asking for it. */
export function makeOut(shop: Shop): boolean {
  if (shop.options.out === null) return true;
  try {
    makeFolder(resolve(shop.cwd, shop.options.out));
    return true;
  } catch (error) {
    mistake(shop, `could not make the folder ${visible(shop.options.out)}: ${visible(error instanceof Error ? error.message : String(error))}`);
    return false;
  }
}

export function deskOf(shop: Shop): Desk {
  const { stdout, stderr, dataLook, talkLook, options } = shop;
  return { stdout, stderr, dataLook, talkLook, format: options.format, quiet: options.quiet, progress: options.progress, rawCsv: options.rawCsv };
}

/** The folder that relative inputs of a source are resolved in. */
export function folderOf(file: string, shop: Shop): string {
  return file === "-" ? shop.cwd : dirname(resolve(shop.cwd, file));
}

/** A script file, or stdin for `-`; null after saying why it cannot be read. */
export async function readSource(file: string, shop: Shop): Promise<Source | null> {
  try {
    const name = file === "-" ? "stdin" : file;
    const bytes = file !== "-" && isArchive(file, shop.cwd) ? ARCHIVE : await scriptBytes(file, shop);
    if (bytes.subarray(0, ARCHIVE.length).equals(ARCHIVE)) {
      mistake(shop, `${visible(name)} is an archive; a bundle is looked at with \`saeq info\` and run with \`saeq run\``);
      return null;
    }
    const source = /\.(csv|tsv|jsonl|parquet)$/i.exec(file)?.[1]?.toLowerCase();
    if (source !== undefined) {
      mistake(shop, `${visible(file)} holds data, not a script; to look at it: saeq eval ${visible(shellWord(`${source === "tsv" ? "csv" : source} "${file.replaceAll(/["\\]/g, "\\$&")}" | take 5`))}`);
      return null;
    }
    if (isUtf8(bytes)) return await parsed({ name, text: withoutMark(bytes.toString("utf8")) });
    mistake(shop, `${visible(name)} is not UTF-8 text: byte ${firstBadByte(bytes)} does not belong to a character`);
    return null;
  } catch (error) {
    if (error instanceof DataError) {
      sayDataError(shop, error);
      return null;
    }
    mistake(shop, `could not read ${visible(file)}: ${visible(whyUnread(error))}`);
    return null;
  }
}

/** Read by the grammar in turns: whoever asks for the tree of a long script later has it at once, and signals are heard. */
async function parsed(source: Source): Promise<Source> {
  if (source.text.length <= MOST_TEXT) await inTurns(parseInSteps(source.text));
  return source;
}

/** Offset from 0 of the first byte where UTF-8 breaks off: the longest prefix that decodes and encodes to itself. */
function firstBadByte(bytes: Buffer): number {
  const again = Buffer.from(bytes.toString("utf8"), "utf8");
  let at = 0;
  while (at < bytes.length && bytes[at] === again[at]) at++;
  return at;
}

/** A source in which nothing is asked; said, with the exit code of a bad command line. */
export function withoutQuery(source: Source, shop: Shop): boolean {
  const { script, diagnostics } = parse(source.text);
  if (script.statements.length > 0 || diagnostics.length > 0) return false;
  mistake(shop, `there is no query in ${visible(source.name)}`);
  return true;
}

/** Say a mistake that has no place in a source. */
export function mistake(shop: Shop, text: string): void {
  shop.stderr.write(`${sayMistake(text, shop.talkLook)}\n`);
}

/** Whether an output would take the place of a file that is read, by whatever name; that is said then. */
export function overwrites(shop: Shop, output: string, inputs: readonly string[]): boolean {
  const place = (path: string): string => identity(path) ?? realPath(path);
  const read = inputs.find((path) => place(path) === place(output));
  if (read === undefined) return false;
  mistake(shop, `${visible(output)} is read here, and would be overwritten; name another file`);
  return true;
}

/** Say what is wrong with data or on disk, and give it back; any other error is thrown on. */
export function sayDataError(shop: Shop, error: unknown): DataError {
  if (!(error instanceof DataError)) throw error;
  mistake(shop, visible(error.help === null ? error.message : `${error.message}; ${error.help}`));
  return error;
}

function withoutMark(text: string): string {
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}
