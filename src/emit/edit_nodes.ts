/** Without this file lowerings would not know which nodes are of edits. */

/** Names of their nodes begin so: like encoders they are float32 whatever the model computes in. */
export const EDIT_NODES = "/edits/";

/** The input of a graph, f32 [texts, tokens], that is 1 where a token is of the window of this number (`windowsOf`), and 0 elsewhere. */
export const windowInput = (number: number): string => `edited_${number}`;
