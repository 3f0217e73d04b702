CREATE TABLE actors (
    kind VARCHAR COLLATE "C" NOT NULL,
    actor_id VARCHAR COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (kind, actor_id)
);

CREATE TABLE adjustment_days (
    actor_kind VARCHAR COLLATE "C" NOT NULL,
    actor_id VARCHAR COLLATE "C" NOT NULL,
    operation VARCHAR COLLATE "C" NOT NULL,
    currency VARCHAR COLLATE "C" NOT NULL,
    day DATE NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (actor_kind, actor_id, operation, currency, day)
);

CREATE TABLE approvals (
    id UUID NOT NULL,
    operation VARCHAR COLLATE "C" NOT NULL,
    state VARCHAR COLLATE "C" NOT NULL,
    requested_by_kind VARCHAR COLLATE "C" NOT NULL,
    requested_by_id VARCHAR COLLATE "C" NOT NULL,
    requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_by_kind VARCHAR COLLATE "C",
    decided_by_id VARCHAR COLLATE "C",
    decided_at TIMESTAMP WITH TIME ZONE,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    amount BIGINT NOT NULL,
    currency VARCHAR COLLATE "C",
    customer_id UUID NOT NULL,
    reason_code VARCHAR COLLATE "C",
    comment BYTEA,
    failure_code VARCHAR COLLATE "C",
    request JSON NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX ix_approvals_requested ON approvals (requested_at, id);

CREATE INDEX ix_approvals_state ON approvals (state, requested_at, id);

CREATE TABLE audit_entries (
    customer_id UUID NOT NULL,
    id UUID NOT NULL,
    sequence BIGINT NOT NULL,
    type VARCHAR COLLATE "C" NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor_kind VARCHAR COLLATE "C" NOT NULL,
    actor_id VARCHAR COLLATE "C" NOT NULL,
    outcome VARCHAR COLLATE "C" NOT NULL,
    summary BYTEA NOT NULL,
    changes BYTEA NOT NULL,
    reason_code VARCHAR COLLATE "C",
    ticket_id VARCHAR COLLATE "C",
    correlation_id VARCHAR COLLATE "C" NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (customer_id, id)
);

CREATE INDEX ix_audit_entries_at ON audit_entries (customer_id, at, id);

CREATE UNIQUE INDEX ux_audit_entries_sequence ON audit_entries (customer_id, sequence);

CREATE TABLE audit_heads (
    customer_id UUID NOT NULL,
    sequence BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (customer_id)
);

CREATE TABLE campaigns (
    id UUID NOT NULL,
    key VARCHAR COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    type VARCHAR COLLATE "C" NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE,
    unit VARCHAR COLLATE "C",
    target_hundredths BIGINT,
    outcomes JSON NOT NULL,
    PRIMARY KEY (id)
);

CREATE UNIQUE INDEX ux_campaigns_key ON campaigns (key);

CREATE TABLE card_history (
    customer_id UUID NOT NULL,
    id UUID NOT NULL,
    card_id UUID NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    activity VARCHAR COLLATE "C" NOT NULL,
    amount_minor BIGINT NOT NULL,
    balance_after_minor BIGINT NOT NULL,
    currency VARCHAR COLLATE "C" NOT NULL,
    actor_kind VARCHAR COLLATE "C",
    actor_id VARCHAR COLLATE "C",
    reason_code VARCHAR COLLATE "C",
    counterpart_last_four VARCHAR COLLATE "C",
    correlation_id TEXT,
    PRIMARY KEY (customer_id, id)
);

CREATE INDEX ix_card_history_card ON card_history (card_id, at, id);

CREATE INDEX ix_card_history_row ON card_history (card_id, id);

CREATE TABLE card_numbers (
    number_hash VARCHAR COLLATE "C" NOT NULL,
    customer_id UUID NOT NULL,
    card_id UUID NOT NULL,
    PRIMARY KEY (number_hash)
);

CREATE TABLE cards (
    customer_id UUID NOT NULL,
    id UUID NOT NULL,
    number BYTEA NOT NULL,
    last_four VARCHAR COLLATE "C" NOT NULL,
    kind VARCHAR COLLATE "C" NOT NULL,
    status VARCHAR COLLATE "C" NOT NULL,
    type VARCHAR COLLATE "C" NOT NULL,
    design TEXT,
    nickname TEXT,
    currency VARCHAR COLLATE "C" NOT NULL,
    balance_minor BIGINT NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    registered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    removed_at TIMESTAMP WITH TIME ZONE,
    version BIGINT NOT NULL,
    PRIMARY KEY (customer_id, id)
);

CREATE INDEX ix_cards_registered_at ON cards (customer_id, registered_at, id);

CREATE TABLE consents (
    customer_id UUID NOT NULL,
    channel VARCHAR COLLATE "C" NOT NULL,
    purpose VARCHAR COLLATE "C" NOT NULL,
    state VARCHAR COLLATE "C" NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE,
    evidence TEXT,
    PRIMARY KEY (customer_id, channel, purpose)
);

CREATE TABLE customer_campaigns (
    customer_id UUID NOT NULL,
    id UUID NOT NULL,
    campaign_id UUID NOT NULL,
    status VARCHAR COLLATE "C" NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
    completed_at TIMESTAMP WITH TIME ZONE,
    completed_by_kind VARCHAR COLLATE "C",
    completed_by_id VARCHAR COLLATE "C",
    progress_hundredths BIGINT,
    version BIGINT NOT NULL,
    PRIMARY KEY (customer_id, id)
);

CREATE INDEX ix_customer_campaigns_campaign_id ON customer_campaigns (customer_id, campaign_id, id);

CREATE INDEX ix_customer_campaigns_starts_at ON customer_campaigns (customer_id, starts_at, id);

CREATE TABLE customer_metrics (
    customer_id UUID NOT NULL,
    computed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    metrics JSON NOT NULL,
    PRIMARY KEY (customer_id)
);

CREATE TABLE customer_offer_changes (
    customer_id UUID NOT NULL,
    id UUID NOT NULL,
    customer_offer_id UUID NOT NULL,
    from_state VARCHAR COLLATE "C",
    to_state VARCHAR COLLATE "C" NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor_kind VARCHAR COLLATE "C",
    actor_id VARCHAR COLLATE "C",
    reason_code VARCHAR COLLATE "C",
    PRIMARY KEY (customer_id, id)
);

CREATE INDEX ix_customer_offer_changes_customer_offer_id_at ON customer_offer_changes (customer_id, customer_offer_id, at, id);

CREATE TABLE customer_offers (
    customer_id UUID NOT NULL,
    id UUID NOT NULL,
    offer_id UUID NOT NULL,
    state VARCHAR COLLATE "C" NOT NULL,
    issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
    issued_by_kind VARCHAR COLLATE "C",
    issued_by_id VARCHAR COLLATE "C",
    distributed_at TIMESTAMP WITH TIME ZONE,
    activated_at TIMESTAMP WITH TIME ZONE,
    redeemable_from TIMESTAMP WITH TIME ZONE,
    redeemable_until TIMESTAMP WITH TIME ZONE,
    redeemed_at TIMESTAMP WITH TIME ZONE,
    is_visible BOOLEAN NOT NULL,
    flex_fields JSON NOT NULL,
    transaction_id TEXT,
    variant VARCHAR COLLATE "C",
    version BIGINT NOT NULL,
    PRIMARY KEY (customer_id, id)
);

CREATE INDEX ix_customer_offers_issued_at ON customer_offers (customer_id, issued_at, id);

CREATE INDEX ix_customer_offers_offer_id ON customer_offers (customer_id, offer_id, id);

CREATE INDEX ix_customer_offers_transaction_id ON customer_offers (customer_id, transaction_id, id);

CREATE TABLE customer_places (
    customer_id UUID NOT NULL,
    relation VARCHAR COLLATE "C" NOT NULL,
    location_id UUID NOT NULL,
    store_id VARCHAR COLLATE "C",
    last_seen_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (customer_id, relation, location_id)
);

CREATE INDEX ix_customer_places_location ON customer_places (location_id, customer_id);

CREATE INDEX ix_customer_places_store ON customer_places (store_id, customer_id);

CREATE TABLE customer_promo_codes (
    customer_id UUID NOT NULL,
    id UUID NOT NULL,
    code VARCHAR COLLATE "C" NOT NULL,
    state VARCHAR COLLATE "C" NOT NULL,
    campaign_name TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    claimed_at TIMESTAMP WITH TIME ZONE,
    assigned_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (customer_id, id)
);

CREATE INDEX ix_customer_promo_codes_at ON customer_promo_codes (customer_id, at, id);

CREATE TABLE customer_tags (
    customer_id UUID NOT NULL,
    key VARCHAR COLLATE "C" NOT NULL,
    value_key VARCHAR COLLATE "C" NOT NULL,
    count INTEGER NOT NULL,
    origin VARCHAR COLLATE "C" NOT NULL,
    first_applied_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_applied_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (customer_id, key, value_key)
);

CREATE INDEX ix_customer_tags_key ON customer_tags (key, value_key, customer_id);

CREATE INDEX ix_customer_tags_top ON customer_tags (customer_id, count, last_applied_at, key, value_key);

CREATE TABLE customer_tiers (
    customer_id UUID NOT NULL,
    system_key VARCHAR COLLATE "C" NOT NULL,
    tier_key VARCHAR COLLATE "C" NOT NULL,
    status VARCHAR COLLATE "C" NOT NULL,
    entered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    protected_key VARCHAR COLLATE "C",
    protected_until TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (customer_id, system_key)
);

CREATE TABLE customers (
    customer_id UUID NOT NULL,
    support_id VARCHAR COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    first_name TEXT,
    last_name TEXT,
    email TEXT,
    phone TEXT,
    email_verified_at TIMESTAMP WITH TIME ZONE,
    phone_verified_at TIMESTAMP WITH TIME ZONE,
    date_of_birth DATE,
    gender TEXT,
    locale TEXT,
    spoken_languages JSON NOT NULL,
    addresses JSON NOT NULL,
    attributes JSON NOT NULL,
    external_ids JSON NOT NULL,
    loyalty_number TEXT,
    status_key VARCHAR COLLATE "C" NOT NULL,
    membership VARCHAR COLLATE "C" NOT NULL,
    verified_at TIMESTAMP WITH TIME ZONE,
    blocked_at TIMESTAMP WITH TIME ZONE,
    block_reason TEXT,
    deleted_at TIMESTAMP WITH TIME ZONE,
    state_before VARCHAR COLLATE "C",
    status_before VARCHAR COLLATE "C",
    processing VARCHAR COLLATE "C" NOT NULL,
    is_test_persona BOOLEAN NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    enrolled_at TIMESTAMP WITH TIME ZONE,
    last_active_at TIMESTAMP WITH TIME ZONE,
    favorite_location_id UUID,
    first_name_key VARCHAR COLLATE "C" NOT NULL,
    last_name_key VARCHAR COLLATE "C" NOT NULL,
    email_key VARCHAR COLLATE "C" NOT NULL,
    phone_key VARCHAR COLLATE "C" NOT NULL,
    active_key TIMESTAMP WITH TIME ZONE NOT NULL,
    wrapped_key BYTEA,
    PRIMARY KEY (customer_id)
);

CREATE INDEX ix_customers_active_at ON customers (active_key, customer_id);

CREATE INDEX ix_customers_created_at ON customers (created_at, customer_id);

CREATE INDEX ix_customers_email ON customers (email_key, customer_id);

CREATE INDEX ix_customers_first_name ON customers (first_name_key, customer_id);

CREATE INDEX ix_customers_last_name ON customers (last_name_key, first_name_key, customer_id);

CREATE INDEX ix_customers_phone ON customers (phone_key, customer_id);

CREATE UNIQUE INDEX ux_customers_support_id ON customers (support_id);

CREATE TABLE devices (
    customer_id UUID NOT NULL,
    id UUID NOT NULL,
    platform VARCHAR COLLATE "C" NOT NULL,
    model TEXT,
    os_name TEXT,
    os_version TEXT,
    app_version TEXT,
    resolution TEXT,
    push_enabled BOOLEAN,
    last_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    is_supported BOOLEAN NOT NULL,
    unsupported_reason TEXT,
    PRIMARY KEY (customer_id, id)
);

CREATE INDEX ix_devices_last_seen_at ON devices (customer_id, last_seen_at, id);

CREATE TABLE digital_properties (
    customer_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    type VARCHAR COLLATE "C" NOT NULL,
    first_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (customer_id, id)
);

CREATE INDEX ix_digital_properties_last_seen_at ON digital_properties (customer_id, last_seen_at, id);

CREATE TABLE direct_messages (
    customer_id UUID NOT NULL,
    id UUID NOT NULL,
    direction VARCHAR COLLATE "C" NOT NULL,
    author_kind VARCHAR COLLATE "C",
    author_id VARCHAR COLLATE "C",
    body BYTEA NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE NOT NULL,
    read_at TIMESTAMP WITH TIME ZONE,
    support_request_id VARCHAR COLLATE "C",
    deliveries JSON NOT NULL,
    PRIMARY KEY (customer_id, id)
);

CREATE INDEX ix_direct_messages_sent_at ON direct_messages (customer_id, sent_at, id);

CREATE INDEX ix_direct_messages_support_request_id ON direct_messages (customer_id, support_request_id, id);

CREATE TABLE event_keys (
    source VARCHAR COLLATE "C" NOT NULL,
    source_event_id VARCHAR COLLATE "C" NOT NULL,
    customer_id UUID NOT NULL,
    event_id UUID NOT NULL,
    PRIMARY KEY (source, source_event_id)
);

CREATE TABLE events (
    customer_id UUID NOT NULL,
    id UUID NOT NULL,
    type VARCHAR COLLATE "C" NOT NULL,
    occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    channel VARCHAR COLLATE "C" NOT NULL,
    source VARCHAR COLLATE "C" NOT NULL,
    source_event_id VARCHAR COLLATE "C" NOT NULL,
    reference_id UUID,
    facts JSON NOT NULL,
    attributes BYTEA,
    search_text TEXT NOT NULL,
    PRIMARY KEY (customer_id, id)
);

CREATE INDEX ix_events_occurred_at ON events (customer_id, occurred_at, id);

CREATE INDEX ix_events_type_occurred_at ON events (customer_id, type, occurred_at, id);

CREATE TABLE idempotency_keys (
    caller VARCHAR COLLATE "C" NOT NULL,
    key VARCHAR COLLATE "C" NOT NULL,
    operation VARCHAR COLLATE "C" NOT NULL,
    fingerprint VARCHAR COLLATE "C" NOT NULL,
    made JSON NOT NULL,
    claimed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (caller, key)
);

CREATE TABLE identifiers (
    kind VARCHAR COLLATE "C" NOT NULL,
    system VARCHAR COLLATE "C" NOT NULL,
    value VARCHAR COLLATE "C" NOT NULL,
    customer_id UUID NOT NULL,
    is_replaced BOOLEAN NOT NULL,
    PRIMARY KEY (kind, system, value)
);

CREATE INDEX ix_identifiers_customer ON identifiers (customer_id);

CREATE INDEX ix_identifiers_value ON identifiers (value);

CREATE TABLE imports (
    key VARCHAR COLLATE "C" NOT NULL,
    done_at TIMESTAMP WITH TIME ZONE NOT NULL,
    report JSON NOT NULL,
    PRIMARY KEY (key)
);

CREATE TABLE inbox (
    origin VARCHAR COLLATE "C" NOT NULL,
    customer_id UUID NOT NULL,
    sequence BIGINT NOT NULL,
    PRIMARY KEY (origin, customer_id)
);

CREATE TABLE locations (
    id UUID NOT NULL,
    kind VARCHAR COLLATE "C" NOT NULL,
    name VARCHAR COLLATE "C" NOT NULL,
    store_id VARCHAR COLLATE "C",
    phone TEXT,
    address JSON,
    latitude FLOAT,
    longitude FLOAT,
    timezone VARCHAR COLLATE "C" NOT NULL,
    hours JSON NOT NULL,
    special_hours JSON,
    is_open_24_hours BOOLEAN NOT NULL,
    is_franchise BOOLEAN NOT NULL,
    participations JSON NOT NULL,
    operation_notes TEXT,
    PRIMARY KEY (id)
);

CREATE INDEX ix_locations_latitude ON locations (latitude, longitude);

CREATE INDEX ix_locations_name ON locations (name, id);

CREATE UNIQUE INDEX ux_locations_store_id ON locations (store_id);

CREATE TABLE loyalty_cards (
    customer_id UUID NOT NULL,
    id UUID NOT NULL,
    number TEXT NOT NULL,
    status VARCHAR COLLATE "C" NOT NULL,
    issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
    replaced_at TIMESTAMP WITH TIME ZONE,
    replaced_by_id UUID,
    PRIMARY KEY (customer_id, id)
);

CREATE INDEX ix_loyalty_cards_issued_at ON loyalty_cards (customer_id, issued_at, id);

CREATE TABLE messages (
    customer_id UUID NOT NULL,
    id UUID NOT NULL,
    title TEXT NOT NULL,
    preview TEXT NOT NULL,
    distributed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE,
    read_at TIMESTAMP WITH TIME ZONE,
    deliveries JSON NOT NULL,
    PRIMARY KEY (customer_id, id)
);

CREATE INDEX ix_messages_distributed_at ON messages (customer_id, distributed_at, id);

CREATE TABLE note_revisions (
    customer_id UUID NOT NULL,
    note_id UUID NOT NULL,
    version BIGINT NOT NULL,
    text BYTEA NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    editor_kind VARCHAR COLLATE "C" NOT NULL,
    editor_id VARCHAR COLLATE "C" NOT NULL,
    PRIMARY KEY (customer_id, note_id, version)
);

CREATE TABLE notes (
    customer_id UUID NOT NULL,
    id UUID NOT NULL,
    text BYTEA NOT NULL,
    reason_key VARCHAR COLLATE "C",
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    author_kind VARCHAR COLLATE "C" NOT NULL,
    author_id VARCHAR COLLATE "C" NOT NULL,
    edited_at TIMESTAMP WITH TIME ZONE,
    edited_by_kind VARCHAR COLLATE "C",
    edited_by_id VARCHAR COLLATE "C",
    version BIGINT NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (customer_id, id)
);

CREATE INDEX ix_notes_created_at ON notes (customer_id, created_at, id);

CREATE TABLE offer_exclusions (
    customer_id UUID NOT NULL,
    offer_id UUID NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (customer_id, offer_id)
);

CREATE TABLE offers (
    id UUID NOT NULL,
    key VARCHAR COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    type VARCHAR COLLATE "C" NOT NULL,
    title TEXT NOT NULL,
    description TEXT,
    starts_at TIMESTAMP WITH TIME ZONE,
    ends_at TIMESTAMP WITH TIME ZONE,
    is_active BOOLEAN NOT NULL,
    is_issuable BOOLEAN NOT NULL,
    inventory_initial INTEGER,
    inventory_remaining INTEGER,
    per_customer_limit INTEGER,
    redeemable_days INTEGER,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX ix_offers_created ON offers (created_at, id);

CREATE UNIQUE INDEX ux_offers_key ON offers (key);

CREATE TABLE outbox (
    topic VARCHAR COLLATE "C" NOT NULL,
    lane UUID NOT NULL,
    sequence BIGINT NOT NULL,
    id UUID NOT NULL,
    customer_id UUID NOT NULL,
    kind VARCHAR COLLATE "C" NOT NULL,
    payload JSON NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (topic, lane, sequence)
);

CREATE INDEX ix_outbox_created_at ON outbox (topic, created_at);

CREATE TABLE outbox_lanes (
    topic VARCHAR COLLATE "C" NOT NULL,
    lane UUID NOT NULL,
    sequence BIGINT NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE,
    attempts BIGINT NOT NULL,
    PRIMARY KEY (topic, lane)
);

CREATE INDEX ix_outbox_lanes_due ON outbox_lanes (topic, due_at, lane);

CREATE TABLE point_accounts (
    customer_id UUID NOT NULL,
    account_key VARCHAR COLLATE "C" NOT NULL,
    balance BIGINT NOT NULL,
    pending BIGINT NOT NULL,
    held BIGINT NOT NULL,
    lifetime_earned BIGINT NOT NULL,
    lifetime_spent BIGINT NOT NULL,
    lifetime_expired BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    PRIMARY KEY (customer_id, account_key)
);

CREATE TABLE point_allocations (
    customer_id UUID NOT NULL,
    debit_id UUID NOT NULL,
    lot_id UUID NOT NULL,
    points BIGINT NOT NULL,
    PRIMARY KEY (customer_id, debit_id, lot_id)
);

CREATE TABLE point_days (
    customer_id UUID NOT NULL,
    account_key VARCHAR COLLATE "C" NOT NULL,
    day DATE NOT NULL,
    kind VARCHAR COLLATE "C" NOT NULL,
    points BIGINT NOT NULL,
    entries INTEGER NOT NULL,
    PRIMARY KEY (customer_id, account_key, day, kind)
);

CREATE TABLE point_entries (
    customer_id UUID NOT NULL,
    id UUID NOT NULL,
    account_key VARCHAR COLLATE "C" NOT NULL,
    sequence BIGINT NOT NULL,
    kind VARCHAR COLLATE "C" NOT NULL,
    source_key VARCHAR COLLATE "C" NOT NULL,
    modification BIGINT NOT NULL,
    balance_before BIGINT NOT NULL,
    balance_after BIGINT NOT NULL,
    reference_type VARCHAR COLLATE "C" NOT NULL,
    reference_id TEXT,
    transaction_id TEXT,
    purchase_id UUID,
    description TEXT,
    occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    actor_kind VARCHAR COLLATE "C",
    actor_id VARCHAR COLLATE "C",
    reason_code VARCHAR COLLATE "C",
    internal_note BYTEA,
    customer_visible_reason TEXT,
    reverses UUID,
    uncovered BIGINT,
    paid_off BIGINT,
    correlation_id TEXT,
    approval_id UUID,
    PRIMARY KEY (customer_id, id)
);

CREATE INDEX ix_point_entries_account_key_occurred_at ON point_entries (customer_id, account_key, occurred_at, id);

CREATE INDEX ix_point_entries_occurred_at ON point_entries (customer_id, occurred_at, id);

CREATE INDEX ix_point_entries_purchase_id ON point_entries (customer_id, purchase_id, id);

CREATE INDEX ix_point_entries_uncovered ON point_entries (customer_id, account_key, sequence) WHERE uncovered IS NOT NULL;

CREATE UNIQUE INDEX ux_point_entries_reverses ON point_entries (customer_id, reverses);

CREATE UNIQUE INDEX ux_point_entries_sequence ON point_entries (customer_id, account_key, sequence);

CREATE TABLE point_lots (
    customer_id UUID NOT NULL,
    entry_id UUID NOT NULL,
    account_key VARCHAR COLLATE "C" NOT NULL,
    earned_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    points BIGINT NOT NULL,
    amount_spent BIGINT NOT NULL,
    amount_expired BIGINT NOT NULL,
    remaining BIGINT NOT NULL,
    PRIMARY KEY (customer_id, entry_id)
);

CREATE INDEX ix_point_lots_due ON point_lots (expires_at, customer_id) WHERE remaining > 0;

CREATE INDEX ix_point_lots_open ON point_lots (customer_id, account_key, expires_at, earned_at, entry_id) WHERE remaining > 0;

CREATE TABLE privacy_requests (
    id UUID NOT NULL,
    customer_id UUID,
    type VARCHAR COLLATE "C" NOT NULL,
    state VARCHAR COLLATE "C" NOT NULL,
    submitted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    completed_at TIMESTAMP WITH TIME ZONE,
    requested_by_kind VARCHAR COLLATE "C" NOT NULL,
    requested_by_id VARCHAR COLLATE "C" NOT NULL,
    steps JSON NOT NULL,
    files JSON NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX ix_privacy_requests_customer ON privacy_requests (customer_id, submitted_at, id);

CREATE INDEX ix_privacy_requests_submitted ON privacy_requests (submitted_at, id);

CREATE TABLE profile_versions (
    customer_id UUID NOT NULL,
    version BIGINT NOT NULL,
    operation VARCHAR COLLATE "C" NOT NULL,
    changes BYTEA NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor_kind VARCHAR COLLATE "C" NOT NULL,
    actor_id VARCHAR COLLATE "C" NOT NULL,
    reason_code VARCHAR COLLATE "C",
    PRIMARY KEY (customer_id, version)
);

CREATE TABLE program (
    key VARCHAR COLLATE "C" NOT NULL,
    settings JSON NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (key)
);

CREATE TABLE promo_code_errors (
    customer_id UUID NOT NULL,
    id UUID NOT NULL,
    entered_code TEXT NOT NULL,
    reason VARCHAR COLLATE "C" NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (customer_id, id)
);

CREATE INDEX ix_promo_code_errors_at ON promo_code_errors (customer_id, at, id);

CREATE TABLE promo_code_limiters (
    customer_id UUID NOT NULL,
    id UUID NOT NULL,
    code VARCHAR COLLATE "C" NOT NULL,
    policy VARCHAR COLLATE "C" NOT NULL,
    description TEXT NOT NULL,
    triggered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    attempts INTEGER NOT NULL,
    window_ends_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (customer_id, id)
);

CREATE INDEX ix_promo_code_limiters_triggered_at ON promo_code_limiters (customer_id, triggered_at, id);

CREATE TABLE promo_code_lockouts (
    customer_id UUID NOT NULL,
    locked_at TIMESTAMP WITH TIME ZONE,
    expires_at TIMESTAMP WITH TIME ZONE,
    consecutive_failures INTEGER NOT NULL,
    total_failures INTEGER NOT NULL,
    reset_count INTEGER NOT NULL,
    PRIMARY KEY (customer_id)
);

CREATE TABLE promo_codes (
    id UUID NOT NULL,
    code VARCHAR COLLATE "C" NOT NULL,
    campaign_name TEXT NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE,
    expires_at TIMESTAMP WITH TIME ZONE,
    claim_cap INTEGER,
    claims INTEGER NOT NULL,
    limiter VARCHAR COLLATE "C",
    limiter_description TEXT,
    "window" JSON,
    per_customer_limit INTEGER,
    only_assigned BOOLEAN NOT NULL,
    outcomes JSON NOT NULL,
    PRIMARY KEY (id)
);

CREATE UNIQUE INDEX ux_promo_codes_code ON promo_codes (code);

CREATE TABLE rewards (
    customer_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    status VARCHAR COLLATE "C" NOT NULL,
    redeemed_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    offer_type VARCHAR COLLATE "C" NOT NULL,
    quantity INTEGER NOT NULL,
    redemptions_used INTEGER NOT NULL,
    points_price BIGINT NOT NULL,
    points_spent BIGINT NOT NULL,
    "order" JSON,
    PRIMARY KEY (customer_id, id)
);

CREATE INDEX ix_rewards_created_at ON rewards (customer_id, created_at, id);

CREATE TABLE segment_members (
    customer_id UUID NOT NULL,
    segment_id UUID NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    added_by_kind VARCHAR COLLATE "C",
    added_by_id VARCHAR COLLATE "C",
    variant VARCHAR COLLATE "C",
    PRIMARY KEY (customer_id, segment_id)
);

CREATE INDEX ix_segment_members_segment ON segment_members (segment_id, customer_id);

CREATE INDEX ix_segment_members_since ON segment_members (customer_id, since, segment_id);

CREATE TABLE segments (
    id UUID NOT NULL,
    key VARCHAR COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    kind VARCHAR COLLATE "C" NOT NULL,
    is_test BOOLEAN NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id)
);

CREATE UNIQUE INDEX ux_segments_key ON segments (key);

CREATE TABLE suppressed_identifiers (
    match_hash VARCHAR COLLATE "C" NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (match_hash)
);

CREATE TABLE tag_changes (
    customer_id UUID NOT NULL,
    id UUID NOT NULL,
    key VARCHAR COLLATE "C" NOT NULL,
    value TEXT,
    action VARCHAR COLLATE "C" NOT NULL,
    origin VARCHAR COLLATE "C" NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor_kind VARCHAR COLLATE "C",
    actor_id VARCHAR COLLATE "C",
    PRIMARY KEY (customer_id, id)
);

CREATE INDEX ix_tag_changes_at ON tag_changes (customer_id, at, id);

CREATE TABLE tickets (
    customer_id UUID NOT NULL,
    id UUID NOT NULL,
    external_id VARCHAR COLLATE "C" NOT NULL,
    system VARCHAR COLLATE "C" NOT NULL,
    status VARCHAR COLLATE "C" NOT NULL,
    type VARCHAR COLLATE "C",
    subject BYTEA,
    submitted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE,
    url TEXT NOT NULL,
    PRIMARY KEY (customer_id, id)
);

CREATE INDEX ix_tickets_submitted_at ON tickets (customer_id, submitted_at, id);

CREATE TABLE tier_changes (
    customer_id UUID NOT NULL,
    id UUID NOT NULL,
    system_key VARCHAR COLLATE "C" NOT NULL,
    from_key VARCHAR COLLATE "C",
    to_key VARCHAR COLLATE "C" NOT NULL,
    direction VARCHAR COLLATE "C" NOT NULL,
    reason VARCHAR COLLATE "C" NOT NULL,
    note BYTEA,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor_kind VARCHAR COLLATE "C",
    actor_id VARCHAR COLLATE "C",
    PRIMARY KEY (customer_id, id)
);

CREATE INDEX ix_tier_changes_at ON tier_changes (customer_id, at, id);

CREATE TABLE tier_days (
    customer_id UUID NOT NULL,
    system_key VARCHAR COLLATE "C" NOT NULL,
    day DATE NOT NULL,
    amount_minor BIGINT NOT NULL,
    PRIMARY KEY (customer_id, system_key, day)
);

CREATE TABLE transaction_items (
    customer_id UUID NOT NULL,
    transaction_id UUID NOT NULL,
    line INTEGER NOT NULL,
    sku VARCHAR COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    unit_price_minor BIGINT NOT NULL,
    total_minor BIGINT NOT NULL,
    returned_quantity INTEGER NOT NULL,
    PRIMARY KEY (customer_id, transaction_id, line)
);

CREATE TABLE transactions (
    customer_id UUID NOT NULL,
    id UUID NOT NULL,
    source VARCHAR COLLATE "C" NOT NULL,
    external_id VARCHAR COLLATE "C" NOT NULL,
    occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
    order_source VARCHAR COLLATE "C" NOT NULL,
    state VARCHAR COLLATE "C" NOT NULL,
    location_id UUID,
    currency VARCHAR COLLATE "C" NOT NULL,
    subtotal_minor BIGINT NOT NULL,
    discount_minor BIGINT NOT NULL,
    tax_minor BIGINT NOT NULL,
    total_minor BIGINT NOT NULL,
    payments JSON NOT NULL,
    discounts JSON NOT NULL,
    non_accruing BOOLEAN NOT NULL,
    counted_at TIMESTAMP WITH TIME ZONE,
    receipt_url TEXT,
    PRIMARY KEY (customer_id, id)
);

CREATE INDEX ix_transactions_occurred_at ON transactions (customer_id, occurred_at, id);

CREATE UNIQUE INDEX ux_transactions_external_id ON transactions (customer_id, source, external_id);

CREATE TABLE unmatched_events (
    id UUID NOT NULL,
    type VARCHAR COLLATE "C" NOT NULL,
    occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    source VARCHAR COLLATE "C" NOT NULL,
    source_event_id VARCHAR COLLATE "C" NOT NULL,
    reason TEXT NOT NULL,
    channel VARCHAR COLLATE "C" NOT NULL,
    match_hash VARCHAR COLLATE "C" NOT NULL,
    payload BYTEA NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX ix_unmatched_events_match ON unmatched_events (match_hash);

CREATE INDEX ix_unmatched_events_received ON unmatched_events (received_at, id);

CREATE UNIQUE INDEX ux_unmatched_events_source ON unmatched_events (source, source_event_id);
