/** Without this file what a script needs and what it was granted could not be held against one another. */

/**
 * What a script may touch. `true` grants everything of that kind; a list grants those paths, which are real ones (`realPath`), and what lies
 * below them. They are made real when they are given, and not again: a link that is swapped later grants nothing.
 */
export interface Grants {
  readonly read: true | readonly string[];
  readonly write: true | readonly string[];
  /** Hosts, with their port where it is not the usual one; none where absent. `.hf.co` is every host below `hf.co`. */
  readonly net?: true | readonly string[];
  /** Wins over what is granted. */
  readonly deny?: Denials;
}

/** `true` forbids everything of that kind. */
export interface Denials {
  readonly read?: true | readonly string[];
  readonly write?: true | readonly string[];
  readonly net?: true | readonly string[];
}

/** One use of a permission, or an attempt at one. */
export type Use =
  | { readonly use: "read" | "write"; readonly path: string; readonly granted: boolean }
  | { readonly use: "net"; readonly host: string; readonly granted: boolean };

/** What a source would touch, known before anything runs. Absolute paths. */
export interface Needs {
  readonly read: readonly string[];
  readonly write: readonly string[];
  /** Hosts; absent where none is needed. */
  readonly net?: readonly string[];
}
