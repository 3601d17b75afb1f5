// Anthropic's SDK for JavaScript.
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({
  baseURL: process.env.HUB_URL,
  apiKey: process.env.HUB_KEY,
  maxRetries: 0,
});
const body = (content, more = {}) => ({
  model: "sim-swift",
  max_tokens: 500,
  messages: [{ role: "user", content }],
  ...more,
});
const found = {};

found.complete = (await client.messages.create(body("echo: hello there"))).content[0].text;

found.stream = [];
const stream = client.messages.stream(body("echo: one two three"));
stream.on("text", (text) => found.stream.push(text));
await stream.finalMessage();

const input_schema = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
};
const tools = [{ name: "get_weather", input_schema }];
const called = await client.messages.create(body("use get_weather for Paris", { tools }));
const call = called.content.at(-1);
found.tool = { name: call.name, arguments: call.input };

try {
  await client.messages.create(body("x", { model: "sim-swfit" }));
} catch (error) {
  if (!(error instanceof Anthropic.NotFoundError)) throw error;
  found.error = { status: error.status, message: error.message };
}

console.log(JSON.stringify(found));
