/** Without this file downloads could be tested only against the hub itself, which does not drop connections on request. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A repository: files by path; those named in `lfs` lie on the second host, as large files of the hub do. */
export interface Repository {
  readonly files: Readonly<Record<string, Uint8Array>>;
  readonly lfs: readonly string[];
  /** Who may read: everybody, everybody with this token, or those among them who accepted the terms. */
  readonly access?: "public" | "private" | "gated";
  readonly token?: string;
  /** Branches and tags beside `main`; all lead to the one commit. */
  readonly refs?: readonly string[];
}

/** What goes wrong with one answer. */
export type Fault =
  | { readonly kind: "status"; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** Bytes of the body, then the connection is torn down, or closed as if all were said. */
  | { readonly kind: "drop" | "truncate"; readonly after: number }
  | { readonly kind: "silence" }
  /** The first byte of an answer, and then nothing. */
  | { readonly kind: "stall" }
  /** An answer that is no JSON. */
  | { readonly kind: "garbage" }
  /** One byte of the body is another. */
  | { readonly kind: "damage" }
  /** The whole file, whatever range was asked for. */
  | { readonly kind: "whole" }
  /** A range, but not the one that was asked for. */
  | { readonly kind: "shift" }
  | { readonly kind: "redirect"; readonly to: string };

export interface Seen {
  readonly host: "hub" | "cdn";
  readonly method: string;
  readonly path: string;
  readonly range: string | null;
  readonly token: string | null;
  /** How often this method and path were asked for before. */
  readonly before: number;
}

export interface FakeHub {
  readonly url: string;
  readonly cdn: string;
  readonly seen: Seen[];
  /** Set to make answers fail. */
  fault: (seen: Seen) => Fault | null;
  close(): Promise<void>;
}

const sha = (algorithm: "sha1" | "sha256", ...parts: (string | Uint8Array)[]): string => parts.reduce((hash, part) => hash.update(part), createHash(algorithm)).digest("hex");
const kept = (make: (bytes: Uint8Array) => string): ((bytes: Uint8Array) => string) => {
  const known = new WeakMap<Uint8Array, string>();
  return (bytes) => known.get(bytes) ?? known.set(bytes, make(bytes)).get(bytes)!;
};
/** Git's name of a blob. */
export const gitHash = kept((bytes) => sha("sha1", `blob ${bytes.length}\0`, bytes));
export const sha256 = kept((bytes) => sha("sha256", bytes));
const pointer = (bytes: Uint8Array): Buffer => Buffer.from(`version https://git-lfs.github.com/spec/v1\noid sha256:${sha256(bytes)}\nsize ${bytes.length}\n`);

/** The one commit of a repository: a hash of what it holds. */
export function commitOf(repository: Repository): string {
  return sha("sha1", ...Object.entries(repository.files).flatMap(([path, bytes]) => [path, gitHash(bytes)]));
}

/** Entries a page of the tree has at most: small, so that paging is tested. */
const PAGE = 3;

/** Two servers on this machine that speak as the hub and as the host of its large files do. */
export async function startHub(repositories: Readonly<Record<string, Repository>>): Promise<FakeHub> {
  const counts = new Map<string, number>();
  const hub: { -readonly [K in keyof FakeHub]: FakeHub[K] } = { url: "", cdn: "", seen: [], fault: () => null, close: async () => {} };

  const note = (host: "hub" | "cdn", request: IncomingMessage): Seen => {
    const path = request.url ?? "";
    const key = `${host} ${request.method} ${path}`;
    const before = counts.get(key) ?? 0;
    counts.set(key, before + 1);
    const seen: Seen = { host, method: request.method ?? "", path, range: request.headers.range ?? null, token: request.headers.authorization ?? null, before };
    hub.seen.push(seen);
    return seen;
  };
  /** True: the fault is the answer. */
  const failed = (fault: Fault | null, response: ServerResponse): boolean => {
    if (fault?.kind === "silence") return true;
    if (fault?.kind === "redirect") response.writeHead(302, { Location: fault.to }).end();
    else if (fault?.kind === "stall") response.writeHead(200, { "Content-Type": "application/json" }).write("[");
    else if (fault?.kind === "garbage") response.writeHead(200, { "Content-Type": "application/json" }).end("<html>");
    else if (fault?.kind === "status") response.writeHead(fault.status, fault.headers).end("not now");
    else return false;
    return true;
  };

  const cdn = await listen((request, response) => {
    const seen = note("cdn", request);
    const fault = hub.fault(seen);
    if (failed(fault, response)) return;
    const [, hash] = /^\/blob\/([0-9a-f]{64})/.exec(seen.path) ?? [];
    const bytes = Object.values(repositories).flatMap(({ files }) => Object.values(files)).find((each) => sha256(each) === hash);
    if (bytes === undefined || seen.token !== null) response.writeHead(403).end();
    else send(bytes, seen, {}, fault, response);
  });
  const main = await listen((request, response) => {
    const seen = note("hub", request);
    const fault = hub.fault(seen);
    if (!failed(fault, response)) answer(seen, request, fault, response);
  });
  hub.cdn = `http://127.0.0.1:${(cdn.address() as AddressInfo).port}`;
  hub.url = `http://127.0.0.1:${(main.address() as AddressInfo).port}`;
  hub.close = async () => {
    for (const server of [main, cdn]) {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
  };
  return hub;

  function answer(seen: Seen, request: IncomingMessage, fault: Fault | null, response: ServerResponse): void {
    const url = new URL(seen.path, hub.url);
    const path = decodeURIComponent(url.pathname);
    const name = Object.keys(repositories).find((each) => path.startsWith(`/api/models/${each}/`) || path === `/api/models/${each}` || path.startsWith(`/${each}/resolve/`));
    const repository = name === undefined ? undefined : repositories[name]!;
    const granted = repository?.token !== undefined && seen.token === `Bearer ${repository.token}`;
    if (seen.token !== null && !seen.token.startsWith("Bearer hf_")) return refuse(response, 401, "", "Invalid credentials in Authorization header");
    if (repository === undefined || name === undefined || (repository.access === "private" && !granted)) return refuse(response, seen.token === null ? 401 : 404, "RepoNotFound", "Repository not found");
    const commit = commitOf(repository);
    const known = (revision: string): boolean => ["main", "HEAD", commit, ...(repository.refs ?? [])].includes(revision);
    if (path === `/api/models/${name}`) return info(name, repository, commit, response);
    const api = new RegExp(`^/api/models/${name}/(revision|tree|paths-info)/(.*)$`).exec(path);
    if (api !== null) {
      const [, what, rest] = api as unknown as [string, string, string];
      const revision = known(rest) ? rest : ["main", commit, ...(repository.refs ?? [])].find((each) => rest.startsWith(`${each}/`));
      if (revision === undefined) return refuse(response, 404, "RevisionNotFound", `Invalid rev id: ${rest}`);
      if (what === "revision") return info(name, repository, commit, response);
      if (what === "paths-info") return pathsInfo(repository, request, response);
      return tree(repository, rest.slice(revision.length + 1), url, response);
    }
    if (repository.access === "gated" && !granted) return refuse(response, seen.token === null ? 401 : 403, "GatedRepo", `Access to model ${name} is restricted`);
    // A revision with slashes is one part of the address: they are escaped in it.
    const [, revision, file] = new RegExp(`^/${name}/resolve/([^/]+)/(.+)$`).exec(url.pathname)!.map(decodeURIComponent) as [string, string, string];
    const bytes = known(revision) ? repository.files[file] : undefined;
    if (bytes === undefined) return refuse(response, 404, known(revision) ? "EntryNotFound" : "RevisionNotFound", "Entry not found", { "X-Repo-Commit": commit });
    if (!repository.lfs.includes(file)) return send(bytes, seen, { ETag: `"${gitHash(bytes)}"`, "X-Repo-Commit": commit, "Content-Disposition": `inline; filename="${file}"` }, fault, response);
    const hash = sha256(bytes);
    response.writeHead(302, {
      Location: `${hub.cdn}/blob/${hash}?Expires=1`, "X-Repo-Commit": commit, "X-Linked-Size": bytes.length, "X-Linked-ETag": `"${hash}"`, ETag: `"${hash}"`, "Accept-Ranges": "bytes", "Content-Length": 0,
    });
    response.end();
  }

  function tree(repository: Repository, folder: string, url: URL, response: ServerResponse): void {
    const inside = folder === "" ? "" : `${folder}/`;
    const deep = url.searchParams.get("recursive") === "true";
    const files = Object.keys(repository.files).filter((path) => path.startsWith(inside)).sort();
    if (files.length === 0 && folder !== "") return refuse(response, 404, "EntryNotFound", `${folder} does not exist on "main"`);
    const folders = new Set(files.flatMap((path) => path.slice(inside.length).split("/").slice(0, -1).map((_, i, parts) => inside + parts.slice(0, i + 1).join("/"))));
    const entries = [
      ...[...folders].filter((path) => deep || !path.slice(inside.length).includes("/")).map((path) => ({ type: "directory", oid: sha("sha1", path), size: 0, path })),
      ...files.filter((path) => deep || !path.slice(inside.length).includes("/")).map((path) => entry(repository, path)),
    ];
    const from = Number(url.searchParams.get("cursor") ?? 0);
    const next = new URL(url);
    next.searchParams.set("cursor", String(from + PAGE));
    response.writeHead(200, { "Content-Type": "application/json", ...(from + PAGE < entries.length ? { Link: `<${next.href}>; rel="next"` } : {}) });
    response.end(JSON.stringify(entries.slice(from, from + PAGE)));
  }

  function pathsInfo(repository: Repository, request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      const paths = text.startsWith("{") ? (JSON.parse(text) as { paths: string[] }).paths : new URLSearchParams(text).getAll("paths");
      response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(paths.filter((path) => path in repository.files).map((path) => entry(repository, path))));
    });
  }
}

