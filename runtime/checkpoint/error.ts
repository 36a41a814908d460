/** Without this file a broken download and a bug of ours would look the same. */

/** A fault of a model, an SAE or a tokenizer that its user can see and mend. Shown as a diagnostic; never a stack trace. */
export class CheckpointError extends Error {
  /** Kebab-case and stable: `truncated-safetensors`. */
  readonly code: string;
  /** Facts: sizes, shapes, names. */
  readonly notes: readonly string[];
  /** What to do about it, one line. */
  readonly help: string;
  constructor(code: string, message: string, details: { readonly notes?: readonly string[]; readonly help?: string } = {}) {
    super(message);
    this.name = "CheckpointError";
    this.code = code;
    this.notes = details.notes ?? [];
    this.help = details.help ?? "";
  }
}
