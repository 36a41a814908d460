/** Without this file tensors saved by torch.save could only be had by running whatever their pickle asks for. */
import { CheckpointError } from "./error.ts";
import { CONVERT, isKind, KNOWN, made, storageOf, type Pickled, type PickledGlobal } from "./pickle_values.ts";

// Format: CPython Lib/pickle.py and Lib/pickletools.py.
const MARK = Symbol("mark");
type Stacked = Pickled | typeof MARK;

/**
 * The value of a pickle that holds nothing but tensors, dicts, lists, tuples, text and numbers. No name in it is ever looked up or called:
 * the four constructors that torch writes are descriptions here, and any other is `pickle-refused` by its name. Reads only `bytes`; time and
 * memory are linear in their length.
 */
export function readPickle(bytes: Uint8Array, where: string): Pickled {
  return new Reader(bytes, where).run();
}

/** The machine's state; a class because every opcode moves the same few things. */
class Reader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly where: string;
  readonly stack: Stacked[] = [];
  readonly memo = new Map<number, Pickled>();
  at = 0;

  constructor(bytes: Uint8Array, where: string) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.where = where;
  }

  readonly broken = (what: string): CheckpointError => new CheckpointError("broken-archive", `${this.where} ${what}`, { help: "download the file again" });
  readonly refused = (what: string): CheckpointError =>
    new CheckpointError("pickle-refused", `${this.where} ${what}; only tensors, dicts, lists, text and numbers are read from a pickle`, CONVERT);

  /** Moves on by so many bytes; the place they began. */
  take(count: number): number {
    const from = this.at;
    if (count < 0 || from + count > this.bytes.length) throw this.broken("ends in the middle of its pickle");
    this.at += count;
    return from;
  }

  text(length: number): string {
    const from = this.take(length);
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(this.bytes.subarray(from, from + length));
    } catch {
      throw this.broken("holds text that is not UTF-8");
    }
  }

  line(): string {
    const end = this.bytes.indexOf(10, this.at);
    if (end < 0 || end - this.at > 256) throw this.broken("ends in the middle of its pickle");
    const line = this.text(end - this.at);
    this.at += 1;
    return line;
  }

  pop(): Pickled {
    const top = this.stack.pop();
    if (top === undefined || top === MARK) throw this.broken("holds a pickle that takes more than it put");
    return top;
  }

  top(): Pickled {
    const top = this.stack.at(-1);
    if (top === undefined || top === MARK) throw this.broken("holds a pickle that takes more than it put");
    return top;
  }

  popMark(): Pickled[] {
    const mark = this.stack.lastIndexOf(MARK);
    if (mark < 0) throw this.broken("holds a pickle without the mark it asks for");
    return this.stack.splice(mark).slice(1) as Pickled[];
  }

  run(): Pickled {
    for (;;) {
      const op = this.bytes[this.take(1)] as number;
      if (op === 0x2e) {
        const value = this.pop();
        if (this.stack.length > 0) throw this.broken("holds a pickle that leaves values behind");
        return value;
      }
      this.step(op);
    }
  }

  step(op: number): void {
    const { stack, view, memo } = this;
    switch (op) {
      case 0x80: // PROTO
        if (view.getUint8(this.take(1)) > 5) throw this.broken("is a pickle of a version that is not known");
        break;
      case 0x95: // FRAME
        this.take(8);
        break;
      case 0x28: // MARK
        stack.push(MARK);
        break;
      case 0x30: // POP
        this.pop();
        break;
      case 0x4e: // NONE
        stack.push(null);
        break;
      case 0x88: // NEWTRUE
      case 0x89: // NEWFALSE
        stack.push(op === 0x88);
        break;
      case 0x4a: // BININT
        stack.push(view.getInt32(this.take(4), true));
        break;
      case 0x4b: // BININT1
        stack.push(view.getUint8(this.take(1)));
        break;
      case 0x4d: // BININT2
        stack.push(view.getUint16(this.take(2), true));
        break;
      case 0x8a: // LONG1
        stack.push(this.long(view.getUint8(this.take(1))));
        break;
      case 0x47: // BINFLOAT
        stack.push(view.getFloat64(this.take(8), false));
        break;
      case 0x58: // BINUNICODE
        stack.push(this.text(view.getUint32(this.take(4), true)));
        break;
      case 0x8c: // SHORT_BINUNICODE
        stack.push(this.text(view.getUint8(this.take(1))));
        break;
      case 0x7d: // EMPTY_DICT
        stack.push({ kind: "dict", entries: new Map() });
        break;
      case 0x5d: // EMPTY_LIST
        stack.push({ kind: "list", items: [] });
        break;
      case 0x29: // EMPTY_TUPLE
        stack.push({ kind: "tuple", items: [] });
        break;
      case 0x74: // TUPLE
        stack.push({ kind: "tuple", items: this.popMark() });
        break;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        stack.push({ kind: "tuple", items: Array.from({ length: op - 0x84 }, () => this.pop()).reverse() });
        break;
      case 0x61: // APPEND
        this.append([this.pop()]);
        break;
      case 0x65: // APPENDS
        this.append(this.popMark());
        break;
      case 0x73: { // SETITEM
        const value = this.pop();
        this.set([this.pop(), value]);
        break;
      }
      case 0x75: // SETITEMS
        this.set(this.popMark());
        break;
      case 0x71: // BINPUT
        memo.set(view.getUint8(this.take(1)), this.top());
        break;
      case 0x72: // LONG_BINPUT
        memo.set(view.getUint32(this.take(4), true), this.top());
        break;
      case 0x94: // MEMOIZE
        memo.set(memo.size, this.top());
        break;
      case 0x68: // BINGET
        stack.push(this.remembered(view.getUint8(this.take(1))));
        break;
      case 0x6a: // LONG_BINGET
        stack.push(this.remembered(view.getUint32(this.take(4), true)));
        break;
      case 0x63: { // GLOBAL
        const module = this.line();
        stack.push(this.global(`${module}.${this.line()}`));
        break;
      }
      case 0x93: { // STACK_GLOBAL
        const name = this.pop();
        stack.push(this.global(`${String(this.pop())}.${String(name)}`));
        break;
      }
      case 0x51: // BINPERSID
        stack.push(storageOf(this.pop(), this));
        break;
      case 0x52: { // REDUCE
        const args = this.pop();
        stack.push(made(this.pop(), args, this));
        break;
      }
      case 0x62: // BUILD: the state of a dict (torch's _metadata) says nothing of tensors.
        this.pop();
        if (!isKind(this.top(), "dict")) throw this.refused("sets the state of an object");
        break;
      default:
        throw this.refused(`uses the instruction 0x${op.toString(16).padStart(2, "0")}`);
    }
  }

  long(length: number): number {
    const from = this.take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i -= 1) value = (value << 8n) | BigInt(this.bytes[from + i] as number);
    const number = Number(BigInt.asIntN(8 * length, value));
    if (!Number.isSafeInteger(number)) throw this.broken("holds a number of more than 53 bits");
    return number;
  }

  remembered(place: number): Pickled {
    const value = this.memo.get(place);
    if (value === undefined) throw this.broken("holds a pickle that reads what it never wrote");
    return value;
  }

  append(items: readonly Pickled[]): void {
    const list = this.top();
    if (!isKind(list, "list")) throw this.broken("holds a pickle that appends to no list");
    for (const item of items) list.items.push(item);
  }

  set(pairs: readonly Pickled[]): void {
    const dict = this.top();
    if (!isKind(dict, "dict") || pairs.length % 2 !== 0) throw this.broken("holds a pickle that sets entries of no dict");
    for (let i = 0; i < pairs.length; i += 2) {
      const [key, value] = [pairs[i] as Pickled, pairs[i + 1] as Pickled];
      if (typeof key !== "string") throw this.refused("has a dict whose keys are not text");
      if (dict.entries.has(key)) throw this.broken(`holds the entry \`${key}\` twice`);
      dict.entries.set(key, value);
    }
  }

  global(name: string): PickledGlobal {
    if (!KNOWN.has(name)) throw this.refused(`asks for \`${name}\``);
    return { kind: "global", name };
  }
}