function entry(repository: Repository, path: string): object {
  const bytes = repository.files[path]!;
  if (!repository.lfs.includes(path)) return { type: "file", oid: gitHash(bytes), size: bytes.length, path };
  const text = pointer(bytes);
  return { type: "file", oid: gitHash(text), size: bytes.length, lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: text.length }, path };
}

function info(name: string, repository: Repository, commit: string, response: ServerResponse): void {
  const siblings = Object.keys(repository.files).map((rfilename) => ({ rfilename }));
  const body = { _id: "0", id: name, modelId: name, sha: commit, private: repository.access === "private", gated: repository.access === "gated" ? "manual" : false, lastModified: "2026-01-01T00:00:00.000Z", downloads: 0, likes: 0, tags: [], siblings };
  response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}

function refuse(response: ServerResponse, status: number, code: string, message: string, more: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { ...(code === "" ? {} : { "X-Error-Code": code }), "X-Error-Message": message, "Content-Type": "application/json", ...more }).end(JSON.stringify({ error: message }));
}

/** A body, or the range of it that was asked for, as far as the fault lets it through. */
function send(bytes: Uint8Array, seen: Seen, headers: Readonly<Record<string, string>>, fault: Fault | null, response: ServerResponse): void {
  const range = fault?.kind === "whole" ? null : /^bytes=(\d+)-(\d*)$/.exec(seen.range ?? "");
  const shift = fault?.kind === "shift" ? 1 : 0;
  const from = range === null ? 0 : Number(range[1]) - shift;
  const to = range === null || range[2] === "" ? bytes.length - 1 : Math.min(Number(range[2]), bytes.length - 1);
  if (range !== null && from > bytes.length - 1) return void response.writeHead(416, { "Content-Range": `bytes */${bytes.length}` }).end();
  const part = Buffer.from(bytes.subarray(from, to + 1));
  if (fault?.kind === "damage" && part.length > 0) part[part.length >> 1]! ^= 1;
  response.writeHead(range === null ? 200 : 206, { ...headers, "Accept-Ranges": "bytes", "Content-Length": part.length, ...(range === null ? {} : { "Content-Range": `bytes ${from}-${to}/${bytes.length}` }) });
  if (seen.method === "HEAD") return void response.end();
  if (fault?.kind !== "drop" && fault?.kind !== "truncate") return void response.end(part);
  response.write(part.subarray(0, fault.after), () => setTimeout(() => (fault.kind === "drop" ? response.socket?.resetAndDestroy() : response.socket?.end()), 20));
}

async function listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const server = createServer(answer);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  server.unref();
  return server;
}
