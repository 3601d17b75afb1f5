// A column's request as code: curl, Python, JavaScript. The key is a placeholder.

import { HERE_DOCUMENT, JAVASCRIPT, JSON_TEXT, literal, PYTHON } from "./literal.js";

const KEY = "YOUR_HUB_KEY";

/** Each writes a request of code-request.js; `base` ends in /v1. */
export const SNIPPETS = {
  curl: { language: "bash", write: curl },
  python: { language: "python", write: python },
  javascript: { language: "javascript", write: javascript },
};

function curl(base, { body, headers, pictures }) {
  const all = { Authorization: `Bearer ${KEY}`, "Content-Type": "application/json", ...headers };
  return [
    `curl ${base}/chat/completions \\`,
    ...Object.entries(all).map(([name, value]) => `  -H "${name}: ${value}" \\`),
    `  -d @- <<${pictures.length ? "JSON" : "'JSON'"}`,
    literal(body, pictures.length ? HERE_DOCUMENT : JSON_TEXT),
    "JSON",
  ].join("\n");
}

function python(base, { body, headers, pictures }) {
  return [
    ...(pictures.length ? ["from base64 import b64encode", "from pathlib import Path", ""] : []),
    "from openai import OpenAI",
    "",
    `client = OpenAI(base_url="${base}", api_key="${KEY}")`,
    "",
    "answer = client.chat.completions.create(",
    ...Object.entries(pythonArguments(body, headers)).map(([name, value]) => `    ${name}=${literal(value, PYTHON, "    ")},`),
    ")",
    `print(${body.tools ? "answer.choices[0].message" : "answer.choices[0].message.content"})`,
  ].join("\n");
}

function javascript(base, { body, headers, pictures }) {
  const options = Object.keys(headers).length ? `, ${literal({ headers }, JAVASCRIPT)}` : "";
  return [
    ...(pictures.length ? ['import { readFileSync } from "node:fs";'] : []),
    'import OpenAI from "openai";',
    "",
    `const client = new OpenAI({ baseURL: "${base}", apiKey: "${KEY}" });`,
    "",
    `const answer = await client.chat.completions.create(${literal(body, JAVASCRIPT)}${options});`,
    `console.log(${body.tools ? "answer.choices[0].message" : "answer.choices[0].message.content"});`,
  ].join("\n");
}

// What the SDK's method does not know by name goes through extra_body.
const SDK = new Set([
  "model", "messages", "temperature", "top_p", "max_tokens", "frequency_penalty", "presence_penalty",
  "seed", "stop", "reasoning_effort", "response_format", "tools", "tool_choice", "logprobs", "n",
  "top_logprobs", "max_completion_tokens", "parallel_tool_calls", "user", "metadata", "logit_bias",
]);

function pythonArguments(body, headers) {
  const entries = Object.entries(body);
  const extra = Object.fromEntries(entries.filter(([name]) => !SDK.has(name)));
  return {
    ...Object.fromEntries(entries.filter(([name]) => SDK.has(name))),
    ...(Object.keys(extra).length ? { extra_body: extra } : {}),
    ...(Object.keys(headers).length ? { extra_headers: headers } : {}),
  };
}
