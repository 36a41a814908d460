/** Without this file tests of the wire would have to use a library that sends nothing wrong. */
import { spawn, type ChildProcess } from "node:child_process";
import { SAEQ } from "../house/program.ts";

export interface Answer {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

export interface Wire {
  readonly process: ChildProcess;
  /** Everything the server said, in order. */
  readonly said: Answer[];
  send(...bytes: readonly (string | Buffer)[]): void;
  /** The first thing said that satisfies `wanted`, from the `from`th on. */
  hear(wanted: (answer: Answer) => boolean, from?: number): Promise<Answer>;
  /** The exit code, once the process has ended. */
  ended(): Promise<number | null>;
}

const PATIENCE_MS = 30_000;

/** A message with its length in front. */
export function framed(message: unknown): Buffer {
  const body = Buffer.from(typeof message === "string" ? message : JSON.stringify(message));
  return Buffer.concat([Buffer.from(`Content-Length: ${body.length}\r\n\r\n`), body]);
}

export function request(id: unknown, method: string, params?: unknown): Buffer {
  return framed({ jsonrpc: "2.0", id, method, params });
}

export function notification(method: string, params?: unknown): Buffer {
  return framed({ jsonrpc: "2.0", method, params });
}

/** Start `saeq lsp` with bare pipes. */
export function openWire(): Wire {
  const child = spawn(process.execPath, [SAEQ, "lsp"], { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, SAEQ_CACHE: "off" } });
  const said: Answer[] = [];
  const waiting = new Set<() => void>();
  let bytes = Buffer.alloc(0);
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  child.stdin.on("error", () => {});
  child.stdout.on("data", (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    for (;;) {
      const end = bytes.indexOf("\r\n\r\n");
      const length = Number(/Content-Length: (\d+)/.exec(bytes.toString("latin1", 0, Math.max(end, 0)))?.[1]);
      if (end < 0 || bytes.length < end + 4 + length) break;
      said.push(JSON.parse(bytes.toString("utf8", end + 4, end + 4 + length)) as Answer);
      bytes = bytes.subarray(end + 4 + length);
    }
    waiting.forEach((look) => look());
  });
  return {
    process: child,
    said,
    send: (...all) => void child.stdin.write(Buffer.concat(all.map((each) => Buffer.from(each)))),
    hear: (wanted, from = 0) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`not said: ${wanted.toString()}; said: ${JSON.stringify(said).slice(0, 2000)}`)), PATIENCE_MS);
        const look = (): void => {
          const found = said.slice(from).find(wanted);
          if (found === undefined) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    ended: () => ended,
  };
}
