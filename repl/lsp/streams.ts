/** Without this file the language server would take any bytes for messages, and end before what it was asked is answered. */
import { AbstractMessageReader, ErrorCodes, Message, StreamMessageWriter, type DataCallback, type Disposable, type MessageReader } from "vscode-languageserver/node";
import { Conversation, type Refusal } from "./conversation.ts";
import { Framing } from "./framing.ts";

/** Answers that are still on their way when the editor's stream ends are waited for this long. */
const LAST_ANSWERS_MS = 2000;
const LOOK_MS = 10;

/** Writes messages, and knows how many answers are owed. */
class Answers extends StreamMessageWriter {
  owed = 0;

  override async write(message: Message): Promise<void> {
    try {
      await super.write(message);
    } finally {
      if (Message.isResponse(message)) this.owed--;
    }
  }
}

/** Reads what an editor says, passes on what is in order, and answers the rest. */
class Listener extends AbstractMessageReader implements MessageReader {
  readonly #input: NodeJS.ReadableStream;
  readonly #answers: Answers;
  readonly #framing = new Framing();
  readonly #conversation = new Conversation();

  constructor(input: NodeJS.ReadableStream, answers: Answers, end: (code: number) => void) {
    super();
    this.#input = input;
    this.#answers = answers;
    let until = Infinity;
    const ended = (): void => {
      until = Math.min(until, Date.now() + LAST_ANSWERS_MS);
      if (answers.owed <= 0 || Date.now() > until) return end(this.#conversation.exitCode);
      setTimeout(ended, LOOK_MS);
    };
    input.once("end", ended);
    input.once("close", ended);
    input.on("error", ended);
    // Nobody is there to read answers.
    answers.onError(() => end(this.#conversation.exitCode));
  }

  listen(callback: DataCallback): Disposable {
    const hear = (chunk: Buffer): void => {
      for (const framed of this.#framing.push(chunk)) {
        if ("wrong" in framed) {
          this.#refuse({ id: null, code: ErrorCodes.ParseError, message: framed.wrong });
          continue;
        }
        const heard = this.#conversation.hear(framed.body);
        if (heard === null) continue;
        if ("refusal" in heard) {
          this.#refuse(heard.refusal);
          continue;
        }
        if (Message.isRequest(heard.message)) this.#answers.owed++;
        callback(heard.message);
      }
    };
    this.#input.on("data", hear);
    return { dispose: () => void this.#input.off("data", hear) };
  }

  #refuse({ id, code, message }: Refusal): void {
    this.#answers.owed++;
    this.#answers.write({ jsonrpc: "2.0", id, error: { code, message } } as Message).catch(() => {});
  }
}

/** The two ends of a conversation over two streams. `end` is told the exit code when the editor is gone. */
export function openStreams(input: NodeJS.ReadableStream, output: NodeJS.WritableStream, end: (code: number) => void): { readonly reader: MessageReader; readonly writer: StreamMessageWriter } {
  const writer = new Answers(output);
  return { reader: new Listener(input, writer, end), writer };
}
