CREATE TABLE actors (
    kind VARCHAR NOT NULL,
    actor_id VARCHAR NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (kind, actor_id)
)
 WITHOUT ROWID;

CREATE TABLE adjustment_days (
    actor_kind VARCHAR NOT NULL,
    actor_id VARCHAR NOT NULL,
    operation VARCHAR NOT NULL,
    currency VARCHAR NOT NULL,
    day DATE NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (actor_kind, actor_id, operation, currency, day)
)
 WITHOUT ROWID;

CREATE TABLE approvals (
    id CHAR(32) NOT NULL,
    operation VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    requested_by_kind VARCHAR NOT NULL,
    requested_by_id VARCHAR NOT NULL,
    requested_at BIGINT NOT NULL,
    decided_by_kind VARCHAR,
    decided_by_id VARCHAR,
    decided_at BIGINT,
    expires_at BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    currency VARCHAR,
    customer_id CHAR(32) NOT NULL,
    reason_code VARCHAR,
    comment BLOB,
    failure_code VARCHAR,
    request TEXT NOT NULL,
    PRIMARY KEY (id)
)
 WITHOUT ROWID;

CREATE INDEX ix_approvals_requested ON approvals (requested_at, id);

CREATE INDEX ix_approvals_state ON approvals (state, requested_at, id);

CREATE TABLE audit_entries (
    customer_id CHAR(32) NOT NULL,
    id CHAR(32) NOT NULL,
    sequence BIGINT NOT NULL,
    type VARCHAR NOT NULL,
    at BIGINT NOT NULL,
    actor_kind VARCHAR NOT NULL,
    actor_id VARCHAR NOT NULL,
    outcome VARCHAR NOT NULL,
    summary BLOB NOT NULL,
    changes BLOB NOT NULL,
    reason_code VARCHAR,
    ticket_id VARCHAR,
    correlation_id VARCHAR NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (customer_id, id)
)
 WITHOUT ROWID;

CREATE INDEX ix_audit_entries_at ON audit_entries (customer_id, at, id);

CREATE UNIQUE INDEX ux_audit_entries_sequence ON audit_entries (customer_id, sequence);

CREATE TABLE audit_heads (
    customer_id CHAR(32) NOT NULL,
    sequence BIGINT NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (customer_id)
)
 WITHOUT ROWID;

CREATE TABLE campaigns (
    id CHAR(32) NOT NULL,
    "key" VARCHAR NOT NULL,
    name TEXT NOT NULL,
    type VARCHAR NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT,
    unit VARCHAR,
    target_hundredths BIGINT,
    outcomes TEXT NOT NULL,
    PRIMARY KEY (id)
)
 WITHOUT ROWID;

CREATE UNIQUE INDEX ux_campaigns_key ON campaigns ("key");

CREATE TABLE card_history (
    customer_id CHAR(32) NOT NULL,
    id CHAR(32) NOT NULL,
    card_id CHAR(32) NOT NULL,
    at BIGINT NOT NULL,
    activity VARCHAR NOT NULL,
    amount_minor BIGINT NOT NULL,
    balance_after_minor BIGINT NOT NULL,
    currency VARCHAR NOT NULL,
    actor_kind VARCHAR,
    actor_id VARCHAR,
    reason_code VARCHAR,
    counterpart_last_four VARCHAR,
    correlation_id TEXT,
    PRIMARY KEY (customer_id, id)
)
 WITHOUT ROWID;

CREATE INDEX ix_card_history_card ON card_history (card_id, at, id);

CREATE INDEX ix_card_history_row ON card_history (card_id, id);

CREATE TABLE card_numbers (
    number_hash VARCHAR NOT NULL,
    customer_id CHAR(32) NOT NULL,
    card_id CHAR(32) NOT NULL,
    PRIMARY KEY (number_hash)
)
 WITHOUT ROWID;

CREATE TABLE cards (
    customer_id CHAR(32) NOT NULL,
    id CHAR(32) NOT NULL,
    number BLOB NOT NULL,
    last_four VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    type VARCHAR NOT NULL,
    design TEXT,
    nickname TEXT,
    currency VARCHAR NOT NULL,
    balance_minor BIGINT NOT NULL,
    expires_at BIGINT,
    registered_at BIGINT NOT NULL,
    removed_at BIGINT,
    version BIGINT NOT NULL,
    PRIMARY KEY (customer_id, id)
)
 WITHOUT ROWID;

