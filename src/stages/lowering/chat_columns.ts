/** Without this file what `chat` makes could be hidden by a column that is read first. */

/** What a chat template's text stands in, and columns that go for it: those of the same names, and those that would be read in their place. */
export function chatColumns(pair: boolean): { readonly names: readonly string[]; readonly dropped: readonly string[] } {
  return pair ? { names: ["prompt", "continuation"], dropped: ["text", "input_text", "generated_continuation_text", "prompt", "continuation"] } : { names: ["text"], dropped: ["text"] };
}
