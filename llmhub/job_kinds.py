"""Kinds of jobs of the faces for programs; see llmhub.jobs.kinds."""

from llmhub.api.wires.openai.batches.kind import OpenAIBatch

__all__ = ["OpenAIBatch"]
