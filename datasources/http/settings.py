"""The section of an http source. What its mapping says about domains and rows is looked into by `mapping`."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from datasources.addresses import secure_url
from datasources.kinds import SourceSettings
from datasources.refusals import UserErrorCode
from datasources.secrets import FileText

Text = Annotated[str, Field(min_length=1)]
HeaderName = Annotated[str, Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]
HeaderValue = Annotated[str, Field(pattern=r"^[\x20-\x7e]*$")]


class Table(BaseModel):
    """A table within the section of an http source."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


VISIBLE = re.compile(r"[\x21-\x7e]+")

NEEDS: Mapping[str, tuple[str, ...]] = {
    "bearer": ("token",),
    "basic": ("username", "password"),
    "header": ("header", "token"),
    "oauth2": ("token_url", "client_id", "client_secret"),
}
"""What each kind of credentials is made of."""
OPTIONAL: Mapping[str, tuple[str, ...]] = {"oauth2": ("scope", "audience", "client_auth")}


class CredentialSettings(Table):
    """What the gateway shows to be let in."""

    kind: Literal["bearer", "basic", "header", "oauth2"]
    header: HeaderName | None = None
    token: SecretStr | None = None
    token_file: FileText | None = None
    username: Text | None = None
    password: SecretStr | None = None
    password_file: FileText | None = None
    token_url: Annotated[str, AfterValidator(secure_url)] | None = None
    client_id: Text | None = None
    client_secret: SecretStr | None = None
    client_secret_file: FileText | None = None
    client_auth: Literal["header", "body"] = "header"
    scope: Text | None = None
    audience: Text | None = None

    def secret(self, name: str) -> str:
        """The secret of this name, of its key or its file."""
        found = getattr(self, name) or getattr(self, f"{name}_file")
        return "" if found is None else str(found.get_secret_value())

    @model_validator(mode="after")
    def _whole(self) -> "CredentialSettings":
        given = {name.removesuffix("_file") for name in self.model_fields_set - {"kind"}}
        both = [
            name for name in ("token", "password", "client_secret") if {name, f"{name}_file"} <= self.model_fields_set
        ]
        if both:
            raise ValueError(f"needs exactly one of {both[0]} and {both[0]}_file")
        missing = [name for name in NEEDS[self.kind] if name not in given]
        if missing:
            raise ValueError(f"{self.kind} needs {', '.join(missing)}")
        unused = sorted(given.difference(NEEDS[self.kind], OPTIONAL.get(self.kind, ())))
        if unused:
            raise ValueError(f"{self.kind} has no use for {', '.join(unused)}")
        if "token" in NEEDS[self.kind] and not VISIBLE.fullmatch(self.secret("token")):
            raise ValueError("token must be of visible ASCII characters")
        return self


def _as_path(value: object) -> object:
    return {"path": value} if isinstance(value, str) else value


def _pattern(text: str) -> str:
    try:
        groups = re.compile(text).groups
    except re.error:
        raise ValueError("must be a regular expression") from None
    if groups != 1:
        raise ValueError("must have one group")
    return text


class FieldSettings(Table):
    """Where an attribute of a row is found, and how it is told there."""

    path: Text | None = None
    """A JMESPath expression on the row's item."""
    value: Any = None  # any value of the attribute's type
    """What it is where the path finds nothing, or always where there is no path."""
    pattern: Annotated[str, AfterValidator(_pattern)] | None = None
    """A regular expression whose first group is the part of a text that counts."""
    values: dict[str, str] | None = None
    """The other system's words with ours; any other word is not understood, unless there is `otherwise`."""
    otherwise: Text | None = None
    unit: Literal["major", "s", "ms"] | None = None
    """Money in major units of the row's currency, or an instant as seconds or milliseconds since 1970."""
    zone: Text | None = None
    """The time zone of an instant that is told without one."""

    @model_validator(mode="after")
    def _tells_something(self) -> "FieldSettings":
        if self.path is None and "value" not in self.model_fields_set:
            raise ValueError("needs path or value")
        if self.otherwise is not None and self.values is None:
            raise ValueError("has no use for otherwise without values")
        return self


class OwnerSettings(Table):
    """Where an answer tells whose a row is."""

    path: Text
    equals: Text
    """The identifier that it is: `customer_id`, `email`, `external_id:SYSTEM`…"""
    within: Literal["item", "answer"] = "item"