CREATE INDEX ix_cards_registered_at ON cards (customer_id, registered_at, id);

CREATE TABLE consents (
    customer_id CHAR(32) NOT NULL,
    channel VARCHAR NOT NULL,
    purpose VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    updated_at BIGINT,
    evidence TEXT,
    PRIMARY KEY (customer_id, channel, purpose)
)
 WITHOUT ROWID;

CREATE TABLE customer_campaigns (
    customer_id CHAR(32) NOT NULL,
    id CHAR(32) NOT NULL,
    campaign_id CHAR(32) NOT NULL,
    status VARCHAR NOT NULL,
    starts_at BIGINT NOT NULL,
    completed_at BIGINT,
    completed_by_kind VARCHAR,
    completed_by_id VARCHAR,
    progress_hundredths BIGINT,
    version BIGINT NOT NULL,
    PRIMARY KEY (customer_id, id)
)
 WITHOUT ROWID;

CREATE INDEX ix_customer_campaigns_campaign_id ON customer_campaigns (customer_id, campaign_id, id);

CREATE INDEX ix_customer_campaigns_starts_at ON customer_campaigns (customer_id, starts_at, id);

CREATE TABLE customer_metrics (
    customer_id CHAR(32) NOT NULL,
    computed_at BIGINT NOT NULL,
    metrics TEXT NOT NULL,
    PRIMARY KEY (customer_id)
)
 WITHOUT ROWID;

CREATE TABLE customer_offer_changes (
    customer_id CHAR(32) NOT NULL,
    id CHAR(32) NOT NULL,
    customer_offer_id CHAR(32) NOT NULL,
    from_state VARCHAR,
    to_state VARCHAR NOT NULL,
    at BIGINT NOT NULL,
    actor_kind VARCHAR,
    actor_id VARCHAR,
    reason_code VARCHAR,
    PRIMARY KEY (customer_id, id)
)
 WITHOUT ROWID;

CREATE INDEX ix_customer_offer_changes_customer_offer_id_at ON customer_offer_changes (customer_id, customer_offer_id, at, id);

CREATE TABLE customer_offers (
    customer_id CHAR(32) NOT NULL,
    id CHAR(32) NOT NULL,
    offer_id CHAR(32) NOT NULL,
    state VARCHAR NOT NULL,
    issued_at BIGINT NOT NULL,
    issued_by_kind VARCHAR,
    issued_by_id VARCHAR,
    distributed_at BIGINT,
    activated_at BIGINT,
    redeemable_from BIGINT,
    redeemable_until BIGINT,
    redeemed_at BIGINT,
    is_visible BOOLEAN NOT NULL,
    flex_fields TEXT NOT NULL,
    transaction_id TEXT,
    variant VARCHAR,
    version BIGINT NOT NULL,
    PRIMARY KEY (customer_id, id)
)
 WITHOUT ROWID;

CREATE INDEX ix_customer_offers_issued_at ON customer_offers (customer_id, issued_at, id);

CREATE INDEX ix_customer_offers_offer_id ON customer_offers (customer_id, offer_id, id);

CREATE INDEX ix_customer_offers_transaction_id ON customer_offers (customer_id, transaction_id, id);

CREATE TABLE customer_places (
    customer_id CHAR(32) NOT NULL,
    relation VARCHAR NOT NULL,
    location_id CHAR(32) NOT NULL,
    store_id VARCHAR,
    last_seen_at BIGINT,
    PRIMARY KEY (customer_id, relation, location_id)
)
 WITHOUT ROWID;

CREATE INDEX ix_customer_places_location ON customer_places (location_id, customer_id);

CREATE INDEX ix_customer_places_store ON customer_places (store_id, customer_id);

CREATE TABLE customer_promo_codes (
    customer_id CHAR(32) NOT NULL,
    id CHAR(32) NOT NULL,
    code VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    campaign_name TEXT NOT NULL,
    at BIGINT NOT NULL,
    claimed_at BIGINT,
    assigned_at BIGINT,
    PRIMARY KEY (customer_id, id)
)
 WITHOUT ROWID;

