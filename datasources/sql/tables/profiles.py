"""Customers, the index of their identifiers, consents and ties to places."""

from sqlalchemy import BigInteger, Boolean, Date, Index, Text

from datasources.profiles import Address, AttributeValue, ExternalId
from datasources.sql.types import Document, Id, Instant, Sealed

from ._build import actor, keyword, optional, owned, required, shared

customers = owned(
    "customers",
    keyword("support_id"),
    required("version", BigInteger()),
    optional("first_name", Text()),
    optional("last_name", Text()),
    optional("email", Text()),
    optional("phone", Text()),
    optional("email_verified_at", Instant()),
    optional("phone_verified_at", Instant()),
    optional("date_of_birth", Date()),
    optional("gender", Text()),
    optional("locale", Text()),
    required("spoken_languages", Document(tuple[str, ...])),
    required("addresses", Document(tuple[Address, ...])),
    required("attributes", Document(dict[str, AttributeValue])),
    required("external_ids", Document(tuple[ExternalId, ...])),
    optional("loyalty_number", Text()),
    keyword("status_key"),
    keyword("membership"),
    optional("verified_at", Instant()),
    optional("blocked_at", Instant()),
    optional("block_reason", Text()),
    optional("deleted_at", Instant()),
    # What comes back when the membership is restored, and when it leaves a state that has a status of its own.
    keyword("state_before", nullable=True),
    keyword("status_before", nullable=True),
    keyword("processing"),
    required("is_test_persona", Boolean()),
    required("created_at", Instant()),
    required("updated_at", Instant()),
    optional("enrolled_at", Instant()),
    optional("last_active_at", Instant()),
    optional("favorite_location_id", Id()),
    # What the member list is searched and sorted by: folded, and `MISSING` (sorts last) where there is no value.
    keyword("first_name_key"),
    keyword("last_name_key"),
    keyword("email_key"),
    keyword("phone_key"),
    required("active_key", Instant()),
    # The customer's own key, wrapped by the master key; null once it is destroyed.
    optional("wrapped_key", Sealed()),
    key=(),
)
Index("ux_customers_support_id", customers.c.support_id, unique=True)
Index("ix_customers_last_name", customers.c.last_name_key, customers.c.first_name_key, customers.c.customer_id)
Index("ix_customers_first_name", customers.c.first_name_key, customers.c.customer_id)
Index("ix_customers_email", customers.c.email_key, customers.c.customer_id)
Index("ix_customers_phone", customers.c.phone_key, customers.c.customer_id)
Index("ix_customers_created_at", customers.c.created_at, customers.c.customer_id)
Index("ix_customers_active_at", customers.c.active_key, customers.c.customer_id)

identifiers = shared(
    "identifiers",
    keyword("kind"),
    keyword("system"),
    keyword("value"),
    required("customer_id", Id()),
    required("is_replaced", Boolean()),
    key=("kind", "system", "value"),
)
"""Normalized e-mails, phones, loyalty numbers and external ids of live customers (inv-I1); `system` is '' but for
external ids. The other domains feed it, so that a lookup never crosses sources."""
Index("ix_identifiers_customer", identifiers.c.customer_id)
Index("ix_identifiers_value", identifiers.c.value)

consents = owned(
    "consents",
    keyword("channel"),
    keyword("purpose"),
    keyword("state"),
    optional("updated_at", Instant()),
    optional("evidence", Text()),
    key=("channel", "purpose"),
)

profile_versions = owned(
    "profile_versions",
    required("version", BigInteger()),
    keyword("operation"),
    required("changes", Sealed()),
    required("at", Instant()),
    *actor(nullable=False),
    keyword("reason_code", nullable=True),
    key=("version",),
)
"""What each version of a profile changed, old values and new (E11): fields, consents, status and membership alike."""

customer_places = owned(
    "customer_places",
    keyword("relation"),
    required("location_id", Id()),
    keyword("store_id", nullable=True),
    optional("last_seen_at", Instant()),
    key=("relation", "location_id"),
)
"""Ties to places: FAVORITE, LAST_CHECK_IN, PURCHASED. Reach by location reads it."""
Index("ix_customer_places_location", customer_places.c.location_id, customer_places.c.customer_id)
Index("ix_customer_places_store", customer_places.c.store_id, customer_places.c.customer_id)
