import { assertEquals } from "@std/assert";
import {
  asMarkdown,
  asText,
  percent,
  threeDigits,
} from "../../src/bench/format_table.ts";
import { toJson } from "../../src/bench/json.ts";
import { median } from "../../src/bench/timing.ts";

const table = {
  title: "Title",
  headings: ["name", "ms"],
  rows: [["a|b", "1.5"], ["long name", "-"], ["c", "120"]],
  notes: ["A note."],
};

Deno.test("asText() aligns columns of numbers to the right", () => {
  assertEquals(
    asText(table),
    "Title\nname        ms\na|b        1.5\nlong name    -\nc          120\nA note.\n",
  );
});

Deno.test("asMarkdown() escapes bars in cells", () => {
  assertEquals(asMarkdown(table).split("\n").slice(0, 5), [
    "## Title",
    "",
    "| name | ms |",
    "| --- | --- |",
    "| a\\|b | 1.5 |",
  ]);
});

Deno.test("threeDigits() keeps three significant digits", () => {
  assertEquals(
    [0, 0.01234, 0.5, 1.234, 12.34, 123.4, 1234.5, NaN].map(threeDigits),
    ["0", "0.0123", "0.500", "1.23", "12.3", "123", "1235", "-"],
  );
  assertEquals(percent(0.1234), "12.3 %");
  assertEquals(percent(null), "-");
});

Deno.test("median() takes the middle value, or the mean of the two middle ones", () => {
  assertEquals(median([3, 1, 2]), 2);
  assertEquals(median([4, 1, 2, 3]), 2.5);
  assertEquals(median([]), NaN);
});

Deno.test("toJson() writes snake_case keys and leaves M, N and K", () => {
  assertEquals(
    toJson({ tokensPerStep: 1, rows: [{ M: 2, ratioCpu: null }] }),
    '{\n  "tokens_per_step": 1,\n  "rows": [\n    {\n      "M": 2,\n      "ratio_cpu": null\n    }\n  ]\n}\n',
  );
});