CREATE INDEX ix_customer_promo_codes_at ON customer_promo_codes (customer_id, at, id);

CREATE TABLE customer_tags (
    customer_id CHAR(32) NOT NULL,
    "key" VARCHAR NOT NULL,
    value_key VARCHAR NOT NULL,
    count INTEGER NOT NULL,
    origin VARCHAR NOT NULL,
    first_applied_at BIGINT NOT NULL,
    last_applied_at BIGINT NOT NULL,
    PRIMARY KEY (customer_id, "key", value_key)
)
 WITHOUT ROWID;

CREATE INDEX ix_customer_tags_key ON customer_tags ("key", value_key, customer_id);

CREATE INDEX ix_customer_tags_top ON customer_tags (customer_id, count, last_applied_at, "key", value_key);

CREATE TABLE customer_tiers (
    customer_id CHAR(32) NOT NULL,
    system_key VARCHAR NOT NULL,
    tier_key VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    entered_at BIGINT NOT NULL,
    expires_at BIGINT,
    protected_key VARCHAR,
    protected_until BIGINT,
    PRIMARY KEY (customer_id, system_key)
)
 WITHOUT ROWID;

CREATE TABLE customers (
    customer_id CHAR(32) NOT NULL,
    support_id VARCHAR NOT NULL,
    version BIGINT NOT NULL,
    first_name TEXT,
    last_name TEXT,
    email TEXT,
    phone TEXT,
    email_verified_at BIGINT,
    phone_verified_at BIGINT,
    date_of_birth DATE,
    gender TEXT,
    locale TEXT,
    spoken_languages TEXT NOT NULL,
    addresses TEXT NOT NULL,
    attributes TEXT NOT NULL,
    external_ids TEXT NOT NULL,
    loyalty_number TEXT,
    status_key VARCHAR NOT NULL,
    membership VARCHAR NOT NULL,
    verified_at BIGINT,
    blocked_at BIGINT,
    block_reason TEXT,
    deleted_at BIGINT,
    state_before VARCHAR,
    status_before VARCHAR,
    processing VARCHAR NOT NULL,
    is_test_persona BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    enrolled_at BIGINT,
    last_active_at BIGINT,
    favorite_location_id CHAR(32),
    first_name_key VARCHAR NOT NULL,
    last_name_key VARCHAR NOT NULL,
    email_key VARCHAR NOT NULL,
    phone_key VARCHAR NOT NULL,
    active_key BIGINT NOT NULL,
    wrapped_key BLOB,
    PRIMARY KEY (customer_id)
)
 WITHOUT ROWID;

CREATE INDEX ix_customers_active_at ON customers (active_key, customer_id);

CREATE INDEX ix_customers_created_at ON customers (created_at, customer_id);

CREATE INDEX ix_customers_email ON customers (email_key, customer_id);

CREATE INDEX ix_customers_first_name ON customers (first_name_key, customer_id);

CREATE INDEX ix_customers_last_name ON customers (last_name_key, first_name_key, customer_id);

CREATE INDEX ix_customers_phone ON customers (phone_key, customer_id);

CREATE UNIQUE INDEX ux_customers_support_id ON customers (support_id);

CREATE TABLE devices (
    customer_id CHAR(32) NOT NULL,
    id CHAR(32) NOT NULL,
    platform VARCHAR NOT NULL,
    model TEXT,
    os_name TEXT,
    os_version TEXT,
    app_version TEXT,
    resolution TEXT,
    push_enabled BOOLEAN,
    last_seen_at BIGINT NOT NULL,
    is_supported BOOLEAN NOT NULL,
    unsupported_reason TEXT,
    PRIMARY KEY (customer_id, id)
)
 WITHOUT ROWID;

CREATE INDEX ix_devices_last_seen_at ON devices (customer_id, last_seen_at, id);

CREATE TABLE digital_properties (
    customer_id CHAR(32) NOT NULL,
    id CHAR(32) NOT NULL,
    name TEXT NOT NULL,
    type VARCHAR NOT NULL,
    first_seen_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    PRIMARY KEY (customer_id, id)
)
 WITHOUT ROWID;

