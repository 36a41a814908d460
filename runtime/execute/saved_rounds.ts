/** Without this file activations would be held until the last text is done, only to be written then. */
import { savedPass } from "../../src/ops/saved_pass.ts";
import { key } from "../../src/ops/key.ts";
import type { Plan, SaveFormat } from "../../src/ops/op.ts";
import { nodes } from "../../src/optimize/rule.ts";
import { createChunks } from "../data/chunks.ts";
import { foretoldRows } from "../data/foretold_size.ts";
import type { Acts, Groups, Table } from "../data/frame.ts";
import { withLabel } from "../data/group_labels.ts";
import { startSaving, type RowsFormat, type SaveOptions, type Saving } from "./save.ts";
import { createSpill } from "../data/spill.ts";
import { tableChunks, tapChunks } from "../data/to_table.ts";
import type { RoundTaker } from "../passes/reduce_forward.ts";
import { StageError } from "./stage_error.ts";

/** What a pass is run over: its groups, null for what is no group, and how many texts there are where it is known. */
export interface Texts {
  readonly groups: Groups | null;
  readonly total: number | null;
}

/** The files of one pipeline that are written while a pass runs. */
export interface SavedRounds {
  /** Whether a pass has files on it that nobody has begun. */
  waiting(pass: Plan): boolean;
  /** Begin them; null where there are none. */
  begin(pass: Plan, texts: Texts): RoundTaker | null;
  /** The turn of a `save` has come: its file gets its name. What was written, or null where nobody began it. @throws DataError */
  commit(save: Plan): Promise<string | null>;
  /** Nothing is left of files whose turn did not come. */
  discard(): Promise<void>;
}

export interface RoundsContext {
  readonly outputPath: (path: string) => string;
  readonly admitWrite: SaveOptions["admit"];
  readonly rawCsv?: boolean;
  readonly signal: AbortSignal;
  readonly onNotice: (text: string) => void;
}

/** `plan`: of the whole pipeline. Only what is saved of passes that keep figures alone is written so: of others the activations are there. */
export function createSavedRounds(plan: Plan, context: RoundsContext): SavedRounds {
  const saves = nodes(plan).flatMap((save) => {
    const saved = savedPass(save);
    return saved?.pass.op.op === "forward" && saved.pass.op.reduce !== undefined ? [{ save, ...saved }] : [];
  });
  const begun = new Map<Plan, SavedFile>();
  const unbegun = (pass: Plan): typeof saves => saves.filter((each) => !begun.has(each.save) && key(each.pass) === key(pass));
  return {
    waiting: (pass) => unbegun(pass).length > 0,
    begin: (pass, texts) => {
      const files = unbegun(pass).map(({ save, taps }) => {
        const file = createSavedFile(save, taps, texts, context);
        begun.set(save, file);
        return file;
      });
      if (files.length === 0) return null;
      return {
        put: async (...round) => {
          for (const file of files) await file.put(...round);
        },
        end: async () => {
          for (const file of files) await file.end();
        },
      };
    },
    commit: async (save) => (await begun.get(save)?.commit()) ?? null,
    discard: async () => {
      for (const file of begun.values()) await file.discard();
    },
  };
}

interface SavedFile extends RoundTaker {
  commit(): Promise<string>;
  discard(): Promise<void>;
}

/** What a tap gave in one round, until those before it are written. */
interface Aside {
  readonly rows: Acts["rows"];
  readonly csr: Acts["taps"][number]["csr"];
}

/** Rows of a file stand group by group, and in a group tap by tap: those of the first tap are written as they come, the others wait on the disk. */
function createSavedFile(save: Plan, taps: readonly number[], { groups, total }: Texts, { outputPath, admitWrite, rawCsv, signal, onNotice }: RoundsContext): SavedFile {
  const { op } = save;
  if (op.op !== "save") throw new Error(`${op.op} is no save`);
  const format = rowsFormat(op.format);
  const options = { signal, ...(admitWrite === undefined ? {} : { admit: admitWrite }) };
  const chunks = createChunks();
  const spills = taps.slice(1).map(() => createSpill<Aside>(outputPath(op.path), options));
  let saving: Saving | null = null;
  let first: Table | null = null;
  /** All but the numbers of what came last. */
  let last: Acts | null = null;
  let group = 0;
  let rows = 0;
  let texts = 0;
  let told = false;

  /** The file is begun with its first rows: what is refused before there are any never shows in a folder. */
  const write = async (table: Table): Promise<void> => {
    saving ??= await startSaving(outputPath(op.path), format, { ...options, raw: rawCsv === true });
    await saving.put(table);
    if (table.rows > 0) first ??= table;
  };
  const writeTap = async (acts: Acts, tap: number): Promise<void> => {
    for (const piece of tapChunks(acts, acts.taps[tap]!)) {
      for (const table of chunks.put(groups === null ? piece : withLabel(piece, groups.members[group]!, groups.keys ?? null))) await write(table);
    }
  };
  const rest = async (): Promise<void> => {
    const left = chunks.rest();
    if (left !== null) await write(left);
  };
  const endGroup = async (): Promise<void> => {
    await rest();
    for (const [i, spill] of spills.entries()) {
      for await (const { rows: places, csr } of spill.drain()) await writeTap({ ...last!, rows: places, taps: last!.taps.map((tap, at) => (at === i + 1 ? { ...tap, csr } : tap)) }, i + 1);
      await rest();
    }
  };
  const tried = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      throw error instanceof Error && error.name === "AbortError" ? error : new StageError(save, error);
    }
  };
  /** While they come it is told as soon as it is likely, at the end what is certain. */
  const foretell = (ended: boolean): void => {
    if (told || first === null) return;
    const much = ended ? foretoldRows(first, rows, "all", format) : total === null ? foretoldRows(first, rows, "so far", format) : foretoldRows(first, Math.round((rows * total) / texts), "about", format);
    if (much === null) return;
    told = true;
    onNotice(`${save.label}: ${much}`);
  };
  return {
    put: (at, acts, count) =>
      tried(async () => {
        if (at !== group) await endGroup();
        group = at;
        const own = { ...acts, taps: taps.map((tap) => acts.taps[tap]!) };
        await writeTap(own, 0);
        for (const [i, spill] of spills.entries()) await spill.put({ rows: own.rows, csr: own.taps[i + 1]!.csr });
        if (spills.length > 0) last = withoutNumbers(own);
        rows += own.taps.reduce((sum, { csr }) => sum + csr.indices.length, 0);
        texts += count;
        if (texts !== total) foretell(false);
      }),
    end: () =>
      tried(async () => {
        await endGroup();
        // Without a group there are no columns of one.
        if (saving === null) for (const table of tableChunks({ kind: "groups", keys: groups?.keys, members: [] })) await write(table);
      }),
    commit: async () => {
      foretell(true);
      if (saving === null) throw new Error(`the rows of ${save.label} never came`);
      return saving.commit();
    },
    discard: async () => {
      for (const spill of spills) await spill.discard();
      await saving?.discard();
    },
  };
}

/** What activations are called, which all rounds have in common. */
function withoutNumbers(acts: Acts): Acts {
  const none = { rows: 0, indptr: new Uint32Array(1), indices: new Uint32Array(0), values: new Float32Array(0) };
  return { ...acts, taps: acts.taps.map((tap) => ({ ...tap, csr: { ...tap.csr, ...none } })) };
}

function rowsFormat(format: SaveFormat): RowsFormat {
  if (format === "svg") throw new Error("activations are no picture");
  return format;
}
