/** Without this file a script that calls saeq would have to guess what its exit code means. */

/** Every exit code of the command line and when it is given. */
export const EXIT_CODES: Readonly<Record<number, string>> = {
  0: "It went well",
  1: "Something went wrong while running, or a test failed",
  2: "The command line, or a value for a param, is wrong",
  3: "A script has errors, findings of `lint`, or another form than `fmt` would give it",
  4: "A script needs a permission that was not granted",
  5: "There is no `saeq.lock`, or a script does not read what it says",
  6: "`verify` found another result than was recorded",
  7: "An `assert` does not hold",
  8: "The engine died or could not be started",
  10: "A file to read does not exist",
  130: "Stopped by Ctrl-C",
  141: "Whoever reads the output stopped reading",
  143: "Stopped by a signal",
};