CREATE INDEX ix_digital_properties_last_seen_at ON digital_properties (customer_id, last_seen_at, id);

CREATE TABLE direct_messages (
    customer_id CHAR(32) NOT NULL,
    id CHAR(32) NOT NULL,
    direction VARCHAR NOT NULL,
    author_kind VARCHAR,
    author_id VARCHAR,
    body BLOB NOT NULL,
    sent_at BIGINT NOT NULL,
    read_at BIGINT,
    support_request_id VARCHAR,
    deliveries TEXT NOT NULL,
    PRIMARY KEY (customer_id, id)
)
 WITHOUT ROWID;

CREATE INDEX ix_direct_messages_sent_at ON direct_messages (customer_id, sent_at, id);

CREATE INDEX ix_direct_messages_support_request_id ON direct_messages (customer_id, support_request_id, id);

CREATE TABLE event_keys (
    source VARCHAR NOT NULL,
    source_event_id VARCHAR NOT NULL,
    customer_id CHAR(32) NOT NULL,
    event_id CHAR(32) NOT NULL,
    PRIMARY KEY (source, source_event_id)
)
 WITHOUT ROWID;

CREATE TABLE events (
    customer_id CHAR(32) NOT NULL,
    id CHAR(32) NOT NULL,
    type VARCHAR NOT NULL,
    occurred_at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    channel VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    source_event_id VARCHAR NOT NULL,
    reference_id CHAR(32),
    facts TEXT NOT NULL,
    attributes BLOB,
    search_text TEXT NOT NULL,
    PRIMARY KEY (customer_id, id)
)
 WITHOUT ROWID;

CREATE INDEX ix_events_occurred_at ON events (customer_id, occurred_at, id);

CREATE INDEX ix_events_type_occurred_at ON events (customer_id, type, occurred_at, id);

CREATE TABLE idempotency_keys (
    caller VARCHAR NOT NULL,
    "key" VARCHAR NOT NULL,
    operation VARCHAR NOT NULL,
    fingerprint VARCHAR NOT NULL,
    made TEXT NOT NULL,
    claimed_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (caller, "key")
)
 WITHOUT ROWID;

CREATE TABLE identifiers (
    kind VARCHAR NOT NULL,
    system VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    customer_id CHAR(32) NOT NULL,
    is_replaced BOOLEAN NOT NULL,
    PRIMARY KEY (kind, system, value)
)
 WITHOUT ROWID;

CREATE INDEX ix_identifiers_customer ON identifiers (customer_id);

CREATE INDEX ix_identifiers_value ON identifiers (value);

CREATE TABLE imports (
    "key" VARCHAR NOT NULL,
    done_at BIGINT NOT NULL,
    report TEXT NOT NULL,
    PRIMARY KEY ("key")
)
 WITHOUT ROWID;

CREATE TABLE inbox (
    origin VARCHAR NOT NULL,
    customer_id CHAR(32) NOT NULL,
    sequence BIGINT NOT NULL,
    PRIMARY KEY (origin, customer_id)
)
 WITHOUT ROWID;

CREATE TABLE locations (
    id CHAR(32) NOT NULL,
    kind VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    store_id VARCHAR,
    phone TEXT,
    address TEXT,
    latitude FLOAT,
    longitude FLOAT,
    timezone VARCHAR NOT NULL,
    hours TEXT NOT NULL,
    special_hours TEXT,
    is_open_24_hours BOOLEAN NOT NULL,
    is_franchise BOOLEAN NOT NULL,
    participations TEXT NOT NULL,
    operation_notes TEXT,
    PRIMARY KEY (id)
)
 WITHOUT ROWID;

CREATE INDEX ix_locations_latitude ON locations (latitude, longitude);

CREATE INDEX ix_locations_name ON locations (name, id);

CREATE UNIQUE INDEX ux_locations_store_id ON locations (store_id);

CREATE TABLE loyalty_cards (
    customer_id CHAR(32) NOT NULL,
    id CHAR(32) NOT NULL,
    number TEXT NOT NULL,
    status VARCHAR NOT NULL,
    issued_at BIGINT NOT NULL,
    replaced_at BIGINT,
    replaced_by_id CHAR(32),
    PRIMARY KEY (customer_id, id)
)
 WITHOUT ROWID;

