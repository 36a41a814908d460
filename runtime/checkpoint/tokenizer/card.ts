/** Without this file a tokenizer of 100,000 tokens would be built to say whether it begins texts with BOS. */

/** What is asked of a tokenizer without any text. */
export interface TokenizerCard {
  /** Content fingerprint of tokenizer.json and tokenizer_config.json, part of every cache key. */
  readonly digest: string;
  /** Highest id + 1. */
  readonly size: number;
  readonly bosId: number | null;
  readonly eosId: number | null;
  /** Whether the tokenizer itself puts BOS before a text: its post-processor does. `add_bos_token` has no say, as in transformers 5. */
  readonly prependsBos: boolean;
  /** Where its files contradict one another, and which is followed: to be shown once. */
  readonly notes: readonly string[];
  readonly specialIds: readonly number[];
}

/** Cards of tokenizers that were built before by this code, by what they were built from. */
export interface TokenizerCards {
  recall(id: string): TokenizerCard | null;
  keep(id: string, card: TokenizerCard): void;
}

/** The card in the bytes of a file; null where they hold none. */
export function parseCard(bytes: Uint8Array): TokenizerCard | null {
  try {
    const card = JSON.parse(new TextDecoder().decode(bytes)) as Record<keyof TokenizerCard, unknown>;
    const { digest, size, bosId, eosId, prependsBos, notes, specialIds } = card;
    const isId = (id: unknown): boolean => id === null || Number.isSafeInteger(id);
    const sound = typeof digest === "string" && Number.isSafeInteger(size) && isId(bosId) && isId(eosId) && typeof prependsBos === "boolean" && Array.isArray(notes) && notes.every((note) => typeof note === "string") && Array.isArray(specialIds) && specialIds.every(Number.isSafeInteger);
    return sound ? (card as unknown as TokenizerCard) : null;
  } catch {
    return null;
  }
}
