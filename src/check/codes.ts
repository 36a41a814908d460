/** Without this file a code in a message would be a word that nobody explains, and no test could tell that each one can be caused and mended. */
import { FILE_CODES } from "./codes_of_files.ts";
import { MODEL_CODES } from "./codes_of_models.ts";

/** The page of one code. */
export interface CodePage {
  /** What is wrong, in one line. */
  readonly summary: string;
  /** Why saeq refuses it. */
  readonly why: string;
  /** What to do. */
  readonly mend: string;
  /** A query with this mistake; null where only files, machines or people can cause it. */
  readonly query: string | null;
  /** The query as it reads when mended: by the fix that the message offers, where it offers one. */
  readonly mended: string | null;
  /** Files that stand beside the query. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Every code of names, types and flow. A code that appeared in a release is never used again for something else. */
const QUERY_CODES: Readonly<Record<string, CodePage>> = {
  "unknown-stage": { summary: "No stage has this name", why: "A stage is a word that saeq knows; nothing is guessed", mend: "Take the suggested name, or see `saeq doc` for all stages", query: "sample perfect 10 | actz layer 7", mended: "sample perfect 10 | acts layer 7" },
  "unknown-name": { summary: "No value has this name", why: "A name must be bound by `let` before it is used, or come with saeq", mend: "Bind it above, or take the suggested name", query: "sample perfct 10", mended: "sample perfect 10" },
  "relation-not-stage": { summary: "A value stands where a stage is needed", why: "A value starts a pipeline; what is done with it follows after `|`", mend: "Put a `|` and a stage behind the name", query: "perfect 10", mended: "perfect | take 10" },
  "no-stage-name": { summary: "A pipeline or stage starts with something that is not a name", why: "Meaning comes from the first word", mend: "Start with a source, a value or a stage", query: "10 | take 3", mended: "perfect | take 3" },
  "missing-input": { summary: "A stage that works on something stands at the start", why: "Only sources start a pipeline", mend: "Start with a source or a name", query: "top 10", mended: "sample perfect 2 | acts layer 7 | top 10" },
  "source-after-pipe": { summary: "A source stands behind a pipe", why: "It would drop everything before it", mend: "Start another pipeline with it", query: 'perfect | prompts "a"', mended: 'prompts "a"' },
  "wrong-input": { summary: "A stage does not take what the stage before it gives", why: "Every stage names the kinds it takes", mend: "Put the stage between that makes the right kind, often `acts`", query: "sample perfect 2 | top 10", mended: "sample perfect 2 | acts layer 7 | top 10" },
  "needs-groups": { summary: "A stage that compares groups has only one set", why: "There is nothing to compare it with", mend: "Make groups with `groups` or `split` first", query: "sample perfect 2 | acts layer 7 | top 2 | union", mended: "groups a = (sample perfect 2), b = (sample non_perfect 2) | acts layer 7 | top 2 | union" },
  "refuses-groups": { summary: "A stage for one table is given groups", why: "Groups inside groups, or one table out of several, would have no clear meaning", mend: "Do it before the groups are made, or put them together with `ungroup`", query: "groups a = perfect, b = non_perfect | split c = perfect_match", mended: "groups a = perfect, b = non_perfect | ungroup | split c = perfect_match" },
  "groups-in-groups": { summary: "A group is itself made of groups", why: "Groups are one level deep, so that every table of results has one column for each", mend: "Name the inner groups one by one", query: "groups a = (groups b = perfect, c = non_perfect), d = perfect", mended: "groups b = perfect, c = non_perfect, d = perfect" },
  "unlike-groups": { summary: "The groups are of different kinds", why: "Later stages work on each group in the same way", mend: "Bring all groups to the same kind first", query: "groups a = perfect, b = (sample perfect 2 | acts layer 7)", mended: "groups a = perfect, b = (sample perfect 2)" },
  "unlike-tables": { summary: "Tables put below one another have different columns", why: "A missing column would be filled with something nobody measured", mend: "Select the same columns in the same order", query: "concat (perfect | select matching_tokens), perfect", mended: "concat (perfect | select matching_tokens), (perfect | select matching_tokens)" },
  "nothing-to-continue": { summary: "A pipeline goes on from a result that does not exist", why: "A leading `|` continues the last result, and there is none", mend: "Start with a source or a name", query: "| take 3", mended: "perfect | take 3" },
  "missing-argument": { summary: "A stage lacks an argument that it needs", why: "Nothing is chosen for the author", mend: "Give the argument", query: "sample perfect", mended: "sample perfect 10" },
  "repeated-argument": { summary: "An argument is given twice", why: "One of the two would be ignored", mend: "Remove one", query: "sample perfect 2 | acts layer 7 layer 7", mended: "sample perfect 2 | acts layer 7" },
  "extra-argument": { summary: "A stage has no place for a value", why: "A value that means nothing is a mistake", mend: "Remove it, or name its keyword", query: "perfect | take 3 4", mended: "perfect | take 3" },
  "unknown-keyword": { summary: "A stage does not know this keyword", why: "Keywords are known by the stage's signature", mend: "Take the suggested keyword, or see `saeq doc` of the stage", query: "sample perfect 2 | acts layr 7", mended: "sample perfect 2 | acts layer 7" },
  "wrong-argument": { summary: "An argument is not of the shape that is needed", why: "No value is converted to another kind in silence", mend: "Write what the message asks for", query: "perfect | take 2.5", mended: "perfect | take 2" },
  "out-of-range": { summary: "A number is too small or too large", why: "The value would mean nothing", mend: "Choose one within the limits", query: "perfect | take -1", mended: "perfect | take 1" },
  "missing-name": { summary: "A computed value or a group has no name", why: "A column and a group are referred to by name", mend: "Write `name = …`", query: "perfect | derive matching_tokens / 50", mended: "perfect | derive share = matching_tokens / 50" },
  "name-taken": { summary: "A name is bound already, or is the name of a stage", why: "A `let` is a value and never changes", mend: "Choose another name", query: "let a = perfect\nlet a = non_perfect", mended: "let a = perfect\nlet b = non_perfect" },
  "unknown-column": { summary: "The table has no such column", why: "Columns are known before anything runs", mend: "Take the suggested column, or one of those listed", query: "memorization | where matchin_tokens == 0", mended: "memorization | where matching_tokens == 0" },
  "unknown-function": { summary: "No function has this name", why: "Functions are a closed list", mend: "Take the suggested name, or one of those listed", query: "memorization | derive n = lenn(input_text)", mended: "memorization | derive n = len(input_text)" },
  "unknown-param": { summary: "No param or scalar has this name", why: "`$name` reads a `param` or a `let` of one value", mend: "Declare it, or take the suggested name", query: "param n: int = 10\nparam rows: int = 3\nperfect | take $row", mended: "param n: int = 10\nparam rows: int = 3\nperfect | take $rows" },
  "unknown-type": { summary: "No type has this name", why: "A param is int, float, bool, str or path", mend: "Take one of these", query: "param n: integer = 10", mended: "param n: int = 10" },
  "unknown-setting": { summary: "No setting has this name", why: "A setting that nobody reads would be a silent mistake", mend: "Take the suggested name", query: "set sed 42", mended: "set seed 42" },
  "wrong-setting": { summary: "A setting does not take this value", why: "Each setting has its own values", mend: "Write a value of the kind that the message names", query: 'set threshold "high"', mended: "set threshold 0.5" },
  "unknown-edition": { summary: "The script is written for an edition this saeq does not know", why: "An older saeq cannot tell what a newer edition means", mend: "Update saeq, or write the script for edition 1", query: "saeq 2", mended: "saeq 1" },
  "late-edition": { summary: "The edition line is not the first statement", why: "It says how everything is read, so it stands before everything", mend: "Move it to the top", query: "set seed 1\nsaeq 1", mended: "saeq 1\nset seed 1" },
  "missing-param": { summary: "A param has neither a default nor a value", why: "Nothing is chosen for the author", mend: "Give it on the command line, or write a default", query: "param n: int\nperfect | take $n", mended: "param n: int = 3\nperfect | take $n" },
  "wrong-param": { summary: "A value on the command line is not of the param's type", why: "Text is never turned into another value that happens to be near", mend: "Give a value of the type that the script declares", query: null, mended: null },
  "wrong-type": { summary: "A value is of the wrong type", why: "saeq never turns text into numbers, or numbers into true and false", mend: "Use a column of the right type, or compute one", query: "memorization | derive x = input_text * 2", mended: "memorization | derive x = matching_tokens * 2" },
  "unlike-types": { summary: "Values of different types are compared", why: "Such a comparison is never true, which nobody means", mend: "Compare values of one type", query: 'memorization | where matching_tokens == "0"', mended: "memorization | where matching_tokens == 0" },
  "not-boolean": { summary: "A condition is not true or false", why: "saeq has no truthiness: `True` as text would keep every row", mend: "Say what is compared with what", query: "memorization | where matching_tokens", mended: "memorization | where matching_tokens > 0" },
  "single-equals": { summary: "`=` stands where values are compared", why: "`=` gives a name", mend: "Write `==`", query: "memorization | where matching_tokens = 0", mended: "memorization | where matching_tokens == 0" },
  "bad-pattern": { summary: "The pattern behind `=~` cannot be read", why: "Patterns are those of RE2: they never take more than linear time", mend: "Write it without look-around and back-references", query: 'memorization | where input_text =~ "(a"', mended: 'memorization | where input_text =~ "(a)"' },
  "broken-module": { summary: "A module has mistakes of its own", why: "Nothing it defines can be trusted", mend: "Mend the module: `saeq check` names its mistakes", query: 'use "lib.saeq" as lib', mended: null, files: { "lib.saeq": "def few(x: table) = x | tak 3\n" } },
  "module-cycle": { summary: "A module uses itself, perhaps through another", why: "Neither could be read before the other", mend: "Move what both need into a third", query: null, mended: null },
  "module-param": { summary: "A param of a module has no default", why: "Nobody can give a module a value", mend: "Write a default", query: null, mended: null },
  "module-runs": { summary: "A module runs or reads something", why: "A module only defines; using it must not read files or compute", mend: "Move it into the script, or into a `def`", query: null, mended: null },
  "too-many-stages": { summary: "A pipeline, or the modules that a script uses, have more stages than saeq follows", why: "Each call of a definition stands for the whole of its body, so definitions that call one another twice double at every level; or a script was generated", mend: "Save half of it to a file and go on from there", query: null, mended: null },
  "not-two-groups": { summary: "Two groups are compared, and there are more or fewer", why: "A difference is between two", mend: "Make exactly two groups", query: "groups a = (sample perfect 2), b = (sample non_perfect 2), c = (sample memorization 2) | acts layer 7 | compare", mended: "groups a = (sample perfect 2), b = (sample non_perfect 2) | acts layer 7 | compare" },
  "unnamed-groups": { summary: "Features are compared between groups that have no names of their own", why: "Each group would be a column, and its name is not known before it runs", mend: "Name the groups with `groups` or `split`", query: "memorization | sample 3 | group perfect_match | acts layer 7 | top 2 | union", mended: "groups a = (sample perfect 2), b = (sample non_perfect 2) | acts layer 7 | top 2 | union" },
  "no-text": { summary: "The table has no text for the model to read", why: "No column is guessed to be the text", mend: "Name it with `text`, or look at columns on the side, with `tee`", query: "perfect | select matching_tokens | acts layer 7", mended: "perfect | tee (select matching_tokens) | acts layer 7" },
  "no-activations": { summary: "A histogram of activations is asked of a table", why: "Nothing has run the model yet", mend: "Put `acts` before it", query: "perfect | select input_text | hist l0", mended: "perfect | select input_text | acts layer 7 | hist l0" },
  "unknown-format": { summary: "The ending of the file name is not a format this value can be saved in", why: "The ending chooses the format", mend: "Take one of the endings listed", query: 'perfect | save "x.xls"', mended: 'perfect | save "x.csv"' },
  "layer-beyond-model": { summary: "The model has no such layer", why: "Layers are counted from 0", mend: "Choose a layer of the model", query: "sample perfect 2 | resid layer 99", mended: "sample perfect 2 | resid layer 9" },
  "hook-mismatch": { summary: "The SAE was trained on another layer or hook", why: "An SAE on activations it was not trained on gives numbers without meaning; a near layer is never substituted", mend: "Ask for the layer of the SAE, or set the SAE of that layer", query: "sample perfect 2 | acts layer 6", mended: "sample perfect 2 | acts layer 7" },
  "hook-absent": { summary: "The model has no such place in its blocks", why: "A parallel block, for one, has no point between attention and MLP; no other place is read instead", mend: "Read a hook that the message lists", query: null, mended: null },
  "centring-mismatch": { summary: "The SAE was trained on a centred residual stream, and this one is not", why: "TransformerLens subtracts the mean over the dimensions in GPT-2 and Pythia unless it is told not to; features of a shifted stream mean something else", mend: "Add `centred` to `resid`, or use `acts`, which follows the SAE", query: null, mended: null },
  "no-sae": { summary: "No SAE is set for the model", why: "An SAE belongs to one model and is never substituted", mend: "`set sae` to its folder", query: null, mended: null },
  "bos-mismatch": { summary: "The SAE and the tokenizer disagree about a beginning-of-text token", why: "The first position swamps statistics where it was not trained on", mend: "Say which it shall be: set bos true or set bos false", query: null, mended: null },
  "permission-denied": { summary: "The script may not read or write this file, or ask this host", why: "A script from somebody else touches nothing that is not granted; links are followed before that is looked at, and what `--deny-…` names is granted by nothing", mend: "Run it again with the flags that the message prints, or put them into a set of saeq.json and name it with -P", query: null, mended: null },
};

/** Pages of every code but those of the grammar, which has its own catalogue. */
export const CODE_PAGES: Readonly<Record<string, CodePage>> = { ...QUERY_CODES, ...FILE_CODES, ...MODEL_CODES };
