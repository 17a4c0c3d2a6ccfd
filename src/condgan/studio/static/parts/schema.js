// The fields of a recipe, by its JSON schema: what each is, and its value as it is typed in an override.

/**
 * @typedef {{path: string, section: string, name: string, text: string, choices: string[] | null, flag: boolean,
 *   numeric: boolean}} FieldInfo
 */

const LEFT_OUT = ["format", "name", "source", "notes", "data.source"]; // chosen elsewhere, or not a setting

/** @param {any} schema @param {any} node @returns {any} */
function resolved(schema, node) {
  return node?.$ref ? schema.$defs[node.$ref.split("/").at(-1)] : node;
}

/** All fields in the order of the schema. @param {any} schema @returns {FieldInfo[]} */
export function fieldsOf(schema) {
  /** @type {FieldInfo[]} */
  const found = [];
  const walk = (/** @type {any} */ node, /** @type {string} */ prefix) => {
    for (const [name, raw] of Object.entries(node.properties)) {
      const path = prefix ? `${prefix}.${name}` : name;
      const inner = resolved(schema, raw);
      if (LEFT_OUT.includes(path)) continue;
      if (inner.properties) walk(inner, path);
      else found.push(field(path, prefix || "general", name, inner));
    }
  };
  walk(schema, "");
  return found;
}

/** @param {string} path @param {string} section @param {string} name @param {any} node @returns {FieldInfo} */
function field(path, section, name, node) {
  const kinds = node.anyOf ?? [node];
  const open = kinds.some((/** @type {any} */ one) => one.type === "null");
  const values = kinds.flatMap((/** @type {any} */ one) => one.enum ?? []);
  const closed = kinds.every((/** @type {any} */ one) => one.enum || one.type === "null");
  return {
    path,
    section,
    name: name.replaceAll("_", " "),
    text: node.description ?? "",
    choices: closed && values.length ? [...values.map(String), ...(open ? ["none"] : [])] : null,
    flag: node.type === "boolean",
    numeric: kinds.some((/** @type {any} */ one) => ["integer", "number"].includes(one.type)),
  };
}

/** A value as it is typed in an override. @param {unknown} value @returns {string} */
export function typed(value) {
  if (value === null || value === undefined) return "none";
  if (Array.isArray(value)) return value.map(typed).join(",") || "none";
  return String(value);
}

/** The value of a field in a recipe. @param {any} recipe @param {string} path */
export function valueAt(recipe, path) {
  return typed(path.split(".").reduce((inner, name) => inner?.[name], recipe));
}

/** Parts of a message of the command line, by the field that each is about. @param {string} message @param {FieldInfo[]} fields */
export function problemsByField(message, fields) {
  /** @type {Map<string, string>} */
  const found = new Map();
  for (const part of message.split("; ")) {
    const [, section, inner] = /^(?:recipe: )?([a-z_]+(?:\.[a-z_]+)*)(?:: ([a-z_]+)=)?/.exec(part) ?? [];
    const path = inner && fields.some((one) => one.path === `${section}.${inner}`) ? `${section}.${inner}` : (section ?? "");
    const known = fields.find((one) => one.path === path) ?? fields.find((one) => path.startsWith(`${one.path}.`));
    if (known) found.set(known.path, part.replace(/^[^:]*: /, ""));
  }
  return found;
}
