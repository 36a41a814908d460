/** Without this file the tokens that the model sees could not be looked at. */
import { documentTokens, hasTexts } from "./lowering/documents.ts";
import { eachEdited } from "./lowering/edited.ts";
import { stage } from "./stage.ts";

export const tokenize = stage({
  name: "tokenize",
  doc: "Cut each document into the model's tokens. Position 0 is the first token the model sees",
  category: "model",
  args: {},
  input: ["table"],
  between: { gives: "tokens", written: () => "tokenize", fits: hasTexts },
  examples: [{ title: "Tokens of a text", query: 'prompts "In the beginning God created" | tokenize' }],
  alsoCalled: ["to_tokens"],
  searchTerms: ["encode text"],
  lower: (context) => eachEdited(context, documentTokens),
});
