import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { FileLock, withLock } from "../../src/fs/file_lock.ts";
import { namesIn } from "../helpers/data/sources.ts";
import { withTempDir } from "../helpers/files.ts";

Deno.test("withLock() lets one work at a time", () =>
  withTempDir(async (parent) => {
    const path = join(parent, "lock");
    const events: string[] = [];
    const { promise: started, resolve: start } = Promise.withResolvers<void>();
    const { promise: released, resolve: release } = Promise.withResolvers<
      void
    >();
    const first = withLock(path, async () => {
      start();
      await released;
      events.push("first ends");
    }, () => events.push("first waits"));
    await started;
    const second = withLock(
      path,
      () => Promise.resolve(events.push("second works")),
      () => {
        events.push("second waits");
        release();
      },
    );
    await Promise.all([first, second]);
    assertEquals(events, ["second waits", "first ends", "second works"]);
    assertEquals(namesIn(parent), []);
  }));

Deno.test("withLock() lets one of many work at a time, and leaves no file", () =>
  withTempDir(async (parent) => {
    const path = join(parent, "lock");
    let working = 0, done = 0;
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        withLock(path, async () => {
          assertEquals(++working, 1);
          await new Promise((resolve) => setTimeout(resolve, i % 3));
          working--;
          done++;
        }, () => {})),
    );
    assertEquals(done, 20);
    assertEquals(namesIn(parent), []);
  }));

Deno.test("FileLock.tryTake() does not wait, and take() gets it after a release", () =>
  withTempDir(async (parent) => {
    const path = join(parent, "lock");
    const first = FileLock.tryTake(path);
    assert(first);
    assertEquals(FileLock.tryTake(path), null);
    let waits = 0;
    const second = FileLock.take(path, () => waits++);
    first.release();
    (await second).release();
    assertEquals([waits, namesIn(parent)], [1, []]);
  }));
