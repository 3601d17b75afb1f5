// A column's request as code: curl, Python, JavaScript. The key is a placeholder.

const KEY = "YOUR_HUB_KEY";

/** `request` is the body: {model, messages, …parameters}. `base` ends in /v1. */
export const SNIPPETS = {
  curl: {
    label: "curl",
    language: "bash",
    write: (base, request) =>
      [
        `curl ${base}/chat/completions \\`,
        `  -H "Authorization: Bearer ${KEY}" \\`,
        '  -H "Content-Type: application/json" \\',
        `  -d ${shellQuoted(JSON.stringify(request, null, 2))}`,
      ].join("\n"),
  },
  python: {
    label: "Python",
    language: "python",
    write: (base, request) =>
      [
        "from openai import OpenAI",
        "",
        `client = OpenAI(base_url="${base}", api_key="${KEY}")`,
        "",
        "answer = client.chat.completions.create(",
        ...pythonArguments(request).map((line) => `    ${line}`),
        ")",
        "print(answer.choices[0].message.content)",
      ].join("\n"),
  },
  javascript: {
    label: "JavaScript",
    language: "javascript",
    write: (base, request) =>
      [
        'import OpenAI from "openai";',
        "",
        `const client = new OpenAI({ baseURL: "${base}", apiKey: "${KEY}" });`,
        "",
        `const answer = await client.chat.completions.create(${JSON.stringify(request, null, 2)});`,
        "console.log(answer.choices[0].message.content);",
      ].join("\n"),
  },
};

const shellQuoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

// What the SDK's method does not know by name goes through extra_body.
const SDK = new Set([
  "model", "messages", "temperature", "top_p", "max_tokens", "frequency_penalty", "presence_penalty",
  "seed", "stop", "reasoning_effort", "response_format", "tools", "tool_choice", "logprobs", "n",
  "top_logprobs", "max_completion_tokens", "parallel_tool_calls", "user", "metadata", "logit_bias",
]);

function pythonArguments(request) {
  const entries = Object.entries(request);
  const known = entries.filter(([name]) => SDK.has(name));
  const extra = Object.fromEntries(entries.filter(([name]) => !SDK.has(name)));
  if (Object.keys(extra).length) known.push(["extra_body", extra]);
  return known.flatMap(([name, value]) => `${name}=${python(value)},`.split("\n"));
}

/** A JSON value as Python writes it. */
function python(value, indent = "") {
  const deeper = `${indent}    `;
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const isList = Array.isArray(value);
  const rows = isList
    ? value.map((one) => deeper + python(one, deeper))
    : Object.entries(value).map(([name, one]) => `${deeper}${JSON.stringify(name)}: ${python(one, deeper)}`);
  const [open, close] = isList ? "[]" : "{}";
  return rows.length ? `${open}\n${rows.join(",\n")},\n${indent}${close}` : open + close;
}
