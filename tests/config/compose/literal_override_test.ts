import { assertEquals } from "@std/assert";
import { literalOverride } from "../../../src/config/compose/literal_override.ts";
import { compose } from "../../../src/config/mod.ts";

Deno.test("literalOverride() sets any text", () => {
  const texts = [
    "runs/a b",
    "a,b",
    " a ",
    "[x",
    "{a: b}",
    "it's",
    "'q'",
    String.raw`a\'b\\"c"\ `.trim(),
    "${seed}",
    String.raw`\${seed}`,
    String.raw`\\`,
    "null",
    "010",
    "1e-3",
    "true",
    "str(3)",
    "x\ny\t",
    "é=ü",
  ];
  for (const text of texts) {
    const overrides = [literalOverride("data.text_field", text)];
    assertEquals(compose({ overrides }).config.data.text_field, text);
  }
});

Deno.test("literalOverride() writes plain text without quotes", () => {
  assertEquals(literalOverride("run", "runs/a b"), "run=runs/a b");
  assertEquals(literalOverride("run", "010"), "run=010");
  assertEquals(literalOverride("run", "a,b"), "run='a,b'");
});
