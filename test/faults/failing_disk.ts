/** Without this file no test could say which of a run's writes fails: a disk that fails at the Nth operation, once or from then on. */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a fault looks like: a full disk, a broken one, one that became read-only. */
export const FAULTS = ["ENOSPC", "EIO", "EROFS"] as const;
export type Fault = (typeof FAULTS)[number];

interface Plan {
  readonly at: number;
  readonly lasting: boolean;
  readonly fault: Fault;
}

let plan: Plan | null = null;
let count = 0;
let watching = false;
const names: string[] = [];

/** Count an operation that changes a disk; throws where it is to fail. */
function tick(name: string): void {
  if (!watching) return;
  count++;
  names.push(name);
  if (plan === null || count < plan.at || (!plan.lasting && count > plan.at)) return;
  throw Object.assign(new Error(`${plan.fault}: injected, ${name}`), { code: plan.fault, errno: -1, syscall: name });
}

const writes = (flags: unknown): boolean => (typeof flags === "number" ? (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR | fs.constants.O_CREAT)) !== 0 : /[wa+]/.test(String(flags ?? "r")));

type Call = (...args: unknown[]) => unknown;

/** Put a check in front of a function of a module; `when`: only for these arguments. Promises reject, the rest throws. */
function wrap(owner: object, name: string, promises: boolean, when: (args: readonly unknown[]) => boolean = () => true): void {
  const members = owner as Record<string, unknown>;
  const real = members[name] as Call;
  members[name] = function (this: unknown, ...args: unknown[]): unknown {
    if (!when(args)) return real.apply(this, args);
    if (!promises) {
      tick(name);
      return real.apply(this, args);
    }
    try {
      tick(name);
    } catch (error) {
      return Promise.reject(error as Error);
    }
    return real.apply(this, args);
  };
}

/** Put the checks into Node's own modules, once for a process. */
export async function installFailingDisk(): Promise<void> {
  const probe = await fs.promises.open(join(fs.mkdtempSync(join(tmpdir(), "saeq-probe-")), "x"), "w");
  const handle = Object.getPrototypeOf(probe) as object;
  await probe.close();
  for (const name of ["write", "writev", "writeFile", "appendFile", "sync", "datasync", "truncate"]) wrap(handle, name, true);
  for (const name of ["rename", "link", "unlink", "mkdir", "writeFile", "symlink", "copyFile", "rm"]) wrap(fs.promises, name, true);
  wrap(fs.promises, "open", true, ([, flags]) => writes(flags));
  for (const name of ["writeSync", "writeFileSync", "renameSync", "linkSync", "unlinkSync", "mkdirSync", "symlinkSync", "truncateSync", "fsyncSync", "utimesSync"]) wrap(fs, name, false);
  wrap(fs, "openSync", false, ([, flags]) => writes(flags));
  syncBuiltinESMExports();
}

/** Run some work on a disk that fails as planned, or never; how many operations it came to, and their names. */
export async function onDisk<T>(faults: Plan | null, work: () => Promise<T>): Promise<{ readonly value: T; readonly operations: readonly string[] }> {
  plan = faults;
  count = 0;
  names.length = 0;
  watching = true;
  try {
    return { value: await work(), operations: [...names] };
  } finally {
    watching = false;
    plan = null;
  }
}