class PagingSettings(Table):
    """How the other system pages a list."""

    kind: Literal["cursor", "page", "offset", "link", "keyset"]
    parameter: Text | None = None
    """The query parameter for the cursor, the page's number, or the offset."""
    next: Text | None = None
    """The JMESPath of the next cursor or link, or of what is true while there is more."""
    size: Text | None = None
    """The query parameter for how many rows are asked for."""
    most: int = Field(default=100, ge=1, le=10_000)
    first: int = Field(default=1, ge=0, le=1)
    """The number of the first page."""
    after: dict[str, Text] = {}
    """Query parameters that ask for what is behind a row, by its attributes: `{after.id}`."""

    @model_validator(mode="after")
    def _whole(self) -> "PagingSettings":
        if self.kind in ("cursor", "page", "offset") and self.parameter is None:
            raise ValueError(f"{self.kind} needs parameter")
        if self.kind == "cursor" and self.next is None:
            raise ValueError("cursor needs next")
        if self.kind == "keyset" and not (self.after and self.size):
            raise ValueError("keyset needs after and size")
        if self.kind != "keyset" and self.after:
            raise ValueError(f"{self.kind} has no use for after")
        return self


class BatchSettings(Table):
    """How many keys are asked for in one call."""

    size: int = Field(ge=1, le=10_000)
    separator: Text | None = None
    """What stands between them in one parameter; left out, the parameter is repeated."""


class ReadSettings(Table):
    """The call that answers a method of a reader."""

    path: Text | None = None
    method: Literal["GET", "POST"] = "GET"
    query: dict[str, Text] = {}
    body: dict[str, Any] | None = None
    items: Text | None = None
    """The JMESPath of the rows in the answer; left out, the answer itself."""
    fields: dict[str, Annotated[FieldSettings, BeforeValidator(_as_path)]] | None = None
    fields_of: Text | None = None
    """The method of the domain whose fields these are as well."""
    from_list: Text | None = None
    """The method whose list is read, where there is no call for single rows."""
    owner: OwnerSettings | None = None
    key: Text | None = None
    """The JMESPath, on an item, of the key that a row belongs to, where many are asked for at once."""
    batch: BatchSettings | None = None
    paging: PagingSettings | None = None
    total: Text | None = None
    """The JMESPath of the number of rows in the whole list."""
    sorted: bool = False
    """The other system lists in our order: what is behind the page needs not be read."""
    max_rows: int = Field(default=1_000, ge=1, le=100_000)
    """Of one list; a longer one is refused."""


class WriteSettings(Table):
    """The call that carries out a mutation."""

    path: Text
    method: Literal["POST", "PUT", "PATCH", "DELETE"] = "POST"
    query: dict[str, Text] = {}
    body: dict[str, Any] | None = None
    made: Text | None = None
    """The JMESPath of the id of what was made."""
    error: Text | None = None
    """The JMESPath of the reason in an answer that refuses."""
    refusals: dict[str, UserErrorCode] = {}
    """Their reasons with our codes."""


class HttpSettings(SourceSettings):
    """A REST system, and which of its calls serve which domain."""

    plain_http: bool = False
    """What is sent to another machine may go in clear."""
    base_url: str
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict)
    auth: CredentialSettings | None = None
    ca_file: Text | None = None
    max_calls: int = Field(default=10, ge=1, le=1_000)
    """At once, of each gateway process."""
    idle_s: float = Field(default=3, ge=0, le=300)
    """How long a connection waits for its next call. Shorter than the system itself waits, which may else hang up on a call
    that is on its way: many wait for five seconds."""
    call_timeout_ms: int = Field(default=2_000, ge=1, le=60_000)
    """One call, from connecting to the last byte."""
    max_body_bytes: int = Field(default=5 * 1_048_576, ge=1_024)
    ping: Text | None = None
    """The path that is asked for to tell whether the system answers."""
    idempotency_header: HeaderName | None = None
    reads: dict[str, dict[str, ReadSettings]] = Field(default_factory=dict)
    writes: dict[str, WriteSettings] = Field(default_factory=dict)

    @field_validator("base_url")
    @classmethod
    def _whole_url(cls, url: str, info: ValidationInfo) -> str:
        if not url.startswith(("https://", "http://")) or any(sign in url for sign in "?#@"):
            raise ValueError("must be an https URL without user, query and fragment")
        if not info.data.get("plain_http"):
            secure_url(url)
        return url.rstrip("/")
