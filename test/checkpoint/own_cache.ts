/** Without this file tests that convert archives would write into the cache of whoever runs them. */

interface Suite {
  before(work: () => void): void;
  after(work: () => void): void;
}

/** While a suite runs, what saeq keeps in the user's cache goes into `folder`. */
export function ownCache(suite: Suite, folder: string): void {
  const usual = process.env["XDG_CACHE_HOME"];
  suite.before(() => void (process.env["XDG_CACHE_HOME"] = folder));
  suite.after(() => {
    if (usual === undefined) delete process.env["XDG_CACHE_HOME"];
    else process.env["XDG_CACHE_HOME"] = usual;
  });
}
