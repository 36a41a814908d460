/** Without this file a value that took an hour could be dropped to make room for one that took a second. */
import type { Value } from "./frame.ts";

interface Kept {
  readonly value: Value;
  /** Milliseconds since 1970, or Infinity. */
  readonly until: number;
}

/** By session, each session being known by an object of its own. */
const sessions = new WeakMap<object, Map<string, Kept>>();

/** Hold a value under its plan's key for so many seconds; null: as long as the session lives. */
export function keep(session: object, key: string, value: Value, seconds: number | null, now = Date.now()): void {
  const held = sessions.get(session) ?? new Map<string, Kept>();
  sessions.set(session, held.set(key, { value, until: seconds === null ? Infinity : now + seconds * 1000 }));
}

/** A value that is still held; one whose time is over is let go. */
export function kept(session: object, key: string, now = Date.now()): Value | undefined {
  const held = sessions.get(session);
  const found = held?.get(key);
  if (found === undefined || found.until > now) return found?.value;
  held?.delete(key);
  return undefined;
}

/** Let go of everything that was held. */
export function letGo(session: object): void {
  sessions.delete(session);
}
