"""The simulated provider: a real HTTP server that speaks OpenAI's, Anthropic's and Gemini's wires.

For the first run, demonstrations, tests and benchmarks. Nothing here imports Django or the rest of
the hub. Every answer is labelled: models are called `sim-…`, OpenAI's `system_fingerprint` is
"simulated". Run it with `python -m providers.simulator --port 8808`.

Addresses, each also without `/v1` but for Gemini's:

    POST /v1/chat/completions    /v1/completions    /v1/embeddings     GET /v1/models
    POST /v1/messages            /v1/messages/count_tokens
    POST /v1beta/models/{model}:generateContent     :streamGenerateContent?alt=sse
    GET  /res/v1/web/search?q=…  Brave's web search, with made-up pages
    GET  /                       models and faults
    GET  /_sim/stats             /_sim/last         POST /_sim/reset   see `introspection`

Models:

    sim-swift      short answers, first token after 120 ms, 120 tokens/s
    sim-sage       a long Markdown document, 400 ms, 45 tokens/s
    sim-thinker    reasons first, 250 ms, 70 tokens/s
    sim-instant    no delay at all: 16 tokens plain, 32 streamed
    sim-embedding  vectors

Settings go in `x-sim-…` headers or after the model's name, as in `sim-swift:tps=100,tokens=500`,
`sim-sage:fault=cut` or `sim-swift:fault=500,times=2`; see `request_settings`. `sim-fault-429` is
short for `sim-swift:fault=429`; `faults.FAULTS` lists them all. `times` is counted for each
`x-sim-session`, or for each model name where there is no such header.

Abilities, for all models: `echo: …`, `repeat it`, `pick a random number`; see `abilities`. A tool
is called when the prompt names it or `tool_choice` demands it.

Any key is accepted but `bad-key` and `sk-bad`; with `x-sim-require-key: K` only K is.
"""

from .app import app

__all__ = ["app"]
