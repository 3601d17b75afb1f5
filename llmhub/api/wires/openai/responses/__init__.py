"""POST /v1/responses: OpenAI's newer wire, translated to a chat and back.

Nothing is kept between calls, so a conversation is sent whole each time.
https://platform.openai.com/docs/api-reference/responses
"""

from llmhub.api.wires.openai.responses.answering import answer

__all__ = ["answer"]
