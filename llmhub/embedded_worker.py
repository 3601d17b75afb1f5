"""The Celery worker and beat of `manage.py serve`: threads, no broker service.

It ends with its parent. Run as `python -m llmhub.embedded_worker [SOCKET] PIPE`; the socket leads
to the web process, which makes the calls of jobs.
"""

import logging
import os
import signal
import socket
import sys
import threading
import warnings

from celery import Celery, signals
from celery.beat import EmbeddedService


def _end_with_parent(pipe: int) -> None:
    os.read(pipe, 1)  # returns when the parent's end is closed
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(10)
    os._exit(0)


def _start_beat(app: Celery) -> None:
    """In a thread: the process that `--beat` would start survives a worker that is killed."""
    logging.getLogger("celery.beat").setLevel(logging.WARNING)
    beat = EmbeddedService(app, thread=True, schedule_filename=app.conf.beat_schedule_filename)
    beat.start()
    signals.worker_shutting_down.connect(lambda **_: beat.service.stop(wait=False), weak=False)
    signals.worker_shutdown.connect(lambda **_: beat.stop(), weak=False)


def main() -> None:
    """Work until told to stop or until the parent is gone."""
    *sockets, pipe = map(int, sys.argv[1:])
    threading.Thread(target=_end_with_parent, args=(pipe,), daemon=True).start()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "llmhub.settings")
    import django

    django.setup()
    # It runs as whoever started the hub, root or not.
    warnings.filterwarnings("ignore", "You're running the worker with superuser privileges")
    from llmhub.celery import app

    if sockets:
        from llmhub.jobs import worker

        worker.borrow_engine(socket.socket(fileno=sockets[0]))
    _start_beat(app)
    app.worker_main(
        [
            "worker",
            "--pool=threads",
            "--concurrency=8",
            "--loglevel=WARNING",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
        ]
    )


if __name__ == "__main__":
    main()
