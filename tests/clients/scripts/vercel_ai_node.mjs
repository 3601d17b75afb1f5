// Vercel's AI SDK, with its provider for OpenAI-compatible services and with OpenAI's own.
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, Output, generateText, streamText, tool } from "ai";
import { z } from "zod";

const options = { baseURL: `${process.env.HUB_URL}/v1`, apiKey: process.env.HUB_KEY };
const hub = createOpenAICompatible({ name: "hub", supportsStructuredOutputs: true, ...options });
const responses = createOpenAI(options);
const found = {};

async function pieces(model, prompt) {
  const all = [];
  for await (const piece of streamText({ model, prompt }).textStream) all.push(piece);
  return all;
}

const ask = (more) => generateText({ model: hub("sim-swift"), maxRetries: 0, ...more });

found.complete = (await ask({ prompt: "echo: hello there" })).text;
found.stream = await pieces(hub("sim-swift"), "echo: one two three");

const get_weather = tool({ inputSchema: z.object({ city: z.string() }) });
const called = await ask({ prompt: "use get_weather for Paris", tools: { get_weather } });
found.tool = { name: called.toolCalls[0].toolName, arguments: called.toolCalls[0].input };

const schema = z.object({ city: z.string(), people: z.number().int() });
found.structured = (await ask({ prompt: "Paris", output: Output.object({ schema }) })).output;

found.responses_complete = (
  await ask({ model: responses("sim-swift"), prompt: "echo: hello there" })
).text;
found.responses_stream = await pieces(responses("sim-swift"), "echo: one two three");

try {
  await ask({ model: hub("sim-swfit"), prompt: "x" });
} catch (error) {
  if (!APICallError.isInstance(error)) throw error;
  found.error = { status: error.statusCode, message: error.message };
}

console.log(JSON.stringify(found));
