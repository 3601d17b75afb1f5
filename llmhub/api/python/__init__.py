"""The engine from Python, in this process: same models, same records, no HTTP in between.

    async with Hub(team="Default") as hub:
        answer = await hub.generate("Name three rivers.", model="fast")
        print(answer.text, answer.cost)

`SyncHub` has the same methods for code without an event loop (scripts, notebooks, Celery tasks).
Both need Django set up (`manage.py shell`, or `django.setup()` in a script of your own).
docs/python.md has more.
"""

from llmhub.api.python.hub import Hub
from llmhub.api.python.replies import BatchItem, Message, Reply, Stats
from llmhub.api.python.sync_hub import SyncHub

__all__ = ["BatchItem", "Hub", "Message", "Reply", "Stats", "SyncHub"]
