"""What rules make of a request: pure functions, over texts."""

from typing import Any

import pytest

from llmhub.prompt_rules import compressing, patterns
from llmhub.prompt_rules.applying import Request, apply
from llmhub.prompt_rules.masking import KINDS, Masker
from llmhub.prompt_rules.models import PromptRule
from llmhub.prompt_rules.snapshot import compiled


def rule(action: str, pattern: str = "", match: str = "keywords", **more: Any) -> Any:
    row = PromptRule(
        name=more.pop("name", action),
        match=match if pattern else "always",
        pattern=pattern,
        action=action,
        **more,
    )
    row.clean()
    return compiled(row)


def chat(*contents: str) -> dict[str, Any]:
    """A conversation that begins and ends with the user."""
    roles = ["user", "assistant"] * len(contents)
    messages = [{"role": r, "content": c} for r, c in zip(roles, contents, strict=False)]
    return {"model": "fast", "messages": messages}


def masked(text: str) -> str:
    return Masker(KINDS)(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Write to ann.lee+x@mail.example.com!", "Write to [email 1]!"),
        ("a@b.de, c@d.de and A@B.DE", "[email 1], [email 2] and [email 1]"),
        ("müller@straße.de", "[email 1]"),
        ("Pay with 4111 1111 1111 1111 now", "Pay with [card 1] now"),
        ("4111-1111-1111-1112 is no card", "4111-1111-1111-1112 is no card"),
        ("5500005555555559", "[card 1]"),
        ("0000 0000 0000 0000", "0000 0000 0000 0000"),
        ("IBAN DE89 3704 0044 0532 0130 00 please", "IBAN [iban 1] please"),
        ("GB82WEST12345698765432", "[iban 1]"),
        ("GB82 WEST 1234 5698 7654 32 OK THEN", "[iban 1] OK THEN"),
        ("DE00 3704 0044 0532 0130 00", "DE00 3704 0044 0532 0130 00"),
        ("Call +49 30 901820 or (415) 555-2671", "Call [phone 1] or [phone 2]"),
        ("0049 (0)30 901820", "[phone 1]"),
        ("030/90 18 20-0", "[phone 1]"),
        ("born 01.02.2003, on 2026-11-21 at 10:30", "born 01.02.2003, on 2026-11-21 at 10:30"),
        ("version 1.2.3.4, 127.0.0.1, 1234567890", "version 1.2.3.4, 127.0.0.1, 1234567890"),
        ("order 123456", "order 123456"),
        ("no data here", "no data here"),
    ],
)
def test_personal_data_is_masked(text: str, expected: str) -> None:
    assert masked(text) == expected


def test_masking_reaches_every_text_and_keeps_the_rest() -> None:
    body = {
        "model": "a@b.de",
        "messages": [
            {"role": "system", "content": "For a@b.de"},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "I am a@b.de"},
                    {"type": "image_url", "image_url": {"url": "https://x.example/c@d.de.png"}},
                ],
            },
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "c@d.de",
                        "type": "function",
                        "function": {"name": "mail", "arguments": '{"to":"a@b.de","n":1}'},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "c@d.de", "content": "sent to e@f.de"},
        ],
    }
    done = apply([rule("mask", masks=["email"])], Request(body))
    system, user, assistant, tool = done.body["messages"]
    assert system["content"] == "For [email 1]"
    assert user["content"][0]["text"] == "I am [email 1]"
    assert user["content"][1]["image_url"]["url"] == "https://x.example/c@d.de.png"
    call = assistant["tool_calls"][0]
    assert call["id"] == "c@d.de"
    assert call["function"]["arguments"] == '{"to":"[email 1]","n":1}'
    assert tool["content"] == "sent to [email 2]"
    assert done.body["model"] == "a@b.de"
    assert done.masked
    assert done.notes == ("rule “mask”: masked 2 × email",)


@pytest.mark.parametrize(
    ("words", "prompt", "acts"),
    [
        ("python\nrust", "Write some Python for me", True),
        ("python\nrust", "Pythonic trust", False),
        ("c++", "Is C++ hard?", True),
        ("new  york", "in New\nYork today", True),
        ("größe", "Welche GRÖSSE?", False),
        ("größe", "Welche GRÖßE?", True),
        ("a.b", "axb", False),
        ("\n\n", "anything", False),
    ],
)
def test_keywords_are_whole_words(words: str, prompt: str, acts: bool) -> None:
    found = patterns.of_words(words).search(prompt)
    assert (found is not None) is acts


def test_only_the_last_prompt_is_looked_at_unless_said_otherwise() -> None:
    body = chat("about python", "fine", "and now?")
    last, whole = rule("search", "python"), rule("search", "python", where="conversation")
    assert apply([last], Request(body)).search == 0
    assert apply([whole], Request(body)).search == 5


def test_rules_act_in_order_on_what_the_one_before_left() -> None:
    rules = [
        rule("mask", masks=["email"]),
        rule("route", r"\[email \d\]", "regex", model="private"),
        rule("block", "secret", name="no secrets", text="Not this."),
        rule("search"),
    ]
    done = apply(rules, Request(chat("mail a@b.de")))
    assert (done.route, done.search, done.blocked) == ("private", 5, "")
    assert len(done.notes) == 3
    done = apply(rules, Request(chat("a secret of a@b.de")))
    assert done.blocked == "Not this. (rule “no secrets”)"
    assert done.search == 0


def test_system_prompt_joins_the_one_that_is_there() -> None:
    add = rule("system_prompt", text="Be brief.")
    fresh = apply([add], Request(chat("hi"))).body["messages"]
    assert fresh[0] == {"role": "system", "content": "Be brief."}
    body = {"messages": [{"role": "developer", "content": "Be kind."}, *chat("hi")["messages"]]}
    done = apply([add], Request(body, native={"system": [{"type": "text", "text": "Be kind."}]}))
    assert done.body["messages"][0]["content"] == "Be kind.\n\nBe brief."
    assert len(done.body["messages"]) == 2
    assert done.native == {
        "system": [{"type": "text", "text": "Be kind."}, {"type": "text", "text": "Be brief."}]
    }


def test_compression_keeps_words_code_and_indentation() -> None:
    text = "one   two \n\n\n\nsame\nsame\n  - indented\n```\na    b\n\n\na    b\n```\nend  "
    short = "one two\n\nsame\n  - indented\n```\na    b\n\n\na    b\n```\nend"
    assert compressing.compressed(text) == short
    done = apply([rule("compress")], Request(chat(text)))
    assert done.body["messages"][0]["content"] == short
    assert f"by {len(text) - len(short)} characters" in done.notes[0]
    assert apply([rule("compress")], Request(chat(short))).notes == ()


def test_embeddings_are_masked_and_blocked_but_not_routed() -> None:
    rules = [rule("mask", masks=["email"]), rule("route", model="x"), rule("search")]
    done = apply(rules, Request({"model": "e", "input": ["a@b.de", "plain"]}))
    assert done.body["input"] == ["[email 1]", "plain"]
    assert (done.route, done.search) == ("", 0)
    assert apply([rule("block", "plain")], Request(done.body)).blocked


def test_expression_that_would_backtrack_for_ever_is_quick() -> None:
    slow = rule("block", r"(a+)+$|(x|xx)+y", "regex")
    assert not apply([slow], Request(chat("a" * 200_000 + "b" + "x" * 50_000))).blocked


@pytest.mark.parametrize("wrong", ["(", r"(?=x)", r"(a)\1", "x" * 5000, r"a{1000}{1000}"])
def test_wrong_expression_is_named(wrong: str) -> None:
    assert patterns.problem(wrong)
