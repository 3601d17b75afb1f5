"""LiteLLM's `config.yaml` in terms of ours.

Its `model_list` has one entry per deployment, each with a key of its own. Entries with the same
key and address become one credential; entries with the same `model_name` one model map. What has
no meaning here is left out with a note.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from providers import price_table, rules
from providers.catalog import CATALOG
from providers.config.problems import Problems, join

STRATEGIES: Final = {
    "simple-shuffle": "weighted",
    "least-busy": "least_busy",
    "usage-based-routing": "least_busy",
    "usage-based-routing-v2": "least_busy",
    "latency-based-routing": "fastest",
    "cost-based-routing": "cheapest",
}
FALLBACKS: Final = {
    "fallbacks": "fallbacks",
    "context_window_fallbacks": "context_fallbacks",
    "content_policy_fallbacks": "content_policy_fallbacks",
}
_OTHER_NAMES: Final = {
    "ollama_chat": "ollama",
    "text-completion-openai": "openai",
    "cohere_chat": "cohere",
    "bedrock_converse": "bedrock",
    "hosted_vllm": "vllm",
    "custom_openai": "openai_compatible",
    "openai_like": "openai_compatible",
    "litellm_proxy": "openai_compatible",
    "lm_studio": "openai_compatible",
    "llamafile": "openai_compatible",
}
_SENT_ALONG: Final = (
    "temperature",
    "top_p",
    "top_k",
    "max_tokens",
    "max_completion_tokens",
    "presence_penalty",
    "frequency_penalty",
    "stop",
    "seed",
    "reasoning_effort",
    "response_format",
)
_OPTIONS: Final = {
    "api_version": "api_version",
    "aws_region_name": "region",
    "provider": "provider",
    "vertex_project": "vertex_project",
    "vertex_location": "vertex_location",
}
_SAME: Final = ("rpm", "tpm")
_COSTS: Final = {
    "input_cost_per_token": "input_cost_per_1m",
    "output_cost_per_token": "output_cost_per_1m",
    "cache_read_input_token_cost": "cached_input_cost_per_1m",
}
_USED: Final = {
    "model",
    "api_key",
    "api_base",
    "base_url",
    "organization",
    "extra_headers",
    "timeout",
    "max_retries",
    "max_parallel_requests",
    "weight",
    "order",
    *_SENT_ALONG,
    *_OPTIONS,
    *_SAME,
    *_COSTS,
}


@dataclass(slots=True)
class Translation:
    """Tables of our schema, and where in LiteLLM's file each of them came from."""

    tables: dict[str, Any]
    origins: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def is_litellm(tables: Mapping[str, Any]) -> bool:
    """Whether these are the tables of a LiteLLM file."""
    return "model_list" in tables


def translate(tables: dict[str, Any], problems: Problems) -> Translation:
    """The same configuration as tables of ours. What can't be translated is a problem."""
    return _Translator(tables, problems).run()


