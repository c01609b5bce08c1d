/**
 * Which column of a Parquet file has the texts?
 * @module
 */
import { CONTENT_LENGTH, oneLine } from "../../../terminal/quote.ts";
import { assertParquet, ParquetError } from "./parquet_error.ts";
import type { ThriftStruct } from "./thrift.ts";

/** A column of strings. */
export interface TextColumn {
  /** The requested name. */
  name: string;
  /** Its index among the columns of a row group. */
  index: number;
  /** Names from the outermost struct inwards. */
  path: string[];
  /** Definition level of a value; lower levels are nulls. */
  maxLevel: number;
}

const TYPES = [
  "booleans",
  "32-bit integers",
  "64-bit integers",
  "timestamps",
  "32-bit floating-point numbers",
  "64-bit floating-point numbers",
  "strings",
  "byte arrays of one length",
];
const BYTE_ARRAY = 6;
const REPEATED = 2;
const REQUIRED = 0;
/** ConvertedType: DECIMAL and BSON are bytes but not text. */
const BINARY_KINDS = new Map([[5, "decimals"], [20, "BSON"]]);
/** The same as fields of LogicalType. */
const BINARY_LOGICAL = new Map([[5, "decimals"], [13, "BSON"]]);

interface Node {
  element: ThriftStruct;
  path: string[];
  maxLevel: number;
  repeated: boolean;
  /** For a leaf, its index among the leaves; null for a struct. */
  leaf: number | null;
}

/**
 * Finds the column `field`, where `a.b` is column b of the struct a.
 *
 * @throws {ParquetError} if there is none, or it does not hold strings
 */
export function textColumn(
  elements: ThriftStruct[],
  field: string,
): TextColumn {
  const nodes = nodesOf(elements);
  const found = nodes.find(({ path }) => path.join(".") === field);
  if (!found) {
    throw new ParquetError(
      `it has no column '${field}' (it has: ${namesOf(nodes)})`,
    );
  }
  const { element, path, maxLevel, repeated, leaf } = found;
  const refuse = (held: string) =>
    new ParquetError(`its column '${field}' must hold strings: it has ${held}`);
  if (repeated) throw refuse("lists");
  if (leaf === null) throw refuse(kindOfGroup(found, nodes));
  const type = element.count(1);
  assertParquet(
    type < TYPES.length,
    `the type of its column '${field}' is unknown`,
  );
  if (type !== BYTE_ARRAY) throw refuse(TYPES[type]);
  const binary = BINARY_KINDS.get(element.int(6) ?? -1) ??
    (element.has(10)
      ? [...BINARY_LOGICAL].find(([id]) => element.struct(10).has(id))?.[1]
      : undefined);
  if (binary) throw refuse(binary);
  return { name: field, index: leaf, path, maxLevel };
}

/** The nodes below the root, in the order of the file. */
function nodesOf(elements: ThriftStruct[]): Node[] {
  assertParquet(elements.length > 0, "its schema is empty");
  const nodes: Node[] = [];
  let next = 1;
  let leaves = 0;
  const walk = (children: number, above: Omit<Node, "element" | "leaf">) => {
    assertParquet(above.path.length < 64, "its schema is nested too deeply");
    for (let i = 0; i < children; i++) {
      assertParquet(next < elements.length, "its schema is damaged");
      const element = elements[next++];
      const repetition = element.count(3, REQUIRED);
      const node = {
        path: [...above.path, element.text(4)],
        maxLevel: above.maxLevel + (repetition === REQUIRED ? 0 : 1),
        repeated: above.repeated || repetition === REPEATED,
      };
      // A struct has no type, a leaf no children.
      const isLeaf = element.has(1);
      nodes.push({ element, ...node, leaf: isLeaf ? leaves++ : null });
      if (!isLeaf) walk(element.count(5, 0), node);
    }
  };
  walk(elements[0].count(5, 0), { path: [], maxLevel: 0, repeated: false });
  assertParquet(next === elements.length, "its schema is damaged");
  return nodes;
}

function kindOfGroup({ path }: Node, nodes: Node[]): string {
  const below = nodes.filter((node) =>
    node.path.length > path.length &&
    path.every((name, i) => node.path[i] === name)
  );
  return below.some(({ repeated }) => repeated) ? "lists" : "structs";
}

const SHOWN = 8;

function namesOf(nodes: Node[]): string {
  const names = nodes.filter(({ leaf, repeated }) => leaf !== null && !repeated)
    .map(({ path }) => oneLine(path.join("."), CONTENT_LENGTH));
  if (names.length === 0) return "none of its kind";
  const shown = names.slice(0, SHOWN).join(", ");
  return names.length > SHOWN ? shown + ", …" : shown;
}
