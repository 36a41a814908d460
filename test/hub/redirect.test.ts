/** Without this file a hub in the open could send saeq, and what it knows, into the network behind this machine. */
import dns from "node:dns/promises";
import { syncBuiltinESMExports } from "node:module";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CheckpointError } from "../../runtime/checkpoint/error.ts";
import { redirected } from "../../runtime/hub/redirect.ts";

/** Addresses of documentation (RFC 5737): they stand for a hub in the open, and nobody is asked for them. */
const hub = new URL("https://192.0.2.1/model/resolve/main/x");
const refusal = async (from: URL, to: string, endpoint: URL = hub): Promise<string> => {
  const error = await redirected(from, to, endpoint).then(() => null, (thrown: unknown) => thrown);
  if (error === null) return "followed";
  assert.instance(error, CheckpointError);
  return (error as Error).message.split("not followed: ")[1]!;
};

test("a private address that a public hub names is refused, in every spelling", async () => {
  for (const host of ["127.0.0.1", "10.1.2.3", "172.31.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "[::1]", "[fd00::1]", "[fe80::1]", "[::ffff:10.0.0.1]", "2130706433", "0x7f.1", "localhost"]) {
    assert.match(await refusal(hub, `https://${host}/x`), /a private address$/, host);
  }
});

test("a public address that the hub names is followed, what that one names is not", async () => {
  assert.is(await refusal(hub, "https://198.51.100.7/x"), "followed");
  assert.match(await refusal(new URL("https://198.51.100.7/x"), "https://203.0.113.9/x"), /which the hub did not name$/);
  assert.match(await refusal(hub, "http://198.51.100.7/x"), /^http:/);
});

test("an address with a name or a password in it is refused, of the hub itself too", async () => {
  for (const to of ["https://me@198.51.100.7/x", "https://:secret@198.51.100.7/x", "https://me:secret@192.0.2.1/x"]) {
    const said = await refusal(hub, to);
    assert.match(said, /, with a password$/, to);
    assert.not.match(said, "secret");
  }
});

test("a name that has one private address among others is private", async () => {
  const lookup = dns.lookup;
  const known: Readonly<Record<string, readonly string[]>> = { "both.example": ["198.51.100.7", "10.0.0.1"], "mapped.example": ["::ffff:10.0.0.1"], "open.example": ["198.51.100.7", "2001:db8::1", "::ffff:198.51.100.7"] };
  dns.lookup = ((host: string) => Promise.resolve((known[host] ?? []).map((address) => ({ address, family: 4 })))) as unknown as typeof lookup;
  syncBuiltinESMExports();
  try {
    assert.match(await refusal(hub, "https://both.example/x"), /a private address$/);
    assert.match(await refusal(hub, "https://mapped.example/x"), /a private address$/);
    assert.is(await refusal(hub, "https://open.example/x"), "followed");
    // A hub that has one too is in the own network.
    const own = new URL("https://both.example/model/x");
    assert.is(await refusal(own, "https://10.0.0.2/x", own), "followed");
  } finally {
    dns.lookup = lookup;
    syncBuiltinESMExports();
  }
});

test("a hub in the own network may name its neighbours", async () => {
  const own = new URL("http://10.0.0.1/x");
  assert.is(await refusal(own, "http://10.0.0.2/x", own), "followed");
});

test.run();
