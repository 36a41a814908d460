/** Without this file a lock that does not fit would be two hashes that nobody can read. */
import { LOCK_KINDS, type Lock, type LockedData, type LockedFile, type LockedModel, type LockedSae, type LockKind } from "./lock_file.ts";

/** One thing that is not as it was locked. */
export interface LockDifference {
  readonly kind: LockKind | "settings";
  readonly name: string;
  /** Lines of the lock that do not hold, and what holds instead; [] on one side: it is new, or no longer read. */
  readonly locked: readonly string[];
  readonly found: readonly string[];
}

/** What one script reads now against what is locked for it. */
export function lockDifferences(locked: Lock, found: Lock, script: string): readonly LockDifference[] {
  const own = entryOf(locked.scripts, script);
  const now = entryOf(found.scripts, script);
  const differences: LockDifference[] = [];
  for (const kind of LOCK_KINDS) {
    for (const name of [...new Set([...(own?.[kind] ?? []), ...(now?.[kind] ?? [])])].sort()) {
      const before = own?.[kind].includes(name) === true ? entryOf<LockedModel | LockedSae | LockedData | string>(locked[kind], name) : undefined;
      const after = entryOf<LockedModel | LockedSae | LockedData | string>(found[kind], name);
      const [was, is] = [before === undefined ? [] : linesOf(before), after === undefined ? [] : linesOf(after)];
      if (was.join("\n") === is.join("\n")) continue;
      // Only the lines that differ, where both have some.
      const both = was.length > 0 && is.length > 0;
      differences.push({ kind, name, locked: both ? was.filter((line) => !is.includes(line)) : was.slice(0, 1), found: both ? is.filter((line) => !was.includes(line)) : is.slice(0, 1) });
    }
  }
  for (const name of Object.keys({ ...own?.settings, ...now?.settings }).sort()) {
    const [was, is] = [own?.settings[name], now?.settings[name]];
    if (was !== is && own !== undefined) differences.push({ kind: "settings", name, locked: was === undefined ? [] : [was], found: is === undefined ? [] : [is] });
  }
  return differences;
}

/** An entry by a name that a script or a file gave: `constructor` is one like any other. */
export function entryOf<T>(entries: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(entries, name) ? entries[name] : undefined;
}

/** Whether accepting it replaces something that was locked, and is not just a script that asks for more or less. */
export function isChange({ kind, locked, found }: LockDifference): boolean {
  return kind !== "settings" && locked.length > 0 && found.length > 0;
}

/** An entry as lines of facts, the most telling first. */
function linesOf(entry: LockedModel | LockedSae | LockedData | string): string[] {
  if (typeof entry === "string") return [`sha256 ${entry}`];
  if ("rows" in entry) return [`sha256 ${entry.sha256}  ${bytes(entry.size)}`, rowsOf(entry.rows), ...byName(entry.columns).map(([name, type]) => `column ${name}: ${type}`)];
  const { files, revision, ...facts } = entry;
  return [
    ...(revision === null ? [] : [`commit ${revision}`]),
    ...byName(files).map(([name, file]) => `${name}: ${hashOf(file)}  ${bytes(file.size)}`),
    ...byName(facts).map(([name, value]) => `${name} ${String(value)}`),
  ];
}

const byName = <T>(entries: Readonly<Record<string, T>>): [string, T][] => Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1));
const bytes = (size: number): string => `${size.toLocaleString("en-US")} bytes`;
const rowsOf = (rows: number): string => `${rows.toLocaleString("en-US")} rows`;
const hashOf = (file: LockedFile): string => ("sha256" in file ? `sha256 ${file.sha256}` : `git ${file.git}`);

/**
 * The lock with what a script reads now in it. Entries of other scripts stay as they are; what no script reads any more goes.
 */
export function withScript(locked: Lock, found: Lock, script: string): Lock {
  const scripts = { ...locked.scripts, [script]: found.scripts[script]! };
  const kept = <T>(kind: LockKind, before: Readonly<Record<string, T>>, now: Readonly<Record<string, T>>): Record<string, T> => {
    const used = new Set(Object.values(scripts).flatMap((each) => each[kind]));
    return Object.fromEntries(Object.entries({ ...before, ...now }).filter(([name]) => used.has(name)));
  };
  return {
    ...found,
    models: kept("models", locked.models, found.models),
    saes: kept("saes", locked.saes, found.saes),
    data: kept("data", locked.data, found.data),
    modules: kept("modules", locked.modules, found.modules),
    scripts,
  };
}
