"""Run in TensorZero's own environment: start its gateway, say where it is, stay until a signal.

python tensorzero_start.py CONFIG.toml
"""

import importlib
import signal
import sys
import types
import warnings
from typing import Any


def main() -> None:
    """Start the gateway that comes with the Python package; it listens on a port of its own."""
    warnings.simplefilter("ignore", DeprecationWarning)
    tensorzero: Any = importlib.import_module("tensorzero")
    client = types.SimpleNamespace(base_url="")  # the only thing that is asked of a client
    tensorzero.patch_openai_client(client, config_file=sys.argv[1], async_setup=False)
    print(f"TensorZero gateway at {client.base_url}", flush=True)
    signal.pause()


if __name__ == "__main__":
    main()