CREATE INDEX ix_loyalty_cards_issued_at ON loyalty_cards (customer_id, issued_at, id);

CREATE TABLE messages (
    customer_id CHAR(32) NOT NULL,
    id CHAR(32) NOT NULL,
    title TEXT NOT NULL,
    preview TEXT NOT NULL,
    distributed_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    ends_at BIGINT,
    read_at BIGINT,
    deliveries TEXT NOT NULL,
    PRIMARY KEY (customer_id, id)
)
 WITHOUT ROWID;

CREATE INDEX ix_messages_distributed_at ON messages (customer_id, distributed_at, id);

CREATE TABLE note_revisions (
    customer_id CHAR(32) NOT NULL,
    note_id CHAR(32) NOT NULL,
    version BIGINT NOT NULL,
    text BLOB NOT NULL,
    at BIGINT NOT NULL,
    editor_kind VARCHAR NOT NULL,
    editor_id VARCHAR NOT NULL,
    PRIMARY KEY (customer_id, note_id, version)
)
 WITHOUT ROWID;

CREATE TABLE notes (
    customer_id CHAR(32) NOT NULL,
    id CHAR(32) NOT NULL,
    text BLOB NOT NULL,
    reason_key VARCHAR,
    created_at BIGINT NOT NULL,
    author_kind VARCHAR NOT NULL,
    author_id VARCHAR NOT NULL,
    edited_at BIGINT,
    edited_by_kind VARCHAR,
    edited_by_id VARCHAR,
    version BIGINT NOT NULL,
    deleted_at BIGINT,
    PRIMARY KEY (customer_id, id)
)
 WITHOUT ROWID;

CREATE INDEX ix_notes_created_at ON notes (customer_id, created_at, id);

CREATE TABLE offer_exclusions (
    customer_id CHAR(32) NOT NULL,
    offer_id CHAR(32) NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (customer_id, offer_id)
)
 WITHOUT ROWID;

CREATE TABLE offers (
    id CHAR(32) NOT NULL,
    "key" VARCHAR NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    type VARCHAR NOT NULL,
    title TEXT NOT NULL,
    description TEXT,
    starts_at BIGINT,
    ends_at BIGINT,
    is_active BOOLEAN NOT NULL,
    is_issuable BOOLEAN NOT NULL,
    inventory_initial INTEGER,
    inventory_remaining INTEGER,
    per_customer_limit INTEGER,
    redeemable_days INTEGER,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id)
)
 WITHOUT ROWID;

CREATE INDEX ix_offers_created ON offers (created_at, id);

CREATE UNIQUE INDEX ux_offers_key ON offers ("key");

CREATE TABLE outbox (
    topic VARCHAR NOT NULL,
    lane CHAR(32) NOT NULL,
    sequence BIGINT NOT NULL,
    id CHAR(32) NOT NULL,
    customer_id CHAR(32) NOT NULL,
    kind VARCHAR NOT NULL,
    payload TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (topic, lane, sequence)
)
 WITHOUT ROWID;

CREATE INDEX ix_outbox_created_at ON outbox (topic, created_at);

CREATE TABLE outbox_lanes (
    topic VARCHAR NOT NULL,
    lane CHAR(32) NOT NULL,
    sequence BIGINT NOT NULL,
    due_at BIGINT,
    attempts BIGINT NOT NULL,
    PRIMARY KEY (topic, lane)
)
 WITHOUT ROWID;

CREATE INDEX ix_outbox_lanes_due ON outbox_lanes (topic, due_at, lane);

CREATE TABLE point_accounts (
    customer_id CHAR(32) NOT NULL,
    account_key VARCHAR NOT NULL,
    balance BIGINT NOT NULL,
    pending BIGINT NOT NULL,
    held BIGINT NOT NULL,
    lifetime_earned BIGINT NOT NULL,
    lifetime_spent BIGINT NOT NULL,
    lifetime_expired BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    PRIMARY KEY (customer_id, account_key)
)
 WITHOUT ROWID;

