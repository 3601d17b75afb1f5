"""Checks on a request before it goes anywhere. Fields that are not known here pass through.

Every ValidationError names the field at fault in `param`.
"""

from llmhub.gateway.validation.chats import chat
from llmhub.gateway.validation.completions import completion
from llmhub.gateway.validation.embeddings import embedding

__all__ = ["chat", "completion", "embedding"]
