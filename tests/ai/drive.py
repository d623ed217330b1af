"""The stand-in for a language model, driven by the vendor's own client."""

import sys

import openai

url, key, model = sys.argv[1:]
client = openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)

assert [entry.id for entry in client.models.list()] == [model]
assert client.models.retrieve(model).owned_by == "sandbox"

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["colour", "sizes", "note"],
    "properties": {
        "colour": {"type": "string", "enum": ["red", "blue"]},
        "sizes": {"type": "array", "items": {"type": "integer"}},
        "note": {"type": ["string", "null"]},
    },
}


def ask(**more):
    arguments = {"model": model, "messages": [{"role": "user", "content": "Hello"}], **more}
    return client.chat.completions.create(**arguments)


def strict(schema):
    return {"type": "json_schema", "json_schema": {"name": "thing", "strict": True, "schema": schema}}


answer = ask(response_format=strict(SCHEMA))
assert answer.object == "chat.completion" and answer.id.startswith("chatcmpl-")
assert answer.choices[0].finish_reason == "stop" and answer.choices[0].message.role == "assistant"
assert answer.choices[0].message.refusal is None
assert '"colour":"red"' in answer.choices[0].message.content
usage = answer.usage
assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens > 0

assert ask(max_tokens=2).choices[0].finish_reason == "length"
assert ask(response_format={"type": "json_object"}).choices[0].message.content.startswith("{")


def refused(kind, code, **more):
    try:
        ask(**more)
    except kind as error:
        assert error.code == code, (error.code, error.body)
        return error
    raise AssertionError(f"{kind} was expected")


refused(openai.NotFoundError, "model_not_found", model="another")
refused(openai.BadRequestError, None, messages=[])
refused(openai.BadRequestError, None, extra_body={"unheard_of": 1})
refused(openai.BadRequestError, None, response_format=strict({**SCHEMA, "required": ["colour"]}))
refused(openai.BadRequestError, None, response_format=strict({**SCHEMA, "additionalProperties": True}))

wrong = openai.OpenAI(base_url=f"{url}/v1", api_key="sk-wrong", max_retries=0)
try:
    wrong.models.list()
except openai.AuthenticationError as error:
    assert error.code == "invalid_api_key"
else:
    raise AssertionError("a wrong key was taken")

# Twelve a minute, and then it is asked to wait.
for _ in range(4):
    ask()
error = refused(openai.RateLimitError, "rate_limit_exceeded")
assert 0 < int(error.response.headers["retry-after"]) <= 60
print("all found")
