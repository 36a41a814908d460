/** Without this file several changes to one text would shift each other's places. */
export interface Change {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The text with all changes made; they do not overlap, and of those at one place the later listed stands last. */
export function apply(text: string, changes: readonly Change[]): string {
  let out = "";
  let at = 0;
  for (const change of changes.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    out += text.slice(at, change.start) + change.text;
    at = change.end;
  }
  return out + text.slice(at);
}
