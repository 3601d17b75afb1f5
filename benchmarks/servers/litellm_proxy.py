"""LiteLLM's proxy, by its production settings: one worker, a quiet log, no database."""

import json

from benchmarks import environments
from benchmarks.processes import Process
from benchmarks.servers.base import Server, Stage
from benchmarks.servers.uvicorn_command import free_port
from benchmarks.upstream import MODEL, Address, base_url

VERSION = "1.106.2"
KEY = "sk-benchmark"


class LiteLLM(Server):
    """https://docs.litellm.ai/docs/proxy/prod.

    No database: its master key is the only key, and there is no record.
    """

    name = "litellm"
    title = "LiteLLM proxy"
    checks_keys = "its master key"
    start_seconds = 240.0

    def prepare(self) -> None:
        self._place = environments.python("litellm", f"litellm[proxy]=={VERSION}")
        self.version = environments.version_in(self._place, "litellm")

    def launch(self, stage: Stage) -> tuple[Process, Address]:
        port = free_port()
        config = stage.folder / "litellm.json"
        config.write_text(json.dumps(_config(stage.upstream)))
        options = ["--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
        process = Process(
            [str(self._place / "bin" / "litellm"), *options, "--num_workers", "1"],
            log=stage.folder / "litellm.log",
            cores=stage.cores,
            environment={
                "LITELLM_LOCAL_MODEL_COST_MAP": "True",
                "LITELLM_LOG": "ERROR",
                "LITELLM_MASTER_KEY": KEY,
                "LITELLM_MODE": "PRODUCTION",
            },
            directory=stage.folder,
        )
        return process, Address(port, headers={"Authorization": f"Bearer {KEY}"})


def _config(upstream: Address) -> dict[str, object]:
    """The config file; JSON is YAML too."""
    parameters = {
        "model": f"openai/{MODEL}",
        "api_base": base_url(upstream),
        "api_key": "none",
    }
    return {
        "model_list": [{"model_name": MODEL, "litellm_params": parameters}],
        "litellm_settings": {"telemetry": False, "set_verbose": False, "request_timeout": 600},
    }
