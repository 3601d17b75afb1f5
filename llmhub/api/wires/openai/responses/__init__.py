"""POST /v1/responses: OpenAI's newer wire, translated to a chat and back.

Responses are kept for LLMHUB_RESPONSE_DAYS, so that a request may go on from one of them.
https://platform.openai.com/docs/api-reference/responses
"""

from llmhub.api.wires.openai.responses.answering import answer

__all__ = ["answer"]
