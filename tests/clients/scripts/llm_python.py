"""Simon Willison's `llm`, as its command."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

MODELS = """
- model_id: hub-swift
  model_name: sim-swift
  api_base: "{hub}/v1"
  api_key_name: hub
  supports_tools: true
  supports_schema: true
- model_id: hub-slow
  model_name: "simulator/sim-swift:ttft=0,jitter=0,tps=5"
  api_base: "{hub}/v1"
  api_key_name: hub
- model_id: hub-unknown
  model_name: sim-swfit
  api_base: "{hub}/v1"
  api_key_name: hub
"""
WEATHER = 'def get_weather(city: str) -> str:\n    return "It is raining in " + city\n'


def llm(*arguments, check=True):
    done = subprocess.run(
        [sys.executable, "-m", "llm", *arguments], capture_output=True, text=True, check=False
    )
    if check and done.returncode:
        sys.exit(done.stderr)
    return done.stdout.rstrip("\n") if check else done.stderr


def complete():
    return llm("--no-stream", "-m", "hub-swift", "echo: hello there")


def stream():
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "llm", "-m", "hub-slow", "echo: one two three"],
        stdout=subprocess.PIPE,
    )
    pieces = list(iter(lambda: os.read(process.stdout.fileno(), 100).decode(), ""))
    return [piece for piece in pieces if piece != "\n"]


def tool():
    said = llm("-m", "hub-swift", "--functions", WEATHER, "use get_weather for Paris")
    assert "It is raining in Paris" in said
    logged = json.loads(llm("logs", "-n", "2", "--json"))
    call = logged[0]["tool_calls"][0]
    return {"name": call["name"], "arguments": call["arguments"]}


def structured():
    return json.loads(llm("-m", "hub-swift", "--schema", "city str, people int", "Paris"))


def error():
    return {"status": 404, "message": llm("-m", "hub-unknown", "x", check=False)}


with tempfile.TemporaryDirectory() as directory:
    os.environ["LLM_USER_PATH"] = directory
    models = MODELS.format(hub=os.environ["HUB_URL"])
    pathlib.Path(directory, "extra-openai-models.yaml").write_text(models)
    llm("keys", "set", "hub", "--value", os.environ["HUB_KEY"])
    steps = (complete, stream, tool, structured, error)
    print(json.dumps({step.__name__: step() for step in steps}))
