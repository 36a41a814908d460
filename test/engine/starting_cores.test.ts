/** Without this file an engine could start on either kind of core, and nobody with one kind would see that its bits changed from run to run. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createLane } from "../../runtime/engine/supervisor.ts";
import { coresOf, orUnknown, startingCores, type CoresHere, type StartingCores } from "../../runtime/starting_cores.ts";

// As Linux 6 tells of a Core i9-13900K.
const HERE: CoresHere = { performance: "0-15\n", efficiency: "16-31\n", allowed: "0-31", taskset: "/usr/bin/taskset", glibc: "2.35" };

test("processes start on the performance cores that may be used, and the rest is theirs afterwards", () => {
  assert.equal(startingCores(HERE), { first: "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15", all: "0-31", widens: true, taskset: "/usr/bin/taskset" });
  assert.equal(startingCores({ ...HERE, allowed: "2-3,20" }), { first: "2,3", all: "2-3,20", widens: true, taskset: "/usr/bin/taskset" });
});

test("an older C library reads the cache when it is asked: processes stay where they started", () => {
  for (const [glibc, widens] of [["2.31", false], ["2.32", false], ["2.33", true], ["3.0", true], [null, false]] as const) assert.is((startingCores({ ...HERE, glibc }) as StartingCores).widens, widens, String(glibc));
});

test("nothing is done where cores do not differ, and nothing known where they do and cannot be chosen", () => {
  assert.is(startingCores({ ...HERE, performance: null, efficiency: null }), "one");
  assert.is(startingCores({ ...HERE, allowed: "0-7" }), "one");
  assert.is(startingCores({ ...HERE, allowed: "16-31" }), "one");
  assert.is(startingCores({ ...HERE, taskset: null }), null);
  assert.is(startingCores({ ...HERE, allowed: null }), null);
});

test("where cores cannot be chosen after all nothing is known", () => {
  const chosen = startingCores({ ...HERE, taskset: "/bin/false" });
  assert.is(typeof chosen, "object");
  assert.is(orUnknown(chosen), null);
  assert.is(orUnknown("one"), "one");
  assert.is(orUnknown(null), null);
});

test("lists of cores are read as the kernel writes them", () => {
  assert.equal([...coresOf("0-2,7,9-10\n")], [0, 1, 2, 7, 9, 10]);
});

const TASKSET = "/usr/bin/taskset";
const allowedOf = (status: string): string => /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync(status, "latin1"))![1]!;
const all = process.platform === "linux" ? allowedOf("/proc/self/status") : "";
const [, second] = coresOf(all);
const reason = process.platform !== "linux" ? "of Linux only" : second === undefined ? "only one core may be used here" : spawnSync(TASKSET, ["--version"]).status !== 0 ? "taskset of util-linux is not here" : null;

if (reason !== null) console.log(`an engine's process starts on chosen cores: skipped, ${reason}`);
else {
  /** Which cores the threads of a process may use, each list once. */
  const threadsOf = (pid: number): readonly string[] => [...new Set(readdirSync(`/proc/${pid}/task`).map((task) => allowedOf(`/proc/${pid}/task/${task}/status`)))];

  test("cores that a program may start on are kept", () => {
    const cores = { first: String(second), all, widens: true, taskset: TASKSET };
    assert.is(orUnknown(cores), cores);
    assert.is(orUnknown({ ...cores, first: "4095" }), null);
  });

  for (const widens of [true, false]) {
    test(`an engine's process starts on chosen cores, and ${widens ? "all of its threads may use all of them once it has answered" : "stays there with an older library"}`, async () => {
      const lane = createLane({ threads: 1 }, undefined, null, undefined, { first: String(second), all, widens, taskset: TASKSET });
      lane.start();
      const pid = lane.pid!;
      // It is taskset until it becomes Node.
      while (!readFileSync(`/proc/${pid}/cmdline`, "latin1").includes("lane_main")) await new Promise((resolve) => setTimeout(resolve, 2));
      while (readFileSync(`/proc/${pid}/comm`, "latin1").trim() === "taskset") await new Promise((resolve) => setTimeout(resolve, 2));
      assert.equal(threadsOf(pid), [String(second)]);
      await lane.measure();
      const wanted = widens ? all : String(second);
      for (let i = 0; i < 500 && threadsOf(pid).join() !== wanted; i++) await new Promise((resolve) => setTimeout(resolve, 10));
      assert.equal(threadsOf(pid), [wanted]);
      await lane.measure();
      assert.is(lane.pid, pid, "the same process answers");
      await lane.close();
    });
  }
}

test.run();
