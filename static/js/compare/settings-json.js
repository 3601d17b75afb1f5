// The settings that are written as JSON: tools, a schema, other parameters. Errors name the field.

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const EXAMPLES = { schema: '{"type": "object"}', other: '{"logprobs": true}' };

export const written = (value) => (value ? JSON.stringify(value, null, 2) : "");

/** A JSON object, null for an empty text. Throws an Error that says what is wrong. */
export function readObject(text, name) {
  if (!text) return null;
  const value = parsed(text);
  if (!isObject(value)) throw new Error(`Write a JSON object, like ${EXAMPLES[name]}.`);
  return value;
}

/** A list of tools, null for an empty text. A function may be written without what is around it. */
export function readTools(text) {
  if (!text) return null;
  const tools = [parsed(text)].flat().map((tool, index) => readTool(tool, `tools[${index}]`));
  const names = tools.map((tool) => tool.function?.name).filter(Boolean);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice) throw new Error(`There are two tools named ${twice}.`);
  return tools;
}

/** The response_format that asks for a schema. Strict where the schema allows it. */
export const schemaFormat = (schema) => ({
  type: "json_schema",
  json_schema: { name: "answer", schema, ...(schema.additionalProperties === false ? { strict: true } : {}) },
});

export const isSchemaFormat = (format) => format?.type === "json_schema" && isObject(format.json_schema?.schema);

function readTool(tool, where) {
  if (!isObject(tool)) throw new Error(`${where} is not an object.`);
  if (tool.type !== undefined && tool.type !== "function") return tool;
  const bare = tool.function === undefined;
  const field = bare ? where : `${where}.function`;
  const { name, description, parameters, ...rest } = bare ? tool : tool.function;
  if (!name) throw new Error(`${field}.name is missing.`);
  if (typeof name !== "string" || !NAME.test(name)) {
    throw new Error(`${field}.name takes letters, digits, _ and -, 64 at most.`);
  }
  if (description !== undefined && typeof description !== "string") throw new Error(`${field}.description is a text.`);
  if (parameters !== undefined) checkParameters(parameters, `${field}.parameters`);
  delete rest.type;
  const empty = { type: "object", properties: {} };
  return { type: "function", function: { name, description, parameters: parameters ?? empty, ...rest } };
}

function checkParameters(parameters, field) {
  if (!isObject(parameters)) throw new Error(`${field} is a JSON schema, an object.`);
  if (parameters.type !== "object") throw new Error(`${field}.type has to be "object".`);
  const { properties = {}, required = [] } = parameters;
  if (!isObject(properties)) throw new Error(`${field}.properties is an object.`);
  if (!Array.isArray(required)) throw new Error(`${field}.required is a list of names.`);
  const unknown = required.find((name) => !(name in properties));
  if (unknown !== undefined) throw new Error(`${field}.required names ${unknown}, which is not in properties.`);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`This is not JSON yet: ${error.message}.`);
  }
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