CREATE TABLE point_allocations (
    customer_id CHAR(32) NOT NULL,
    debit_id CHAR(32) NOT NULL,
    lot_id CHAR(32) NOT NULL,
    points BIGINT NOT NULL,
    PRIMARY KEY (customer_id, debit_id, lot_id)
)
 WITHOUT ROWID;

CREATE TABLE point_days (
    customer_id CHAR(32) NOT NULL,
    account_key VARCHAR NOT NULL,
    day DATE NOT NULL,
    kind VARCHAR NOT NULL,
    points BIGINT NOT NULL,
    entries INTEGER NOT NULL,
    PRIMARY KEY (customer_id, account_key, day, kind)
)
 WITHOUT ROWID;

CREATE TABLE point_entries (
    customer_id CHAR(32) NOT NULL,
    id CHAR(32) NOT NULL,
    account_key VARCHAR NOT NULL,
    sequence BIGINT NOT NULL,
    kind VARCHAR NOT NULL,
    source_key VARCHAR NOT NULL,
    modification BIGINT NOT NULL,
    balance_before BIGINT NOT NULL,
    balance_after BIGINT NOT NULL,
    reference_type VARCHAR NOT NULL,
    reference_id TEXT,
    transaction_id TEXT,
    purchase_id CHAR(32),
    description TEXT,
    occurred_at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    expires_at BIGINT,
    actor_kind VARCHAR,
    actor_id VARCHAR,
    reason_code VARCHAR,
    internal_note BLOB,
    customer_visible_reason TEXT,
    reverses CHAR(32),
    uncovered BIGINT,
    paid_off BIGINT,
    correlation_id TEXT,
    approval_id CHAR(32),
    PRIMARY KEY (customer_id, id)
)
 WITHOUT ROWID;

CREATE INDEX ix_point_entries_account_key_occurred_at ON point_entries (customer_id, account_key, occurred_at, id);

CREATE INDEX ix_point_entries_occurred_at ON point_entries (customer_id, occurred_at, id);

CREATE INDEX ix_point_entries_purchase_id ON point_entries (customer_id, purchase_id, id);

CREATE INDEX ix_point_entries_uncovered ON point_entries (customer_id, account_key, sequence) WHERE uncovered IS NOT NULL;

CREATE UNIQUE INDEX ux_point_entries_reverses ON point_entries (customer_id, reverses);

CREATE UNIQUE INDEX ux_point_entries_sequence ON point_entries (customer_id, account_key, sequence);

CREATE TABLE point_lots (
    customer_id CHAR(32) NOT NULL,
    entry_id CHAR(32) NOT NULL,
    account_key VARCHAR NOT NULL,
    earned_at BIGINT NOT NULL,
    expires_at BIGINT,
    points BIGINT NOT NULL,
    amount_spent BIGINT NOT NULL,
    amount_expired BIGINT NOT NULL,
    remaining BIGINT NOT NULL,
    PRIMARY KEY (customer_id, entry_id)
)
 WITHOUT ROWID;

CREATE INDEX ix_point_lots_due ON point_lots (expires_at, customer_id) WHERE remaining > 0;

CREATE INDEX ix_point_lots_open ON point_lots (customer_id, account_key, expires_at, earned_at, entry_id) WHERE remaining > 0;

CREATE TABLE privacy_requests (
    id CHAR(32) NOT NULL,
    customer_id CHAR(32),
    type VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    submitted_at BIGINT NOT NULL,
    completed_at BIGINT,
    requested_by_kind VARCHAR NOT NULL,
    requested_by_id VARCHAR NOT NULL,
    steps TEXT NOT NULL,
    files TEXT NOT NULL,
    PRIMARY KEY (id)
)
 WITHOUT ROWID;

CREATE INDEX ix_privacy_requests_customer ON privacy_requests (customer_id, submitted_at, id);

CREATE INDEX ix_privacy_requests_submitted ON privacy_requests (submitted_at, id);

CREATE TABLE profile_versions (
    customer_id CHAR(32) NOT NULL,
    version BIGINT NOT NULL,
    operation VARCHAR NOT NULL,
    changes BLOB NOT NULL,
    at BIGINT NOT NULL,
    actor_kind VARCHAR NOT NULL,
    actor_id VARCHAR NOT NULL,
    reason_code VARCHAR,
    PRIMARY KEY (customer_id, version)
)
 WITHOUT ROWID;

