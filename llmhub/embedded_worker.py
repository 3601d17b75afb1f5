"""The Celery worker and beat of `manage.py serve`: threads, no broker service.

It ends with its parent. Run as `python -m llmhub.embedded_worker PIPE`.
"""

import os
import signal
import sys
import threading
import warnings


def _end_with_parent(pipe: int) -> None:
    os.read(pipe, 1)  # returns when the parent's end is closed
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(10)
    os._exit(0)


def main() -> None:
    """Work until told to stop or until the parent is gone."""
    pipe = int(sys.argv[1])
    threading.Thread(target=_end_with_parent, args=(pipe,), daemon=True).start()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "llmhub.settings")
    import django

    django.setup()
    # It runs as whoever started the hub, root or not.
    warnings.filterwarnings("ignore", "You're running the worker with superuser privileges")
    from llmhub.celery import app

    app.worker_main(
        [
            "worker",
            "--beat",
            "--pool=threads",
            "--concurrency=4",
            "--loglevel=WARNING",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
        ]
    )


if __name__ == "__main__":
    main()
