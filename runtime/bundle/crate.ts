/** Without this file other tools could not tell what a bundle is: its script, what that read, and what it gave. */
import type { RunRecord } from "../record/run_record.ts";
import { stableJson } from "../record/stable_json.ts";

export const CRATE_NAME = "ro-crate-metadata.json";

export interface CrateFile {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
  readonly role: "script" | "module" | "data" | "model" | "lock" | "record" | "output";
}

/** What a bundle is about. */
export interface CrateFacts {
  readonly files: readonly CrateFile[];
  /** The opening doc comment of the script. */
  readonly description: string;
  readonly saeq: string;
  readonly record: RunRecord | null;
  /** The day that SOURCE_DATE_EPOCH names; null leaves it out, since a bundle has no time of its own. */
  readonly date: string | null;
}

const TYPES: Readonly<Record<string, string>> = { saeq: "text/plain", csv: "text/csv", tsv: "text/tab-separated-values", json: "application/json", jsonl: "application/jsonl", svg: "image/svg+xml", parquet: "application/vnd.apache.parquet", txt: "text/plain" };
const ROLES: Readonly<Record<CrateFile["role"], string>> = { script: "the script", module: "a module it uses", data: "data it reads", model: "of a model or SAE it computes with", lock: "hashes of all it reads", record: "what each of its stages gave", output: "what it saved" };

// RO-Crate 1.1 (w3id.org/ro/crate/1.1), and Process Run Crate of its profiles for runs.
const CONTEXT = "https://w3id.org/ro/crate/1.1/context";
const CRATE = "https://w3id.org/ro/crate/1.1";
const PROCESS = "https://w3id.org/ro/wfrun/process/0.6";

/** `ro-crate-metadata.json`: JSON-LD of the bundle, with the run as an action where there was one. */
export function crateText({ files, description, saeq, record, date }: CrateFacts): string {
  const script = files.find(({ role }) => role === "script")!;
  const ids = (role: CrateFile["role"]): { readonly "@id": string }[] => files.filter((file) => file.role === role).map(({ name }) => ({ "@id": address(name) }));
  const params = Object.entries(record?.params ?? {}).map(([name, { value }]) => ({ "@id": `#param-${encodeURIComponent(name)}`, "@type": "PropertyValue", name, value }));
  const action = record === null ? [] : [{
    "@id": "#run",
    "@type": "CreateAction",
    name: `saeq run ${record.script.name}`,
    actionStatus: { "@id": "http://schema.org/CompletedActionStatus" },
    instrument: { "@id": address(script.name) },
    object: [...ids("data"), ...ids("module"), ...ids("model"), ...params.map((each) => ({ "@id": each["@id"] }))],
    result: [...ids("output"), ...ids("record")],
  }];
  const graph = [
    { "@id": CRATE_NAME, "@type": "CreativeWork", about: { "@id": "./" }, conformsTo: { "@id": CRATE } },
    {
      "@id": "./",
      "@type": "Dataset",
      name: script.name,
      description: description === "" ? `A saeq script with what it reads${record === null ? "" : " and what it gave"}` : description,
      conformsTo: { "@id": PROCESS },
      hasPart: files.map(({ name }) => ({ "@id": address(name) })),
      mainEntity: { "@id": address(script.name) },
      ...(action.length === 0 ? {} : { mentions: { "@id": "#run" } }),
      ...(date === null ? {} : { datePublished: date }),
    },
    { "@id": PROCESS, "@type": "CreativeWork", name: "Process Run Crate", version: "0.6" },
    { "@id": "#saeq", "@type": "ComputerLanguage", name: "saeq", version: record?.machine.versions["saeq"] ?? saeq },
    ...files.map(({ name, size, sha256, role }) => ({
      "@id": address(name),
      "@type": role === "script" ? ["File", "SoftwareSourceCode"] : "File",
      name,
      description: ROLES[role],
      contentSize: String(size),
      sha256,
      encodingFormat: TYPES[name.slice(name.lastIndexOf(".") + 1)] ?? "application/octet-stream",
      ...(role === "script" || role === "module" ? { programmingLanguage: { "@id": "#saeq" } } : {}),
    })),
    ...action,
    ...params,
  ];
  return stableJson({ "@context": CONTEXT, "@graph": graph });
}

/** Names of files are addresses relative to the crate. */
function address(name: string): string {
  return name.split("/").map(encodeURIComponent).join("/");
}

/** The file that a crate's root says it is about; null where it says none. */
export function mainEntity(text: string): string | null {
  try {
    const crate = JSON.parse(text) as { readonly "@graph"?: readonly { readonly "@id"?: unknown; readonly mainEntity?: { readonly "@id"?: unknown } }[] };
    const graph = crate?.["@graph"];
    const id = Array.isArray(graph) ? graph.find((entity) => entity?.["@id"] === "./")?.mainEntity?.["@id"] : undefined;
    return typeof id === "string" ? decodeURIComponent(id) : null;
  } catch {
    return null;
  }
}