CREATE TABLE program (
    "key" VARCHAR NOT NULL,
    settings TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY ("key")
)
 WITHOUT ROWID;

CREATE TABLE promo_code_errors (
    customer_id CHAR(32) NOT NULL,
    id CHAR(32) NOT NULL,
    entered_code TEXT NOT NULL,
    reason VARCHAR NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (customer_id, id)
)
 WITHOUT ROWID;

CREATE INDEX ix_promo_code_errors_at ON promo_code_errors (customer_id, at, id);

CREATE TABLE promo_code_limiters (
    customer_id CHAR(32) NOT NULL,
    id CHAR(32) NOT NULL,
    code VARCHAR NOT NULL,
    policy VARCHAR NOT NULL,
    description TEXT NOT NULL,
    triggered_at BIGINT NOT NULL,
    attempts INTEGER NOT NULL,
    window_ends_at BIGINT,
    PRIMARY KEY (customer_id, id)
)
 WITHOUT ROWID;

CREATE INDEX ix_promo_code_limiters_triggered_at ON promo_code_limiters (customer_id, triggered_at, id);

CREATE TABLE promo_code_lockouts (
    customer_id CHAR(32) NOT NULL,
    locked_at BIGINT,
    expires_at BIGINT,
    consecutive_failures INTEGER NOT NULL,
    total_failures INTEGER NOT NULL,
    reset_count INTEGER NOT NULL,
    PRIMARY KEY (customer_id)
)
 WITHOUT ROWID;

CREATE TABLE promo_codes (
    id CHAR(32) NOT NULL,
    code VARCHAR NOT NULL,
    campaign_name TEXT NOT NULL,
    starts_at BIGINT,
    expires_at BIGINT,
    claim_cap INTEGER,
    claims INTEGER NOT NULL,
    limiter VARCHAR,
    limiter_description TEXT,
    window TEXT,
    per_customer_limit INTEGER,
    only_assigned BOOLEAN NOT NULL,
    outcomes TEXT NOT NULL,
    PRIMARY KEY (id)
)
 WITHOUT ROWID;

CREATE UNIQUE INDEX ux_promo_codes_code ON promo_codes (code);

CREATE TABLE rewards (
    customer_id CHAR(32) NOT NULL,
    id CHAR(32) NOT NULL,
    name TEXT NOT NULL,
    status VARCHAR NOT NULL,
    redeemed_at BIGINT,
    created_at BIGINT NOT NULL,
    offer_type VARCHAR NOT NULL,
    quantity INTEGER NOT NULL,
    redemptions_used INTEGER NOT NULL,
    points_price BIGINT NOT NULL,
    points_spent BIGINT NOT NULL,
    "order" TEXT,
    PRIMARY KEY (customer_id, id)
)
 WITHOUT ROWID;

CREATE INDEX ix_rewards_created_at ON rewards (customer_id, created_at, id);

CREATE TABLE segment_members (
    customer_id CHAR(32) NOT NULL,
    segment_id CHAR(32) NOT NULL,
    since BIGINT NOT NULL,
    added_by_kind VARCHAR,
    added_by_id VARCHAR,
    variant VARCHAR,
    PRIMARY KEY (customer_id, segment_id)
)
 WITHOUT ROWID;

CREATE INDEX ix_segment_members_segment ON segment_members (segment_id, customer_id);

CREATE INDEX ix_segment_members_since ON segment_members (customer_id, since, segment_id);

CREATE TABLE segments (
    id CHAR(32) NOT NULL,
    "key" VARCHAR NOT NULL,
    name TEXT NOT NULL,
    kind VARCHAR NOT NULL,
    is_test BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id)
)
 WITHOUT ROWID;

CREATE UNIQUE INDEX ux_segments_key ON segments ("key");

CREATE TABLE suppressed_identifiers (
    match_hash VARCHAR NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (match_hash)
)
 WITHOUT ROWID;

