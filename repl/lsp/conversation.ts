/** Without this file what is no message, or comes at the wrong time, would go unanswered or be answered as if it were in order. */
import { ErrorCodes, type Message, type RequestMessage } from "vscode-languageserver/node";

/** An answer to what cannot be passed on. */
export interface Refusal {
  readonly id: string | number | null;
  readonly code: number;
  readonly message: string;
}

/** What becomes of the body of a message: it is passed on, refused, or left alone. */
export type Heard = { readonly message: Message } | { readonly refusal: Refusal } | null;

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === "string";

/** What a notification must have to mean anything. Others have no answer, so these are left alone when they lack it. */
const MUST_HAVE: Readonly<Record<string, (params: Fields) => boolean>> = {
  "textDocument/didOpen": ({ textDocument: at }) => isFields(at) && isText(at["uri"]) && isText(at["text"]),
  "textDocument/didChange": ({ textDocument: at, contentChanges: changes }) => isFields(at) && isText(at["uri"]) && Array.isArray(changes) && changes.every(isChange),
  "textDocument/didClose": ({ textDocument: at }) => isFields(at) && isText(at["uri"]),
  "textDocument/didSave": ({ textDocument: at }) => isFields(at) && isText(at["uri"]),
  "$/cancelRequest": ({ id }) => isText(id) || typeof id === "number",
  "$/setTrace": ({ value }) => isText(value),
};

function isChange(change: unknown): boolean {
  if (!isFields(change) || !isText(change["text"])) return false;
  const { range } = change;
  return range === undefined || (isFields(range) && [range["start"], range["end"]].every((at) => isFields(at) && Number.isSafeInteger(at["line"]) && Number.isSafeInteger(at["character"])));
}

/** The order of a conversation by the protocol: `initialize` once, then anything, after `shutdown` nothing but `exit`. */
export class Conversation {
  #stage: "before" | "open" | "after" = "before";

  /** The code to end with: 0 where the editor took its leave. */
  get exitCode(): 0 | 1 {
    return this.#stage === "after" ? 0 : 1;
  }

  hear(body: Buffer): Heard {
    const value = parsed(body);
    if (value === undefined) return refused(null, ErrorCodes.ParseError, "this is not JSON in utf-8");
    if (Array.isArray(value)) return refused(null, ErrorCodes.InvalidRequest, "the Language Server Protocol has no batches: send each message by itself");
    if (!isFields(value)) return refused(null, ErrorCodes.InvalidRequest, "a message is a JSON object");
    const id = isText(value["id"]) || (typeof value["id"] === "number" && Number.isFinite(value["id"])) ? value["id"] : null;
    if (value["jsonrpc"] !== "2.0") return refused(id, ErrorCodes.InvalidRequest, 'a message has `"jsonrpc": "2.0"`');
    if (!("method" in value)) return "result" in value || "error" in value ? this.#answer(value) : refused(id, ErrorCodes.InvalidRequest, "a message has a `method`, a `result` or an `error`");
    if (!isText(value["method"])) return refused(id, ErrorCodes.InvalidRequest, "`method` is a text");
    const { params: given, ...rest } = value;
    // Some write `null` where there are none.
    const params = given ?? undefined;
    if (params !== undefined && typeof params !== "object") return refused(id, ErrorCodes.InvalidRequest, "`params` is an object");
    const message = params === undefined ? rest : { ...rest, params };
    if (!("id" in value)) return this.#notification(value["method"], params, message as unknown as Message);
    if (id === null) return refused(null, ErrorCodes.InvalidRequest, "`id` is a whole number or a text");
    return this.#request(message as unknown as RequestMessage, id);
  }

  #request(message: RequestMessage, id: string | number): Heard {
    const first = message.method === "initialize";
    if (this.#stage === "after") return refused(id, ErrorCodes.InvalidRequest, "nothing is answered after `shutdown`");
    if (this.#stage === "before" && !first) return refused(id, ErrorCodes.ServerNotInitialized, "`initialize` comes first");
    if (this.#stage === "open" && first) return refused(id, ErrorCodes.InvalidRequest, "`initialize` comes once");
    if (first && !isFields(message.params)) return refused(id, ErrorCodes.InvalidParams, "`initialize` has `params`");
    if (first) this.#stage = "open";
    if (message.method === "shutdown") this.#stage = "after";
    return { message };
  }

  #notification(method: string, params: unknown, message: Message): Heard {
    if (method === "exit") return { message };
    if (this.#stage !== "open") return null;
    const must = Object.hasOwn(MUST_HAVE, method) ? MUST_HAVE[method] : undefined;
    return must === undefined || (isFields(params) && must(params)) ? { message } : null;
  }

  /** An answer to what the server asked; with no number it is about nothing that was asked. */
  #answer(value: Fields): Heard {
    return this.#stage === "before" || value["id"] === null || value["id"] === undefined ? null : { message: value as unknown as Message };
  }
}

function refused(id: Refusal["id"], code: number, message: string): Heard {
  return { refusal: { id, code, message } };
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(body)) as unknown;
  } catch {
    return undefined;
  }
}
