"""The form of requests: every field that the service knows, its type and range; anything else is a 422.

The service answers with the errors of pydantic, so the fake asks pydantic too.
"""

import json
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tests.fakes.mistral.wordings import Refusal, invalid

Form = TypeVar("Form", bound=BaseModel)


class Strict(BaseModel):
    """A part of a request: what it does not name is refused."""

    model_config = ConfigDict(extra="forbid")


class TextPart(Strict):
    type: Literal["text"]
    text: str


class ImagePart(Strict):
    type: Literal["image_url"]
    image_url: str | dict[str, str]


class DocumentPart(Strict):
    type: Literal["document_url"]
    document_url: str
    document_name: str | None = None


class ReferencePart(Strict):
    type: Literal["reference"]
    reference_ids: list[int | str]


class ThinkPart(Strict):
    type: Literal["thinking"]
    thinking: list[TextPart | ReferencePart]
    closed: bool = True


Part = Annotated[TextPart | ImagePart | DocumentPart | ReferencePart | ThinkPart, Field(discriminator="type")]
Content = str | list[Part]


class FunctionCall(Strict):
    name: str
    arguments: dict[str, Any] | str


class ToolCall(Strict):
    id: str = "null"
    type: Literal["function"] | None = "function"
    function: FunctionCall
    index: int | None = 0


class SystemMessage(Strict):
    role: Literal["system"]
    content: str | list[TextPart | ThinkPart]


class UserMessage(Strict):
    role: Literal["user"]
    content: Content | None


class AssistantMessage(Strict):
    role: Literal["assistant"]
    content: Content | None = None
    tool_calls: list[ToolCall] | None = None
    prefix: bool = False


class ToolMessage(Strict):
    role: Literal["tool"]
    content: Content | None
    tool_call_id: str | None = None
    name: str | None = None


Message = Annotated[SystemMessage | UserMessage | AssistantMessage | ToolMessage, Field(discriminator="role")]


class Function(Strict):
    name: str
    description: str = ""
    strict: bool = False
    parameters: dict[str, Any]


class Tool(Strict):
    type: Literal["function"] = "function"
    function: Function


class Named(Strict):
    name: str


class NamedTool(Strict):
    type: Literal["function"] = "function"
    function: Named


class JsonSchema(Strict):
    name: str
    description: str | None = None
    # `schema` is a method of pydantic's models.
    given: dict[str, Any] = Field(alias="schema")
    strict: bool = False


class ResponseFormat(Strict):
    type: Literal["text", "json_object", "json_schema"] = "text"
    json_schema: JsonSchema | None = None


class Prediction(Strict):
    type: Literal["content"] = "content"
    content: str = ""


class ChatRequest(Strict):
    """POST /v1/chat/completions."""

    model: str
    messages: list[Message]
    temperature: float | None = Field(None, ge=0, le=1.5)
    top_p: float = Field(1.0, gt=0, le=1)
    max_tokens: int | None = Field(None, ge=0)
    stream: bool = False
    stop: str | list[str] | None = None
    random_seed: int | None = Field(None, ge=0)
    metadata: dict[str, Any] | None = None
    response_format: ResponseFormat | None = None
    tools: list[Tool] | None = None
    tool_choice: Literal["auto", "none", "any", "required"] | NamedTool = "auto"
    presence_penalty: float = Field(0, ge=-2, le=2)
    frequency_penalty: float = Field(0, ge=-2, le=2)
    n: int | None = Field(None, ge=1)
    prediction: Prediction | None = None
    parallel_tool_calls: bool = True
    prompt_mode: Literal["reasoning"] | None = None
    reasoning_effort: Literal["none", "high"] | None = None
    safe_prompt: bool = False


class EmbeddingRequest(Strict):
    """POST /v1/embeddings."""

    model: str
    input: str | list[str]
    output_dimension: int | None = Field(None, gt=0)
    output_dtype: Literal["float", "int8", "uint8", "binary", "ubinary"] = "float"
    encoding_format: Literal["float", "base64"] = "float"
    metadata: dict[str, Any] | None = None


NOT_AN_OBJECT: Final = "Input should be a valid dictionary or object to extract fields from"


def parse(form: type[Form], body: bytes, kind: str) -> Form | Refusal:
    """The request, or the 422 that says what is wrong with it."""
    if kind.partition(";")[0].strip().lower() != "application/json":
        # Without its type the framework hands the octets on as text.
        return _wrong("model_attributes_type", NOT_AN_OBJECT, body.decode("utf-8", "replace"))
    try:
        return form.model_validate(json.loads(body))
    except json.JSONDecodeError as error:
        return _wrong("json_invalid", "JSON decode error", {}, error.pos, ctx={"error": error.msg})
    except UnicodeDecodeError as error:
        return _wrong("json_invalid", "JSON decode error", {}, error.start, ctx={"error": error.reason})
    except ValidationError as wrong:
        return invalid([_located(error) for error in json.loads(wrong.json(include_url=False))])


def _wrong(kind: str, message: str, given: object, *where: int, **more: object) -> Refusal:
    return invalid([{"type": kind, "loc": ["body", *where], "msg": message, "input": given, **more}])


def _located(error: dict[str, Any]) -> dict[str, Any]:
    return error | {"loc": ["body", *error["loc"]]}
