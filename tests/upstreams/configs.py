"""The sections of sources that the tests map to their upstreams."""

from typing import Any

from tests.upstreams.helpdesk import TOKEN, USER
from tests.upstreams.processor import CLIENT_ID, CLIENT_SECRET
from tests.upstreams.wallet import KEY as WALLET_KEY

BY_HOUSEHOLD = "external_id:completejourney"
"""What the upstreams know the demo's customers by."""


def helpdesk_section(url: str, **changes: Any) -> dict[str, Any]:
    """Tickets at the help desk."""
    return {
        "kind": "http",
        "base_url": f"{url}/api/v2",
        "auth": {"kind": "basic", "username": USER, "password": TOKEN},
        "reads": {"tickets": {"of_customers": TICKETS_OF_CUSTOMERS, "tickets": TICKET}},
        **changes,
    }


TICKETS_OF_CUSTOMERS: dict[str, Any] = {
    "path": f"/users/{{{BY_HOUSEHOLD}}}/tickets/requested.json",
    "query": {"sort_by": "created_at", "sort_order": "desc"},
    "items": "tickets",
    "total": "count",
    "sorted": True,
    "paging": {"kind": "link", "next": "next_page", "size": "per_page", "most": 5},
    "fields": {
        "id": "id",
        "external_id": "id",
        "system": {"value": "zendesk"},
        "status": "status",
        "type": "type",
        "subject": "subject",
        "submitted_at": "created_at",
        "updated_at": "updated_at",
        "url": "join('', ['https://example.zendesk.com/agent/tickets/', to_string(id)])",
    },
}
TICKET: dict[str, Any] = {
    "path": "/tickets/{id}.json",
    "items": "ticket",
    "owner": {"path": "requester_id", "equals": BY_HOUSEHOLD},
    "fields_of": "of_customers",
}


def processor_section(url: str, customer: str = BY_HOUSEHOLD, **changes: Any) -> dict[str, Any]:
    """Cards at the processor, which knows customers by the identifier."""
    owner = {"path": "customer", "equals": customer}
    cards = {
        "path": "/v1/cards",
        "query": {"customer": f"{{{customer}}}"},
        "items": "data",
        "total": "total",
        "batch": {"size": 100},
        "owner": owner,
        "paging": {"kind": "cursor", "parameter": "cursor", "next": "page.next", "size": "limit", "most": 200},
        "fields": CARD_FIELDS,
    }
    card = {"path": "/v1/cards/{id}", "items": "card", "owner": owner, "fields_of": "cards"}
    history = {
        "path": "/v1/cards/{id}/transactions",
        "items": "entries",
        "total": "count",
        "owner": {**owner, "within": "answer"},
        "paging": {
            "kind": "keyset",
            "size": "limit",
            "most": 3,
            "next": "has_more",
            "after": {"starting_after": "{after.id}"},
        },
        "fields": HISTORY_FIELDS,
    }
    change = {"path": "/v1/transactions/{id}", "owner": owner, "fields_of": "history"}
    loyalty = {
        "path": "/v1/loyalty",
        "query": {"member": f"{{{customer}}}"},
        "paging": {"kind": "page", "parameter": "page", "first": 0, "size": "size", "most": 2},
        "fields": LOYALTY_FIELDS,
    }
    reads = {
        "cards": cards,
        "by_id": card,
        "history": history,
        "changes": change,
        "loyalty_cards": loyalty,
        "loyalty_cards_by_id": {"from_list": "loyalty_cards"},
    }
    return {
        "kind": "http",
        "base_url": url,
        "auth": {
            "kind": "oauth2",
            "token_url": f"{url}/oauth/token",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        },
        "idempotency_header": "Idempotency-Key",
        "reads": {"cards": reads},
        "writes": {
            "cardBalanceAdjust": ADJUST,
            "cardReportLost": REPORT,
            "cardBalanceTransfer": _command(to="{to_id}", amount="{amount}"),
            "cardReportStolen": _command(state="THEFT_REPORTED"),
            "cardReportFound": _command(state="ACTIVE"),
            "cardConfirmStolen": _command(state="BLOCKED"),
            "cardExpire": _command(state="LAPSED"),
            "cardRemove": _command(deleted="{now}"),
            "cardNicknameSet": _command(label="{nickname}"),
            "loyaltyCardAdd": _enrolment(customer, number="{number}"),
            "loyaltyCardReplace": _enrolment(customer, number="{number}", card="{id}"),
            "loyaltyCardRemove": {"path": "/v1/loyalty", "body": {"card": "{id}"}},
        },
        **changes,
    }


