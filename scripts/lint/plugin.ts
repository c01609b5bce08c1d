/// <reference lib="deno.unstable" />
/**
 * The project's own lint rules: what no rule of Deno checks. Tried in
 * `tests/scripts/lint_test.ts`, explained in CONTRIBUTING.md.
 * @module
 */

/** Columns of a comment, as of the code. */
const COLUMNS = 80;

/** Where `console` is the way to talk to the user, or to a parent process. */
const CONSOLE = ["src/cli/", "scripts/", "tests/"];

/**
 * How a UserError's sentence begins: with what cannot be done, or with the
 * thing that is unknown, missing or gone.
 */
const OPENINGS = /^(Cannot |Unknown |No |The |Training stopped )/;

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
    "console": {
      create: (context) => ({
        'MemberExpression[object.name="console"]'(
          node: Deno.lint.MemberExpression,
        ) {
          if (within(context.filename, CONSOLE)) return;
          context.report({
            node,
            message: "Only src/cli, scripts and tests use the console",
            hint: "Pass a function such as `say` from src/cli",
          });
        },
      }),
    },
    "comment-width": {
      create: (context) => ({
        Program() {
          for (const comment of context.sourceCode.getAllComments()) {
            const [from, end] = comment.range;
            const { text } = context.sourceCode;
            // From the start of its line: indentation counts.
            let at = text.lastIndexOf("\n", from) + 1;
            for (const line of text.slice(at, end).split("\n")) {
              // A long address, path or command cannot be broken.
              const broken = line.trim().split(/\s+/).every((word) =>
                word.length < COLUMNS - 20
              );
              if (line.length > COLUMNS && broken) {
                context.report({
                  range: [at, at + line.length],
                  message:
                    `A comment has ${line.length} columns: at most ${COLUMNS}`,
                });
              }
              at += line.length + 1;
            }
          }
        },
      }),
    },
  },
};

export default plugin;