CREATE TABLE tag_changes (
    customer_id CHAR(32) NOT NULL,
    id CHAR(32) NOT NULL,
    "key" VARCHAR NOT NULL,
    value TEXT,
    action VARCHAR NOT NULL,
    origin VARCHAR NOT NULL,
    at BIGINT NOT NULL,
    actor_kind VARCHAR,
    actor_id VARCHAR,
    PRIMARY KEY (customer_id, id)
)
 WITHOUT ROWID;

CREATE INDEX ix_tag_changes_at ON tag_changes (customer_id, at, id);

CREATE TABLE tickets (
    customer_id CHAR(32) NOT NULL,
    id CHAR(32) NOT NULL,
    external_id VARCHAR NOT NULL,
    system VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    type VARCHAR,
    subject BLOB,
    submitted_at BIGINT NOT NULL,
    updated_at BIGINT,
    url TEXT NOT NULL,
    PRIMARY KEY (customer_id, id)
)
 WITHOUT ROWID;

CREATE INDEX ix_tickets_submitted_at ON tickets (customer_id, submitted_at, id);

CREATE TABLE tier_changes (
    customer_id CHAR(32) NOT NULL,
    id CHAR(32) NOT NULL,
    system_key VARCHAR NOT NULL,
    from_key VARCHAR,
    to_key VARCHAR NOT NULL,
    direction VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    note BLOB,
    at BIGINT NOT NULL,
    actor_kind VARCHAR,
    actor_id VARCHAR,
    PRIMARY KEY (customer_id, id)
)
 WITHOUT ROWID;

CREATE INDEX ix_tier_changes_at ON tier_changes (customer_id, at, id);

CREATE TABLE tier_days (
    customer_id CHAR(32) NOT NULL,
    system_key VARCHAR NOT NULL,
    day DATE NOT NULL,
    amount_minor BIGINT NOT NULL,
    PRIMARY KEY (customer_id, system_key, day)
)
 WITHOUT ROWID;

CREATE TABLE transaction_items (
    customer_id CHAR(32) NOT NULL,
    transaction_id CHAR(32) NOT NULL,
    line INTEGER NOT NULL,
    sku VARCHAR NOT NULL,
    name TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    unit_price_minor BIGINT NOT NULL,
    total_minor BIGINT NOT NULL,
    returned_quantity INTEGER NOT NULL,
    PRIMARY KEY (customer_id, transaction_id, line)
)
 WITHOUT ROWID;

CREATE TABLE transactions (
    customer_id CHAR(32) NOT NULL,
    id CHAR(32) NOT NULL,
    source VARCHAR NOT NULL,
    external_id VARCHAR NOT NULL,
    occurred_at BIGINT NOT NULL,
    order_source VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    location_id CHAR(32),
    currency VARCHAR NOT NULL,
    subtotal_minor BIGINT NOT NULL,
    discount_minor BIGINT NOT NULL,
    tax_minor BIGINT NOT NULL,
    total_minor BIGINT NOT NULL,
    payments TEXT NOT NULL,
    discounts TEXT NOT NULL,
    non_accruing BOOLEAN NOT NULL,
    counted_at BIGINT,
    receipt_url TEXT,
    PRIMARY KEY (customer_id, id)
)
 WITHOUT ROWID;

CREATE INDEX ix_transactions_occurred_at ON transactions (customer_id, occurred_at, id);

CREATE UNIQUE INDEX ux_transactions_external_id ON transactions (customer_id, source, external_id);

CREATE TABLE unmatched_events (
    id CHAR(32) NOT NULL,
    type VARCHAR NOT NULL,
    occurred_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    source VARCHAR NOT NULL,
    source_event_id VARCHAR NOT NULL,
    reason TEXT NOT NULL,
    channel VARCHAR NOT NULL,
    match_hash VARCHAR NOT NULL,
    payload BLOB NOT NULL,
    PRIMARY KEY (id)
)
 WITHOUT ROWID;

CREATE INDEX ix_unmatched_events_match ON unmatched_events (match_hash);

CREATE INDEX ix_unmatched_events_received ON unmatched_events (received_at, id);

CREATE UNIQUE INDEX ux_unmatched_events_source ON unmatched_events (source, source_event_id);
