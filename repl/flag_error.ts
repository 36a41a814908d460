/** Without this file a flag that only the session can judge would look like a bug when it is refused. */

/** A flag that a session refuses: a mistake in the command line (exit 2). */
export class FlagError extends Error {}
