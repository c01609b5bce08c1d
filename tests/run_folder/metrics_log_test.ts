import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { UserError } from "../../src/errors.ts";
import { MetricsLog, readMetrics } from "../../src/run_folder/metrics_log.ts";
import { tempDir } from "../helpers/files.ts";

const stepsOf = (path: string) => readMetrics(path).map(({ step }) => step);

Deno.test("MetricsLog.write() appends one line per record, usual keys first", () => {
  using dir = tempDir();
  const path = join(dir.path, "metrics.jsonl");
  using log = MetricsLog.open(path);
  log.write({
    kurtosis: [1, 2],
    elapsed: 1.5,
    loss: 2.25,
    step: 1,
    tokens: 64,
    lr: 1e-3,
    grad_norm: 0.5,
    tokens_per_second: 40,
  });
  // There without closing or syncing.
  assertEquals(
    Deno.readTextFileSync(path),
    '{"step":1,"tokens":64,"loss":2.25,"lr":0.001,"grad_norm":0.5,' +
      '"tokens_per_second":40,"elapsed":1.5,"kurtosis":[1,2]}\n',
  );
  log.write({ step: 1, eval_loss: NaN });
  log.sync();
  assertEquals(readMetrics(path)[1], { step: 1, eval_loss: null });
});

Deno.test("MetricsLog.open() removes the records after the step resumed from", () => {
  using dir = tempDir();
  const path = join(dir.path, "metrics.jsonl");
  {
    using log = MetricsLog.open(path);
    for (const step of [10, 20, 20, 30]) log.write({ step });
  }
  const before = Deno.readTextFileSync(path);
  MetricsLog.open(path).close();
  assertEquals(Deno.readTextFileSync(path), before);
  {
    using log = MetricsLog.open(path, 20);
    assertEquals(stepsOf(path), [10, 20, 20]);
    log.write({ step: 30 });
  }
  assertEquals(Deno.readTextFileSync(path), before);
  MetricsLog.open(path, 0).close();
  assertEquals(Deno.readTextFileSync(path), "");
});

Deno.test("MetricsLog.open() repairs a last line torn at any byte", () => {
  using dir = tempDir();
  const path = join(dir.path, "metrics.jsonl");
  const first = '{"step":1,"note":"é"}\n';
  const bytes = new TextEncoder().encode(first + '{"step":2,"note":"é"}\n');
  const head = new TextEncoder().encode(first).length;
  for (let end = head; end <= bytes.length; end++) {
    Deno.writeFileSync(path, bytes.subarray(0, end));
    {
      using log = MetricsLog.open(path);
      log.write({ step: 3 });
    }
    // Only the line feed is missing: the record itself is complete.
    const whole = end >= bytes.length - 1;
    assertEquals(stepsOf(path), whole ? [1, 2, 3] : [1, 3], `cut at ${end}`);
    assertEquals(
      Deno.readTextFileSync(path).split("\n").length,
      whole ? 4 : 3,
    );
  }
});

Deno.test("MetricsLog.open() drops what a power cut left in the middle", () => {
  using dir = tempDir();
  const path = join(dir.path, "metrics.jsonl");
  Deno.writeTextFileSync(path, '{"step":1}\n\0\0\0\n[]\nnull\n7\n{"step":2}\n');
  MetricsLog.open(path).close();
  assertEquals(Deno.readTextFileSync(path), '{"step":1}\n{"step":2}\n');
});

Deno.test("MetricsLog reports a disk that refuses", () => {
  using dir = tempDir();
  assertThrows(() => MetricsLog.open(dir.path), UserError, "got a folder");
  const path = join(dir.path, "no", "metrics.jsonl");
  assertThrows(() => MetricsLog.open(path), UserError, path);
  assertThrows(() => readMetrics(path), UserError, "does not exist");
});

Deno.test("MetricsLog.open() reads logs longer than any string, and refuses gigantic ones", () => {
  using dir = tempDir();
  const path = join(dir.path, "metrics.jsonl");
  Deno.writeTextFileSync(path, '{"step":1}\n{"step":2');
  // Zeros without a newline, as a power cut may leave them: no record.
  Deno.truncateSync(path, 600e6);
  assertEquals(stepsOf(path), [1]);
  MetricsLog.open(path).close();
  assertEquals(Deno.readTextFileSync(path), '{"step":1}\n');
  Deno.truncateSync(path, 1e12);
  for (
    const read of [() => readMetrics(path), () => MetricsLog.open(path, 0)]
  ) {
    assertThrows(
      read,
      UserError,
      `Cannot read '${path}' as it must have at most 1.1 GB: got 1.0 TB`,
    );
  }
  assertEquals(Deno.statSync(path).size, 1e12);
});
