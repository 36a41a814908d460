/** Without this file F1 could not be told from F2: Ink hands on every function key as an empty input. */

/** xterm's application keys, then the Linux console's. */
const LETTERS: Readonly<Record<string, string>> = { P: "f1", Q: "f2", R: "f3", S: "f4" };
const NUMBERS: Readonly<Record<string, string>> = { "11": "f1", "12": "f2", "13": "f3", "14": "f4" };

/**
 * The keys without a letter of their own in a chunk of terminal input, in order, each as `f1` … `f4` or "" for another one: exactly the
 * keys for which Ink's `useInput` is called with an empty input and no flag. Sequences as in xterm's ctlseqs and the kitty keyboard protocol.
 */
export function functionKeys(chunk: string): readonly string[] {
  const keys: string[] = [];
  for (const [, ss3, linux, number, letter] of chunk.matchAll(/\x1b(?:O([P-S])|\[\[([A-E])|\[(\d+)(?:;[\d:]*)*[~u]|\[(?:1(?:;[\d:]*)?)?([PQRS]))/g)) {
    if (ss3 !== undefined) keys.push(LETTERS[ss3] ?? "");
    else if (linux !== undefined) keys.push(linux === "A" ? "f1" : "");
    else if (letter !== undefined) keys.push(LETTERS[letter] ?? "");
    else if (NUMBERS[number ?? ""] !== undefined) keys.push(NUMBERS[number ?? ""]!);
    // Insert and F5 to F12; the other numbers are keys that Ink names, letters of the kitty protocol, or pastes.
    else if (/^(2|1[5-9]|2[0-4])$/.test(number ?? "")) keys.push("");
  }
  return keys;
}

export interface FunctionKeys {
  /** The next key without a letter in what was read last; "" where there is none or it has no meaning. */
  next(): string;
  stop(): void;
}

/** Note the function keys in whatever is read from a stream. No listener is added: one for data would read on while an editor has the terminal. */
export function watchFunctionKeys(stdin: NodeJS.ReadStream): FunctionKeys {
  const read = stdin.read;
  let keys: string[] = [];
  stdin.read = (size?: number): unknown => {
    const chunk: unknown = read.call(stdin, size);
    if (typeof chunk === "string" || Buffer.isBuffer(chunk)) keys = [...functionKeys(chunk.toString())];
    return chunk;
  };
  return {
    next: () => keys.shift() ?? "",
    stop: () => void (stdin.read = read),
  };
}
