// OpenAI's SDK for JavaScript.
import OpenAI from "openai";

const client = new OpenAI({
  baseURL: `${process.env.HUB_URL}/v1`,
  apiKey: process.env.HUB_KEY,
  maxRetries: 0,
});
const parameters = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
};
const place = {
  type: "object",
  properties: { city: { type: "string" }, people: { type: "integer" } },
  required: ["city", "people"],
  additionalProperties: false,
};
const ask = (content, more = {}) =>
  client.chat.completions.create({
    model: "sim-swift",
    messages: [{ role: "user", content }],
    ...more,
  });
const found = {};

found.complete = (await ask("echo: hello there")).choices[0].message.content;

found.stream = [];
for await (const chunk of await ask("echo: one two three", { stream: true })) {
  found.stream.push(chunk.choices[0]?.delta?.content ?? "");
}

const tools = [{ type: "function", function: { name: "get_weather", parameters } }];
const called = await ask("use get_weather for Paris", { tools });
const call = called.choices[0].message.tool_calls[0].function;
found.tool = { name: call.name, arguments: JSON.parse(call.arguments) };

const response_format = { type: "json_schema", json_schema: { name: "place", schema: place } };
const answered = await ask("Paris", { response_format });
found.structured = JSON.parse(answered.choices[0].message.content);

const response = await client.responses.create({ model: "sim-swift", input: "echo: hello there" });
found.responses_complete = response.output_text;

found.responses_stream = [];
const events = client.responses.stream({ model: "sim-swift", input: "echo: one two three" });
for await (const event of events) {
  if (event.type === "response.output_text.delta") found.responses_stream.push(event.delta);
}

const embedded = await client.embeddings.create({ model: "simulator/sim-embedding", input: "text" });
found.embedding = embedded.data[0].embedding.length;

try {
  await ask("x", { model: "sim-swfit" });
} catch (error) {
  if (!(error instanceof OpenAI.NotFoundError)) throw error;
  found.error = { status: error.status, message: error.message };
}

console.log(JSON.stringify(found));
