import { assertEquals } from "@std/assert";
import {
  counted,
  formatBytes,
  formatCount,
  formatTime,
  formatValue,
} from "../../src/terminal/format_numbers.ts";

Deno.test("formatCount() and formatBytes() keep to three or four digits", () => {
  const counts = [0, 950, 999.96, 12345, 999_949, 999_960, 1.5e6, 2e15];
  assertEquals(
    counts.map(formatCount),
    ["0", "950", "1.0k", "12.3k", "999.9k", "1.0M", "1.5M", "2000.0T"],
  );
  assertEquals([512, 8.1e6].map(formatBytes), ["512 B", "8.1 MB"]);
});

Deno.test("counted() takes the singular for one thing", () => {
  assertEquals(
    [0, 1, 2].map((n) => counted(n, "file")),
    ["0 files", "1 file", "2 files"],
  );
  assertEquals(counted(2, "entry", "entries"), "2 entries");
});

Deno.test("formatTime() gives the two largest units", () => {
  const spans = [0, 45.4, 59.6, 80, 3599.7, 11100, 187200, NaN, Infinity, -3];
  assertEquals(
    spans.map(formatTime),
    ["0s", "45s", "1m00s", "1m20s", "1h00m", "3h05m", "2d04h", "?", "?", "0s"],
  );
});

Deno.test("formatValue() fits losses and norms of any size", () => {
  const values = [
    2.3449,
    0.0123456,
    123.45,
    4321,
    1.2e6,
    3e-9,
    0,
    NaN,
    -Infinity,
  ];
  assertEquals(
    values.map((value) => formatValue(value)),
    [
      "2.345",
      "0.0123",
      "123.5",
      "4321",
      "1.2e+6",
      "3.0e-9",
      "0.000",
      "nan",
      "-inf",
    ],
  );
  assertEquals(formatValue(0.8712, 2), "0.87");
});
