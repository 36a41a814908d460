/** Without this file one broken header would leave an editor without answers for good: bytes become the bodies of messages. */

/** Bytes of a message at most: a script of the greatest length, with every character written in three bytes, fits. */
export const LONGEST_MESSAGE = 64 * 2 ** 20;
/** Bytes of the lines in front of a message at most. */
const LONGEST_HEAD = 8192;

/** The body of a message, or what is wrong with the lines in front of one. */
export type Framed = { readonly body: Buffer } | { readonly wrong: string };

const NOTHING = Buffer.alloc(0);
/** The one line that a message cannot do without. Text in JSON has no line ends, so none is found inside of a message. */
const LENGTH = /Content-Length[ \t]*:[ \t]*(\d+)[ \t]*(?=\r?\n|$)/gi;

/**
 * Cuts a stream into messages. After a header that cannot be read it goes on at the next one that can, and says once that something was
 * passed over; what is passed over is not kept.
 */
export class Framing {
  #head: Buffer = NOTHING;
  /** The body that is coming. */
  #body: { readonly length: number; readonly chunks: Buffer[]; have: number } | null = null;
  #lost = false;

  /** What is complete with these bytes. */
  push(chunk: Buffer): readonly Framed[] {
    const found: Framed[] = [];
    for (let rest = chunk; ; ) {
      const open = this.#body;
      if (open !== null) {
        const part = rest.subarray(0, open.length - open.have);
        open.chunks.push(part);
        open.have += part.length;
        if (open.have < open.length) return found;
        rest = rest.subarray(part.length);
        found.push({ body: Buffer.concat(open.chunks, open.length) });
        this.#body = null;
      }
      const held = this.#head.length === 0 ? rest : Buffer.concat([this.#head, rest]);
      const end = endOfHead(held);
      if (end === null) {
        if (held.length > LONGEST_HEAD) this.#lose("there is no end of the lines in front of a message", found);
        this.#head = Buffer.from(held.subarray(-LONGEST_HEAD));
        return found;
      }
      this.#head = NOTHING;
      rest = held.subarray(end);
      this.#open(held.toString("latin1", 0, end), found);
    }
  }

  #open(head: string, found: Framed[]): void {
    const read = readHead(head);
    if ("wrong" in read) this.#lose(read.wrong, found);
    const length = "wrong" in read ? (read.passable ? lastLength(head) : null) : read.length;
    if (length === null) return;
    this.#lost = false;
    this.#body = { length, chunks: [], have: 0 };
  }

  #lose(wrong: string, found: Framed[]): void {
    if (!this.#lost) found.push({ wrong });
    this.#lost = true;
  }
}

/** Where the empty line ends that ends the lines in front of a message; null: not yet. */
function endOfHead(bytes: Buffer): number | null {
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at + 1] === 10) return at + 2;
    if (bytes[at + 1] === 13 && bytes[at + 2] === 10) return at + 3;
  }
  return null;
}

/** `passable`: a message may follow all the same. */
type Head = { readonly length: number } | { readonly wrong: string; readonly passable: boolean };

function readHead(head: string): Head {
  const lengths = new Set<string>();
  for (const line of head.split(/\r?\n/).filter((each) => each !== "")) {
    const [, name, value] = /^([!-9;-~]+)[ \t]*:[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return { wrong: `a line in front of a message is \`Name: value\`, not \`${line.slice(0, 40)}\``, passable: true };
    if (name.toLowerCase() === "content-length") lengths.add(value);
    const charset = name.toLowerCase() === "content-type" ? /charset\s*=\s*"?([^\s;"]+)/i.exec(value)?.[1] : undefined;
    if (charset !== undefined && !/^utf-?8$/i.test(charset)) return { wrong: `messages are in utf-8, not ${charset}`, passable: false };
  }
  const [length, ...more] = lengths;
  if (length === undefined) return { wrong: "a message has no `Content-Length` in front of it", passable: true };
  if (more.length > 0) return { wrong: `a message has one length, not ${[...lengths].join(" and ")}`, passable: false };
  if (!/^\d+$/.test(length)) return { wrong: `\`Content-Length\` is a number of bytes, not \`${length.slice(0, 40)}\``, passable: false };
  if (Number(length) > LONGEST_MESSAGE) return { wrong: `a message has at most ${LONGEST_MESSAGE} bytes, not ${length.slice(0, 40)}`, passable: false };
  return { length: Number(length) };
}

/** The length that stands last in lines of which others cannot be read. */
function lastLength(head: string): number | null {
  const length = [...head.matchAll(LENGTH)].at(-1)?.[1];
  return length === undefined || Number(length) > LONGEST_MESSAGE ? null : Number(length);
}
