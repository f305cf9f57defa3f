/**
 * A small checker for the part of JSON Schema that messages.schema.json uses.
 *
 * @typedef {Record<string, any>} Schema
 * @typedef {(value: unknown, expected: any, path: string, schema: Schema, root: Schema) => string | null} Rule
 */

/** @type {Record<string, (value: unknown) => boolean>} */
const KINDS = {
  object: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  array: Array.isArray,
  string: (value) => typeof value === "string",
  number: (value) => typeof value === "number" && Number.isFinite(value),
  integer: Number.isInteger,
  boolean: (value) => typeof value === "boolean",
  null: (value) => value === null,
};

/** Each keyword with what it demands; a rule says nothing about values of a kind that it is not meant for.
 * @type {Record<string, Rule>} */
const RULES = {
  type: (value, kinds, path) =>
    [kinds].flat().some((/** @type {string} */ kind) => KINDS[kind]?.(value))
      ? null : `${path} is not of type ${kinds}`,
  const: (value, expected, path) => (value === expected ? null : `${path} is not ${JSON.stringify(expected)}`),
  enum: (value, options, path) => (options.includes(value) ? null : `${path} is none of ${options.join(", ")}`),
  minimum: (value, least, path) => limit(value, path, (number) => number >= least),
  maximum: (value, most, path) => limit(value, path, (number) => number <= most),
  exclusiveMinimum: (value, bound, path) => limit(value, path, (number) => number > bound),
  exclusiveMaximum: (value, bound, path) => limit(value, path, (number) => number < bound),
  minLength: (value, least, path) => size(value, "string", path, (length) => length >= least),
  maxLength: (value, most, path) => size(value, "string", path, (length) => length <= most),
  minItems: (value, least, path) => size(value, "object", path, (length) => length >= least),
  maxItems: (value, most, path) => size(value, "object", path, (length) => length <= most),
  pattern: (value, pattern, path) =>
    typeof value === "string" && !new RegExp(pattern, "u").test(value) ? `${path} has not the form ${pattern}` : null,
  required: (value, names, path) => {
    if (!isRecord(value)) return null;
    const missing = names.find((/** @type {string} */ name) => !Object.hasOwn(value, name));
    return missing === undefined ? null : `${path} lacks ${missing}`;
  },
  properties: (value, parts, path, _schema, root) =>
    first(isRecord(value) ? Object.keys(parts) : [], (name) =>
      isRecord(value) && Object.hasOwn(value, name) ? fault(value[name], parts[name], `${path}.${name}`, root) : null),
  additionalProperties: (value, rest, path, schema, root) =>
    first(isRecord(value) ? Object.keys(value) : [], (name) => {
      if (!isRecord(value) || Object.hasOwn(schema.properties ?? {}, name) || rest === true) return null;
      return rest === false ? `${path}.${name} is unknown` : fault(value[name], rest, `${path}.${name}`, root);
    }),
  items: (value, part, path, schema, root) =>
    first(Array.isArray(value) ? value.slice(schema.prefixItems?.length ?? 0) : [], (item, position) =>
      fault(item, part, `${path}[${position}]`, root)),
  prefixItems: (value, parts, path, _schema, root) =>
    first(Array.isArray(value) ? value.slice(0, parts.length) : [], (item, position) =>
      fault(item, parts[position], `${path}[${position}]`, root)),
  anyOf: (value, options, path, _schema, root) => {
    const faults = options.map((/** @type {Schema} */ option) => fault(value, option, path, root));
    return faults.includes(null) ? null : faults[0];
  },
  $ref: (value, pointer, path, _schema, root) => fault(value, resolve(pointer, root), path, root),
};

/**
 * What is wrong with a value, or null.
 *
 * @param {unknown} value
 * @param {Schema | boolean} schema
 * @param {string} [path]
 * @param {Schema} [root] where references lead to
 * @returns {string | null}
 */
export function fault(value, schema, path = "message", root = typeof schema === "object" ? schema : {}) {
  if (typeof schema === "boolean") return schema ? null : `${path} is not allowed`;
  return first(Object.keys(schema), (keyword) =>
    Object.hasOwn(RULES, keyword) ? RULES[keyword](value, schema[keyword], path, schema, root) : null);
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
const isRecord = (value) => KINDS.object(value);

/**
 * @template Item
 * @param {Item[]} items
 * @param {(item: Item, position: number) => string | null} judge
 * @returns {string | null}
 */
function first(items, judge) {
  for (const [position, item] of items.entries()) {
    const found = judge(item, position);
    if (found !== null) return found;
  }
  return null;
}

/** @param {unknown} value @param {string} path @param {(number: number) => boolean} holds */
function limit(value, path, holds) {
  return typeof value !== "number" || holds(value) ? null : `${path} is ${value}, which is out of range`;
}

/** @param {any} value @param {"string" | "object"} kind @param {string} path
 * @param {(length: number) => boolean} holds */
function size(value, kind, path, holds) {
  const meant = kind === "string" ? typeof value === "string" : Array.isArray(value);
  return !meant || holds(value.length) ? null : `${path} has a length of ${value.length}`;
}

/** @param {string} pointer such as "#/$defs/Card" @param {Schema} root @returns {Schema} */
function resolve(pointer, root) {
  return pointer.split("/").slice(1).reduce((place, name) => place?.[name], root) ?? {};
}
