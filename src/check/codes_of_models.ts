/** Without this file faults of models, SAEs and the engine would have no pages. */
import type { CodePage } from "./codes.ts";

/** A page of a code that no query alone can cause. */
const outside = (summary: string, why: string, mend: string): CodePage => ({ summary, why, mend, query: null, mended: null });

/** Codes of checkpoints and of the engine. */
export const MODEL_CODES: Readonly<Record<string, CodePage>> = {
  "hub-unavailable": { summary: "The name is one of the hub, and downloading is not available yet", why: "saeq reads folders on this machine", mend: "Download it, then set the folder", query: 'set model "hf:org/name"\nsample perfect 2 | resid layer 0', mended: 'set model "kjv"\nsample perfect 2 | resid layer 0' },
  "unreadable-file": outside("A file of the model or SAE cannot be read", "The system refuses it", "Check its permissions"),
  "path-outside-folder": outside("A model's index names a file outside its folder", "A checkpoint must not reach into the rest of the disk", "Download it again from its publisher"),
  "invalid-json": outside("A configuration file is not JSON", "It was cut or edited by hand", "Download it again"),
  "duplicate-key": outside("A configuration file has a key twice", "Which of the two counts differs from reader to reader", "Remove one"),
  "invalid-config": outside("A configuration file lacks a fact or contradicts itself", "No fact about a model is guessed", "Download it again, or correct the key that the message names"),
  "unsupported-config": outside("The model does something that saeq does not compute", "Leaving it out would change the numbers", "Use a model without it"),
  "unsupported-architecture": outside("The model or SAE is of an architecture saeq does not know", "Only what is computed exactly is accepted", "See the reference for what can be read"),
  "unsupported-tokenizer": outside("The tokenizer cannot be read", "Tokens that differ by one shift everything behind them", "Use a model with a tokenizer.json"),
  "vocabulary-mismatch": outside("The tokenizer has tokens that the model has no vector for", "They belong to different models", "Use the tokenizer that came with the model"),
  "no-bos-token": outside("A beginning-of-text token is asked for, and the tokenizer has none", "No other token is put in its place", "set bos false"),
  "not-safetensors": outside("The file is not in safetensors format", "Its header does not say so", "Download it again, or convert it"),
  "truncated-safetensors": outside("The file is shorter than its header says", "A download was cut", "Download it again"),
  "invalid-tensor": outside("A tensor is described in a way that cannot be", "Sizes and offsets must agree", "Download it again"),
  "missing-tensor": outside("The file lacks a tensor that is needed", "Another architecture, or a part of the files", "Check that all files are there"),
  "overlapping-tensors": outside("Two tensors share bytes", "The format forbids it", "Download it again"),
  "unreferenced-bytes": outside("Bytes of the file belong to no tensor", "The format forbids it, and it may hide something", "Download it again"),
  "shape-mismatch": outside("A tensor has another shape than the configuration says", "The files belong to different models", "Download all files of one model"),
  "unsupported-dtype": outside("A tensor is stored in a type that is not computed", "Quantised weights are another model", "Use the original weights"),
  "nonfinite-weights": outside("Weights hold NaN or infinity", "Every number computed from them is worthless", "Download it again, or ask its publisher"),
  "git-lfs-pointer": outside("The file is a pointer of Git LFS, not the weights", "The repository was cloned without LFS", "git lfs pull"),
  "html-page": outside("The file is a web page, not the weights", "A download ended at a login or error page", "Download it again"),
  "pickle-refused": outside("The file is a pickle that holds more than tensors", "A pickle can run code when it is opened; files of torch.save are read as far as they are tensors, and nothing in them is ever called", "Convert it to safetensors where you trust it"),
  "unsupported-sae": outside("The SAE does something that saeq does not compute", "Leaving it out would change the numbers", "Use an SAE without it"),
  "unsupported-sae-format": outside("The folder holds no SAE in a known layout", "The message lists what was found and every layout that is read", "Name the folder that holds the weights themselves"),
  "broken-archive": outside("An archive of weights (.npz, .pt) is damaged, or not what it says", "Sizes, names, checksums and places of its members must agree, and weights do not shrink a hundredfold", "Download it again"),
  "unfolded-normalization": outside("The SAE expects scaled activations, and the factors are not in its files", "Encoding unscaled activations would give wrong features in silence", "Fold the normalisation into the weights and save it again"),
  "convention-not-applicable": { summary: "The convention does not apply to this SAE", why: "It belongs to another format of SAEs", mend: "Take one that the message names", query: "set convention openmoss\nsample perfect 2 | acts layer 7", mended: "set convention saelens\nsample perfect 2 | acts layer 7" },
  "sae-width-mismatch": outside("The SAE reads vectors of another width than the model's", "It was trained on another model", "set model to the one it was trained on"),
  "engine-died": outside("The process that computes ended", "It was stopped, or the system ran out of memory", "Run again: texts that were done are kept; try set batch 1"),
  "engine-failed": outside("The engine could not run the model", "The files changed, or saeq made a mistake", "Check the model's files, then report it"),
  "no-provider": outside("The execution provider that was asked for cannot be used here", "Its library, a driver or a kernel is missing, or it does not compute in that number type; saeq never takes another one silently", "Run what the message names, or set ep to one that is there; `saeq doctor` lists them"),
  "device-lost": outside("The device stopped in the middle of a query", "Its driver was reset, it overheated, or its memory failed", "Run again: texts that were done are kept, and the engine starts anew; if it stays lost, set ep cpu"),
  "out-of-memory": outside("The engine ran out of memory", "Long texts and large batches need more", "set batch 1, or fewer lanes"),
};
