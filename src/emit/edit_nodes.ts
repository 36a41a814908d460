/** Without this file lowerings would not know which nodes are of edits. */

/** Names of their nodes begin so: like encoders they are float32 whatever the model computes in. */
export const EDIT_NODES = "/edits/";
