"""What can go wrong with a source; a driver's own errors never leave it."""


class SourceError(Exception):
    """A source could not answer; `source` is its name in the config, `retryable` whether asking again may help."""

    retryable = True

    def __init__(self, source: str, doing: str) -> None:
        self.source = source
        super().__init__(f"{doing}: the source {source} {self.reason}.")

    reason = "failed"


class SourceUnavailable(SourceError):
    """The source can't be reached or refused to work."""

    reason = "is not available, try again later"


class SourceBusy(SourceUnavailable):
    """The source takes no more calls for the moment: as many as it may run do, or it says so itself."""

    reason = "is busy, try again in a moment"


class SourceCutOff(SourceUnavailable):
    """The source was not asked: it failed so often that it is given a pause."""

    reason = "failed too often and is not asked for now, try again later"


class SourceUnreadable(SourceUnavailable):
    """The source answered what can't be an answer, or what reads it failed."""

    reason = "gave no answer that makes sense, try again later"


class SourceTimedOut(SourceError):
    """The source did not answer in time."""

    reason = "did not answer in time, try again later"


class SourceCrowded(SourceTimedOut):
    """The source was not asked: no connection to it became free in time."""

    reason = "had no connection free in time, try again in a moment"


class OutcomeLate(SourceTimedOut):
    """The request's time was up while the source was told to keep a write: it ends as it would have, and is done or not."""

    reason = "did not say in time whether it was done, ask again with the same idempotency key"


class DeadlinePassed(Exception):
    """The request's time was up before something was known."""

    def __init__(self) -> None:
        super().__init__(
            "The request's time was up before this was known: ask again, for a mutation with the same idempotency key."
        )


class CustomerUnknown(SourceUnavailable):
    """The source that writes knows no state of the customer: whether they are restricted can't be told, so nothing is done
    (inv-P3)."""

    reason = "does not know the customer yet, try again later"


class OutcomeUnknown(SourceUnavailable):
    """The connection was lost while the source was told to keep a write: it may have been done, or not."""

    reason = "did not say whether it was done, ask again with the same idempotency key"


class SourceRefused(SourceError):
    """The source answered that it can't do what was asked, and would again: a table that is missing, a value of no type."""

    retryable = False
    reason = "can't do this"


class SourceThrottled(SourceUnavailable):
    """The source takes no more calls until a time that it told."""

    reason = "takes no more calls for now, try again later"


class AnswerUnclear(SourceRefused):
    """What the source answered is not what it is said to answer: no JSON, other types, rows that are missing."""

    reason = "answered what can't be understood"


class ListTooLong(SourceRefused):
    """The source can only be read whole, and has more rows than are read at once."""

    reason = "has more rows than are read at once"


class NotConfigured(SourceError):
    """No source is bound to the domain, or the source holds no program yet."""

    retryable = False
    reason = "is not set up"


class NotServed(SourceError):
    """The source has nothing for the domain that is bound to it."""

    retryable = False

    def __init__(self, source: str, domain: str) -> None:
        self.reason = f"serves no {domain}, bind the domain to another one"
        super().__init__(source, f"opening the domain {domain}")


class InvalidRequest(Exception):
    """What was asked for can't be: the caller has to change the request. `path` names the argument."""

    def __init__(self, message: str, *path: str) -> None:
        self.path = path
        super().__init__(message)


class SearchModeDisabled(Exception):
    """The search asked for is not the one that the program has opened (B3)."""


class RateLimited(Exception):
    """The caller has asked too often; asking again after `retry_after_s` seconds helps."""

    def __init__(self, message: str, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)