def _command(**values: str) -> dict[str, Any]:
    """A change of a card by the processor's one call for all the rest."""
    return {"path": "/v1/commands", "body": {"card": "{id}", **values}, "error": "error.code", "refusals": REFUSALS}


def _enrolment(customer: str, **values: str) -> dict[str, Any]:
    return {"path": "/v1/loyalty", "body": {"member": f"{{{customer}}}", **values}, "made": "id"}


CARD_FIELDS = {
    "id": "id",
    "card_number": "pan",
    "last_four": {"path": "pan", "pattern": "(....)$"},
    "kind": {"value": "PROMOTIONAL"},
    "status": {
        "path": "state",
        "values": {
            "ACTIVE": "REGISTERED",
            "MISSING": "LOST",
            "THEFT_REPORTED": "REPORTED_STOLEN",
            "BLOCKED": "STOLEN",
            "LAPSED": "EXPIRED",
        },
    },
    "type": {"value": "gift"},
    "nickname": "label",
    "currency": "currency",
    "balance_minor": {"path": "amount", "unit": "major"},
    "expires_at": {"path": "expires_ms", "unit": "ms"},
    "registered_at": {"path": "registered", "unit": "s"},
    "removed_at": "deleted",
}
HISTORY_FIELDS = {
    "id": "id",
    "at": {"path": "at", "unit": "s"},
    "activity": {
        "path": "type",
        "values": {"purchase": "SPEND", "load": "LOAD", "ADD": "ADJUST_ADD", "DEDUCT": "ADJUST_DEDUCT"},
    },
    "amount_minor": {"path": "amount", "unit": "major"},
    "balance_after_minor": {"path": "balance", "unit": "major"},
    "currency": {"value": "USD"},
}
LOYALTY_FIELDS = {
    "id": "id",
    "number": "code",
    "status": {"path": "active", "values": {"true": "ACTIVE"}, "otherwise": "REPLACED"},
    "issued_at": {"path": "issued", "zone": "Europe/Berlin"},
}
REFUSALS = {"insufficient_funds": "INSUFFICIENT_BALANCE", "wrong_state": "INVALID_TRANSITION"}
ADJUST = {
    "path": "/v1/cards/{id}/adjustments",
    "body": {"direction": "{direction}", "amount": "{amount}", "reason": "{reason}"},
    "error": "error.code",
    "refusals": REFUSALS,
}
REPORT = {"path": "/v1/cards/{id}/lost", "error": "error.code", "refusals": REFUSALS}


def wallet_section(url: str, **changes: Any) -> dict[str, Any]:
    """Offers at the engine."""
    offer = {
        "offer_id": "offer.code",
        "offer_key": "offer.code",
        "offer_name": "offer.name",
        "offer_type": {"value": "CUSTOM"},
        "offer_title": "offer.name",
        "offer_is_active": {"value": True},
        "offer_is_issuable": {"value": True},
        "offer_created_at": "offer.made",
    }
    words = {"given": "ISSUED", "on": "ACTIVATED", "used": "REDEEMED", "withdrawn": "REVOKED", "dropped": "REMOVED"}
    own = {
        "id": "id",
        "state": {"path": "state", "values": words},
        "issued_at": "since",
        "redeemable_until": "until",
        "redeemed_at": "used",
        "is_visible": {"value": True},
        "flex_fields": "fields",
    }
    held = {"path": f"/customers/{{{BY_HOUSEHOLD}}}/wallet", "fields": offer | own}
    owner = {"path": "customer", "equals": BY_HOUSEHOLD}
    return {
        "kind": "http",
        "base_url": url,
        "auth": {"kind": "header", "header": "X-Api-Key", "token": WALLET_KEY},
        "idempotency_header": "X-Request-Key",
        "reads": {
            "offers": {
                "held": held,
                "customer_offers": {"path": "/wallet/{id}", "owner": owner, "fields_of": "held"},
            }
        },
        "writes": {
            "offerIssue": {
                "path": f"/customers/{{{BY_HOUSEHOLD}}}/wallet",
                "body": {"offer": "{offer_id}", "by": "{actor}"},
                "made": "id",
            },
            "offerActivate": _move("activate"),
            "offerRedeem": _move("redeem"),
            "offerReinstate": _move("reinstate", until="{extend_to}"),
            "offerRevoke": _move("revoke", bar="{exclude}"),
            "offerRemove": _move("remove"),
            "offerRedemptionDatesChange": _move("dates", until="{redeemable_until}"),
            "offerFlexFieldsUpdate": _move("fields", fields="{fields}"),
        },
        **changes,
    }


def _move(move: str, **values: str) -> dict[str, Any]:
    return {"path": f"/wallet/{{id}}/{move}", "method": "PUT", "body": {"why": "{reason}", **values}}
