"""What a chat request may hold: every refusal names its field."""

from typing import Any

import pytest

from llmhub.core.errors import ValidationError
from llmhub.gateway import validation
from llmhub.gateway.validation.media import is_private

TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


def chat(**fields: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": "x"}], **fields}


def image(url: Any) -> dict[str, Any]:
    part = {"type": "image_url", "image_url": {"url": url}}
    return chat(messages=[{"role": "user", "content": [part]}])


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": {}}, "tools"),
        ({"tools": ["f"]}, "tools[0]"),
        ({"tools": [{"function": {"name": "f"}}]}, "tools[0].type"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
        (
            {"tools": [TOOL, {"type": "function", "function": {"name": ""}}]},
            "tools[1].function.name",
        ),
        (
            {"tools": [{"type": "function", "function": {"name": "f", "parameters": []}}]},
            "tools[0].function.parameters",
        ),
        ({"functions": [{"description": "x"}]}, "functions[0].name"),
        ({"tool_choice": "f"}, "tool_choice"),
        ({"tool_choice": 1}, "tool_choice"),
        ({"tool_choice": {"type": "function"}}, "tool_choice.function.name"),
        (
            {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "g"}}},
            "tool_choice",
        ),
        ({"tool_choice": {"type": "function", "function": {"name": "f"}}}, "tool_choice"),
        ({"function_call": {"f": 1}}, "function_call"),
        ({"parallel_tool_calls": "no"}, "parallel_tool_calls"),
        ({"response_format": "json"}, "response_format"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}},
            "response_format.json_schema.schema",
        ),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"schema": "{}"}}},
            "response_format.json_schema.schema",
        ),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop"),
        ({"stop": [1]}, "stop"),
        ({"n": 0}, "n"),
        ({"n": 129}, "n"),
        ({"top_logprobs": 21}, "top_logprobs"),
        ({"logprobs": 5}, "logprobs"),
        ({"logit_bias": []}, "logit_bias"),
        ({"max_completion_tokens": True}, "max_completion_tokens"),
        ({"stream_options": True}, "stream_options"),
        ({"temperature": True}, "temperature"),
        ({"presence_penalty": -3}, "presence_penalty"),
    ],
)
def test_wrong_option_is_named(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(ValidationError) as refused:
        validation.chat(chat(**fields))
    assert refused.value.param == param


def test_long_values_are_quoted_short() -> None:
    choice = {"type": "function", "function": {"name": "g" * 1_000_000}}
    with pytest.raises(ValidationError) as refused:
        validation.chat(chat(tools=[TOOL], tool_choice=choice))
    assert len(refused.value.message) < 200


@pytest.mark.parametrize(
    ("content", "param"),
    [
        ([5], "messages[0].content[0]"),
        ([{"text": "x"}], "messages[0].content[0]"),
        ([{"type": "text", "text": 5}], "messages[0].content[0].text"),
        ([{"type": "image_url"}], "messages[0].content[0].image_url"),
        ([{"type": "image_url", "image_url": {}}], "messages[0].content[0].image_url"),
        (
            [{"type": "video_url", "video_url": {"url": "file:///etc/passwd"}}],
            "messages[0].content[0].video_url.url",
        ),
    ],
)
def test_wrong_part_is_named(content: list[Any], param: str) -> None:
    with pytest.raises(ValidationError) as refused:
        validation.chat(chat(messages=[{"role": "user", "content": content}]))
    assert refused.value.param == param


def test_everything_an_sdk_can_send_passes() -> None:
    body = chat(
        audio={"format": "wav", "voice": "alloy"},
        frequency_penalty=0.5,
        function_call="auto",
        functions=[{"name": "f"}],
        logit_bias={"50256": -100},
        logprobs=True,
        max_completion_tokens=100,
        metadata={"a": "b"},
        modalities=["text"],
        n=2,
        parallel_tool_calls=True,
        prediction={"type": "content", "content": "x"},
        reasoning_effort="low",
        response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": {}}},
        seed=1,
        service_tier="auto",
        stop=["a"],
        store=False,
        stream=True,
        stream_options={"include_usage": True},
        tool_choice={"type": "function", "function": {"name": "f"}},
        tools=[TOOL, {"type": "custom", "custom": {"name": "x"}}],
        top_logprobs=3,
        top_p=None,
        user="u",
        made_up=object(),
    )
    body["messages"] += [
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "assistant", "tool_calls": []},
        {"role": "tool", "tool_call_id": "1", "content": [{"type": "text", "text": "x"}]},
        {"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]},
    ]
    assert validation.chat(body) is body


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x.png",
        "https://localhost:8000/x.png",
        "http://LOCALHOST./x",
        "http://printer.local/x",
        "http://metadata.google.internal/",
        "http://10.1.2.3/",
        "http://192.168.0.1/",
        "http://172.16.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://100.64.0.1/",
        "http://0.0.0.0/",
        "http://0/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://[fd00::1]/",
        "http://[fe80::1%25eth0]/",
        "http://[2002:7f00:1::]/",
        "http://①②⑦.⓪.⓪.①/",
        "http://user@127.0.0.1/",
    ],
)
def test_image_at_a_private_address_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="private address") as refused:
        validation.chat(image(url))
    assert refused.value.param == "messages[0].content[0].image_url.url"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/x",
        "file:///etc/passwd",
        "gopher://example.com",
        "/x.png",
        "x",
        "http://",
        "http://[::1",
        "http://127.0.0.1\\@example.com/",
        "http://example.com/a b",
        "javascript:alert(1)",
    ],
)
def test_image_that_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        validation.chat(image(url))


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/cat.png?size=2",
        "http://93.184.216.34/x",
        "http://[2606:2800:220:1:248:1893:25c8:1946]/x",
        "data:image/png;base64,AAAA",
        "DATA:image/png;base64,AAAA",
    ],
)
def test_other_images_pass(url: str) -> None:
    assert validation.chat(image(url))


def test_image_may_be_a_bare_url() -> None:
    part = {"type": "image_url", "image_url": "https://example.com/x.png"}
    assert validation.chat(chat(messages=[{"role": "user", "content": [part]}]))


def test_names_are_not_private_by_themselves() -> None:
    assert not any(map(is_private, ["example.com", "local.example.com", "localhost.example.com"]))
