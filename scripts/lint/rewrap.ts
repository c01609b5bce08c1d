/**
 * Wraps the paragraphs of a comment that are too wide, and leaves the others:
 * code, tables, lists and tags keep their shape. For `deno lint --fix`.
 * @module
 */

/** Words, and what is not to be broken: inline code and links. */
const WORD = /\{@[^}]*\}\S*|[^\s`]*(?:`[^`]{1,40}`[^\s`]*)+|\S+/g;

/** A line that begins a paragraph of its own. */
const STARTS = /^(@\w|[-*] |\d+\. |\|)/;

/** Words filled into lines of at most `width` columns. */
function fill(words: string[], width: number, hang: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of words) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && longer.length > width) {
      lines.push(line);
      line = hang + word;
    } else line = longer;
  }
  return [...lines, line];
}

/**
 * Lines of a comment without its marks, with the paragraphs that are too wide
 * wrapped.
 */
function wrapLines(lines: string[], width: number): string[] {
  const out: string[] = [];
  let paragraph: string[] = [], fenced = false;
  const flush = () => {
    const [first = "", second] = paragraph;
    const wide = paragraph.some((line) => line.length > width);
    if (!wide || first.startsWith("|")) out.push(...paragraph);
    else {
      const listed = STARTS.test(first) ? "  " : "";
      const hang = second === undefined ? listed : second.match(/^ */)![0];
      out.push(...fill(paragraph.join(" ").match(WORD) ?? [], width, hang));
    }
    paragraph = [];
  };
  for (const line of lines) {
    const fence = line.trimStart().startsWith("```");
    const plain = !fence && !fenced && line.trim() !== "";
    // Deeper lines are drawn by hand, unless they continue a list or a tag.
    const drawn = /^ {2}/.test(line) && !STARTS.test(paragraph[0] ?? "");
    if (!plain || drawn || STARTS.test(line)) flush();
    if (fence) fenced = !fenced;
    if (plain && !drawn) paragraph.push(line);
    else out.push(line);
  }
  flush();
  return out;
}

/**
 * A block comment with no line wider than `columns`, as far as its words allow.
 *
 * @param text from its first mark to its last
 * @param indent columns before it
 */
export function rewrapBlock(
  text: string,
  indent: number,
  columns: number,
): string {
  const open = text.startsWith("/**") ? "/**" : "/*";
  const body = text.slice(open.length, -2).replace(/ (@module) *$/, "\n$1")
    .split("\n")
    .map((line, i) => i === 0 ? line.trim() : line.replace(/^\s*\* ?/, ""))
    .map((line) => line.trimEnd());
  if (body[0] === "") body.shift();
  if (body.at(-1) === "") body.pop();
  const margin = " ".repeat(indent);
  const lines = wrapLines(body, columns - indent - 3)
    .map((line) => `${margin} * ${line}`.trimEnd());
  return [open, ...lines, `${margin} */`].join("\n");
}

/** Line comments that follow each other, as {@linkcode rewrapBlock}. */
export function rewrapLines(
  lines: string[],
  indent: number,
  columns: number,
): string {
  const body = lines.map((line) => line.replace(/^\/\/ ?/, "").trimEnd());
  return wrapLines(body, columns - indent - 3)
    .map((line) => `// ${line}`.trimEnd())
    .join(`\n${" ".repeat(indent)}`);
}
