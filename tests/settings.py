"""The hub's settings for tests that run inside pytest: a clean environment, a throw-away directory.

`TEST_SHAPE=scaled` puts these tests on PostgreSQL and Redis; without it they use SQLite, in a file
as a hub does: threads that share a database in memory are refused where a file lets them wait.
"""

import atexit
import os
import shutil
import tempfile

from tests.support import environment, servers

environment.make_clean()
_directory = tempfile.mkdtemp(prefix="llmhub-tests-")
atexit.register(shutil.rmtree, _directory, ignore_errors=True)
os.environ |= {"LLMHUB_DATA_DIR": _directory, "LLMHUB_LOG_LEVEL": "WARNING"}
if servers.scaled_shape_wanted():
    os.environ |= servers.scaled_environment()

from llmhub.settings import *  # noqa: E402, F403
from llmhub.settings import DATABASES  # noqa: E402

if servers.scaled_shape_wanted():
    DATABASES["default"]["TEST"] = {"NAME": f"llmhub_test_{os.getpid()}"}
    DATABASES["default"]["OPTIONS"].pop("pool")  # it would outlive the database
else:
    DATABASES["default"]["TEST"] = {"NAME": f"{_directory}/test.sqlite3"}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
