"""What the OpenAPI schema says of the wires.

The wires are plain ASGI and know nothing of this; a test holds it against what they route and
answer. `shapes` are the bodies, `operations` the paths.
"""

from llmhub.api.management.wire_docs.operations import TAG as _NAME
from llmhub.api.management.wire_docs.operations import paths
from llmhub.api.management.wire_docs.shapes import SCHEMAS
from llmhub.api.management.wire_docs.signing import SECURITY_SCHEMES

TAG = {"name": _NAME, "description": "Where programs call models: OpenAI's API and Anthropic's."}

__all__ = ["SCHEMAS", "SECURITY_SCHEMES", "TAG", "paths"]