class _Translator:
    def __init__(self, tables: dict[str, Any], problems: Problems) -> None:
        self._file = tables
        self._problems = problems
        self._router = _table(tables.get("router_settings"))
        self._library = _table(tables.get("litellm_settings"))
        self._providers: dict[str, dict[str, Any]] = {}
        self._models: dict[str, dict[str, Any]] = {}
        self._result = Translation({"providers": self._providers, "models": self._models})

    def run(self) -> Translation:
        entries = self._file["model_list"]
        if not isinstance(entries, list):
            self._problems.add("model_list", "must be a list.")
            entries = []
        for position, entry in enumerate(entries):
            self._entry(join("model_list", position), _table(entry))
        self._strategy()
        self._aliases()
        for section, settings in (
            ("router_settings", self._router),
            ("litellm_settings", self._library),
        ):
            self._fallbacks(section, settings)
        self._rest()
        return self._result

    # --- one deployment -------------------------------------------------------------------------

    def _entry(self, path: str, entry: dict[str, Any]) -> None:
        name, params = entry.get("model_name"), _table(entry.get("litellm_params"))
        model = params.get("model")
        if not isinstance(name, str) or not isinstance(model, str):
            missing = "model_name" if not isinstance(name, str) else "litellm_params.model"
            self._problems.add(f"{path}.{missing}", "is missing.")
            return
        below = f"{path}.litellm_params"
        kind, upstream = self._kind(f"{below}.model", model, params)
        if kind is None:
            return
        provider = self._provider(kind, params, below)
        if "*" in name or "*" in upstream:
            self._note(f"{path}: {name} stands for many names; call {provider}/MODEL instead.")
            return
        info = _table(entry.get("model_info"))
        self._deploy(name, path, self._deployment(provider, upstream, entry, params, info))
        self._parameters(name, below, params)
        for key in sorted(set(params) - _USED):
            self._note(f"{below}.{key} was left out.")

    def _kind(self, path: str, model: str, params: dict[str, Any]) -> tuple[str | None, str]:
        address = str(params.get("api_base") or params.get("base_url") or "")
        prefix, slash, rest = model.partition("/")
        if not slash:
            service = price_table.service_of(model)
            prefix, rest = ("openai" if address or service is None else service), model
        kind = _kinds().get(prefix)
        if kind is None and prefix in price_table.services():
            kind = "litellm"
            params["provider"] = prefix
        elif kind is None:
            hint = rules.near(prefix, _kinds())
            self._problems.add(path, f"there is no provider {prefix!r}.{hint}")
        elif kind == "openai" and address and "api.openai.com" not in address:
            kind = "openai_compatible"
        return kind, rest

    def _deployment(
        self,
        provider: str,
        upstream: str,
        entry: dict[str, Any],
        params: dict[str, Any],
        info: dict[str, Any],
    ) -> dict[str, Any]:
        row: dict[str, Any] = {"provider": provider, "model": upstream}
        for key in _SAME:
            row[key] = params.get(key, entry.get(key))
        row["weight"] = params.get("weight")
        row["priority"] = params.get("order")
        row["context_window"] = info.get("max_input_tokens")
        for theirs, ours in _COSTS.items():
            row[ours] = _per_1m(params.get(theirs, info.get(theirs)))
        return {key: value for key, value in row.items() if value is not None}

    def _deploy(self, name: str, path: str, row: dict[str, Any]) -> None:
        model = self._models.setdefault(name, {"deployments": []})
        rows = model["deployments"]
        twin = next((r for r in rows if _same(r, row)), None)
        if twin is not None:
            self._note(f"{path}: {name} has this deployment already; it was left out.")
            return
        ours = join("models", name)
        self._result.origins.setdefault(ours, path)
        below = f"{path}.litellm_params"
        deployment = join(f"{ours}.deployments", len(rows))
        costs = {f"{deployment}.{ours_}": f"{below}.{theirs}" for theirs, ours_ in _COSTS.items()}
        self._result.origins |= {deployment: below, **costs}
        rows.append(row)

    def _parameters(self, name: str, path: str, params: dict[str, Any]) -> None:
        sent = {key: params[key] for key in _SENT_ALONG if params.get(key) is not None}
        if not sent or name not in self._models:
            return
        known = self._models[name].setdefault("default_parameters", sent)
        if known != sent:
            self._note(
                f"{path}: a model has the same parameters for all of its deployments; "
                f"those of the first one hold for {name}."
            )

    # --- credentials ------------------------------------------------------------------------------

    def _provider(self, kind: str, params: dict[str, Any], path: str) -> str:
        table = self._provider_table(kind, params)
        for name, known in self._providers.items():
            if known == table:
                return name
        name = self._free_name(kind, table.get("api_key"))
        self._providers[name] = table
        ours = join("providers", name)
        self._result.origins |= {ours: path, f"{ours}.base_url": f"{path}.api_base"}
        return name

    def _provider_table(self, kind: str, params: dict[str, Any]) -> dict[str, Any]:
        row = CATALOG[kind]
        usual_key = f"os.environ/{row.env_key[0]}" if row.env_key and row.needs_key else None
        address = params.get("api_base") or params.get("base_url")
        timeout = params.get("timeout") or self._setting("timeout", "request_timeout")
        retries = params.get("max_retries")
        retries = self._setting("num_retries", "num_retries") if retries is None else retries
        table = {
            "kind": kind,
            "api_key": params.get("api_key") or usual_key,
            "base_url": _ollama_wire(address) if kind == "ollama" else address,
            "organization": params.get("organization"),
            "extra_headers": params.get("extra_headers"),
            "options": {ours: params[key] for key, ours in _OPTIONS.items() if key in params},
            "timeout_seconds": timeout,
            "max_retries": retries,
            "max_concurrent_requests": params.get("max_parallel_requests"),
        }
        return {key: value for key, value in table.items() if value not in (None, {})}

    def _setting(self, router_key: str, library_key: str) -> Any:
        value = self._router.get(router_key)
        return self._library.get(library_key) if value is None else value

    def _free_name(self, kind: str, api_key: Any) -> str:
        names = [kind]
        if isinstance(api_key, str) and api_key.startswith("os.environ/"):
            variable = api_key.removeprefix("os.environ/").lower()
            name = variable.replace("_api_key", "").removesuffix("_key")
            if re.fullmatch(r"[a-z0-9][a-z0-9_]*", name) and name not in CATALOG:
                names.append(name)
        names += [f"{kind}_{number}" for number in range(2, len(self._providers) + 3)]
        return next(name for name in names if name not in self._providers)

    # --- the whole file -------------------------------------------------------------------------

    def _strategy(self) -> None:
        asked = self._router.get("routing_strategy", "simple-shuffle")
        strategy = STRATEGIES.get(asked) if isinstance(asked, str) else None
        if strategy is None:
            near = difflib.get_close_matches(str(asked), STRATEGIES, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"It may be {', '.join(STRATEGIES)}."
            self._problems.add(
                "router_settings.routing_strategy", f"there is no strategy {asked!r} here. {hint}"
            )
            strategy = "weighted"
        elif strategy == "least_busy" and asked != "least-busy":
            self._note(f"router_settings.routing_strategy: took least_busy for {asked!r}.")
        for model in self._models.values():
            model["strategy"] = strategy
            _whole_weights(model["deployments"])

    def _aliases(self) -> None:
        for alias, target in _table(self._router.get("model_group_alias")).items():
            if isinstance(target, str) and target in self._models and alias not in self._models:
                self._models[alias] = dict(self._models[target])
                path = join("router_settings.model_group_alias", alias)
                self._result.origins[join("models", alias)] = path

    def _fallbacks(self, section: str, settings: dict[str, Any]) -> None:
        for theirs, ours in FALLBACKS.items():
            rows = settings.get(theirs) or []
            for position, row in enumerate(rows if isinstance(rows, list) else []):
                path = join(f"{section}.{theirs}", position)
                for name, names in _table(row).items():
                    self._fall_back(path, name, ours, names)
        if settings.get("default_fallbacks"):
            self._note(f"{section}.default_fallbacks was left out: give each model its own.")

    def _fall_back(self, path: str, name: str, field_name: str, names: Any) -> None:
        if name not in self._models:
            self._problems.add(path, f"there is no model {name!r} in model_list.")
            return
        self._models[name][field_name] = names
        self._result.origins[join("models", name) + f".{field_name}"] = path

    def _rest(self) -> None:
        router = {"routing_strategy", "timeout", "num_retries", "model_group_alias", *FALLBACKS}
        library = {"request_timeout", "num_retries", "default_fallbacks", *FALLBACKS}
        for section, used in (("router_settings", router), ("litellm_settings", library)):
            left = sorted(set(_table(self._file.get(section))) - used - {"default_fallbacks"})
            if left:
                self._note(f"{section}: left out {', '.join(left)}.")
        sections = {"model_list", "router_settings", "litellm_settings"}
        for section in sorted(set(self._file) - sections):
            self._note(f"{section} was left out: it has no meaning here.")

    def _note(self, text: str) -> None:
        self._result.notes.append(text)


def _kinds() -> dict[str, str]:
    """LiteLLM's names of services → our kinds, where the catalog has them."""
    kinds: dict[str, str] = {}
    for row in CATALOG.values():
        if row.litellm_provider:
            kinds.setdefault(row.litellm_provider, row.kind)
    kinds |= {kind: kind for kind in CATALOG}
    others = {theirs: ours for theirs, ours in _OTHER_NAMES.items() if ours in CATALOG}
    return others | kinds


def _table(value: Any) -> dict[str, Any]:
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return (one["provider"], one["model"]) == (other["provider"], other["model"])


def _per_1m(per_token: Any) -> Any:
    """LiteLLM's price per token as ours; what is no number is left to the schema to refuse."""
    if isinstance(per_token, str):
        try:
            per_token = float(per_token)
        except ValueError:
            return per_token
    if isinstance(per_token, bool) or not isinstance(per_token, int | float):
        return per_token
    return round(per_token * 1_000_000, 6)


def _ollama_wire(address: Any) -> Any:
    """LiteLLM gives Ollama's own address; its OpenAI wire is under /v1."""
    if not isinstance(address, str) or address.startswith("os.environ/"):
        return address
    address = address.rstrip("/")
    return address if address.endswith("/v1") else f"{address}/v1"


def _whole_weights(rows: list[dict[str, Any]]) -> None:
    """Shares like 0.9 and 0.1 as whole numbers in the same ratio."""
    weights = [row.get("weight", 1) for row in rows]
    if any(isinstance(weight, float) and not weight.is_integer() for weight in weights):
        for row, weight in zip(rows, weights, strict=True):
            row["weight"] = round(weight * 100)
    else:
        for row in rows:
            if isinstance(row.get("weight"), float):
                row["weight"] = int(row["weight"])
