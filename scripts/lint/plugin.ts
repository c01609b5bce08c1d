/// <reference lib="deno.unstable" />
/**
 * The project's own lint rules: what no rule of Deno checks. Tried in
 * `tests/scripts/lint_test.ts`, explained in CONTRIBUTING.md.
 * @module
 */

import { rewrapBlock, rewrapLines } from "./rewrap.ts";

/** Columns of a comment, as of the code. */
const COLUMNS = 80;

/**
 * Where a failed write may end the program: the console throws where a disk is
 * full or a terminal gone.
 */
const CONSOLE = ["scripts/", "tests/"];

/** Where URLs are addresses in the web. */
const WEB_ADDRESSES = ["tests/helpers/data/hub_server.ts"];

/**
 * How a UserError's sentence begins: with what cannot be done, or with the
 * thing that is unknown, missing or gone.
 */
const OPENINGS = /^(Cannot |Unknown |No |The |Training stopped )/;

/** Advice to remove something, in a text for the user. */
const REMOVAL =
  /\b(?:remove|delete|erase|rm(?: -\w+)?) (?:it|the|this|that|them|your|\S*\/)/i;

/** Whether a file lies in one of the folders, wherever the checkout is. */
const within = (filename: string, folders: string[]) =>
  folders.some((folder) =>
    filename.startsWith(folder) || filename.includes(`/${folder}`)
  );

/** The first characters of a message, or null where it begins with a value. */
function opening(node: Deno.lint.Expression): string | null {
  if (node.type === "Literal") return String(node.value);
  if (node.type === "BinaryExpression") {
    return opening(node.left as Deno.lint.Expression);
  }
  if (node.type !== "TemplateLiteral") return null;
  return node.quasis[0].cooked || null;
}

/**
 * Whether a line is wider than allowed, and of words short enough that it can
 * be wrapped. Orders to Deno's tools must stay on their line.
 */
const isTooWide = (line: string): boolean =>
  line.length > COLUMNS && !/^\s*\/\/ deno-/.test(line) &&
  line.trim().split(/\s+/).every((word) => word.length < COLUMNS - 20);

type Comment = Deno.lint.LineComment | Deno.lint.BlockComment;

/**
 * Comments; line comments below each other in the same column are one group.
 */
function groupsOf(source: Deno.lint.SourceCode): Comment[][] {
  const groups: Comment[][] = [];
  for (const comment of source.getAllComments()) {
    const last = groups.at(-1)?.at(-1);
    const between = last && source.text.slice(last.range[1], comment.range[0]);
    const indent = (at: number) => at - source.text.lastIndexOf("\n", at - 1);
    if (
      last?.type === "Line" && comment.type === "Line" &&
      /^\n *$/.test(between!) &&
      indent(last.range[0]) === indent(comment.range[0])
    ) groups.at(-1)!.push(comment);
    else groups.push([comment]);
  }
  return groups;
}

const plugin: Deno.lint.Plugin = {
  name: "blocksmith",
  rules: {
    "user-error": {
      create: (context) => ({
        'NewExpression[callee.name="UserError"]'(
          node: Deno.lint.NewExpression,
        ) {
          if (within(context.filename, ["tests/"])) return;
          const [message] = node.arguments;
          if (!message || message.type === "SpreadElement") return;
          const text = opening(message);
          if (text === null || OPENINGS.test(text)) return;
          context.report({
            node: message,
            message: `A UserError says 'Cannot <do what> as <why>': got '${
              text.slice(0, 30)
            }'`,
            hint: "CONTRIBUTING.md, 'Errors'",
          });
        },
      }),
    },
    "removal": {
      create: (context) => {
        const check = (node: Deno.lint.Node, text: string) => {
          const found = within(context.filename, ["tests/"])
            ? null
            : REMOVAL.exec(text);
          if (!found) return;
          context.report({
            node,
            message: `A message advises to remove something: '${found[0]}'`,
            hint:
              "What the program may not have written is the user's: name another way, or say after deno-lint-ignore why it is the program's own",
          });
        };
        return {
          Literal: (node: Deno.lint.Node & { value?: unknown }) =>
            check(node, String(node.value)),
          TemplateElement: (node: Deno.lint.TemplateElement) =>
            check(node, node.cooked),
        };
      },
    },
    "console": {
      create: (context) => ({
        'MemberExpression[object.name="console"]'(
          node: Deno.lint.MemberExpression,
        ) {
          if (within(context.filename, CONSOLE)) return;
          context.report({
            node,
            message: "Only scripts and tests use the console",
            hint: "In src/cli, print() or say() of src/terminal/output.ts",
          });
        },
      }),
    },
    "url-as-path": {
      create: (context) => ({
        'MemberExpression[property.name="pathname"]'(
          node: Deno.lint.MemberExpression,
        ) {
          if (within(context.filename, WEB_ADDRESSES)) return;
          context.report({
            node,
            message: "A URL's pathname is percent-encoded: it is no path",
            hint: "Use fileURLToPath() of node:url",
          });
        },
        TemplateElement(node: Deno.lint.TemplateElement) {
          if (!/^file:\/\/$/.test(node.cooked)) return;
          context.report({
            node,
            message: "A path in a URL must be percent-encoded",
            hint: "Use pathToFileURL() of node:url",
          });
        },
      }),
    },
    "comment-width": {
      create: (context) => ({
        Program() {
          const { text } = context.sourceCode;
          for (const group of groupsOf(context.sourceCode)) {
            const [from] = group[0].range, [, end] = group.at(-1)!.range;
            const start = text.lastIndexOf("\n", from - 1) + 1;
            const lines = text.slice(start, end).split("\n");
            if (!lines.some(isTooWide)) continue;
            const wide = Math.max(...lines.map((line) => line.length));
            const alone = text.slice(start, from).trim() === "";
            context.report({
              range: [from, end],
              message: `A comment has ${wide} columns: at most ${COLUMNS}`,
              hint: alone ? "deno lint --fix" : "Put it above the code",
              fix: (fixer) =>
                alone
                  ? fixer.replaceTextRange(
                    [from, end],
                    group[0].type === "Block"
                      ? rewrapBlock(
                        text.slice(from, end),
                        from - start,
                        COLUMNS,
                      )
                      : rewrapLines(
                        group.map(({ range }) => text.slice(...range)),
                        from - start,
                        COLUMNS,
                      ),
                  )
                  : [],
            });
          }
        },
      }),
    },
  },
};

export default plugin;
