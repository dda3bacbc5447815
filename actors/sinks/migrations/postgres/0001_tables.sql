-- Tables of history. Decimals are NUMERIC, digit by digit as the venue sent them;
-- times are microseconds since the Unix epoch.

CREATE TABLE IF NOT EXISTS history_accounts (
    venue TEXT NOT NULL,
    account TEXT NOT NULL,
    PRIMARY KEY (venue, account)
);

CREATE TABLE IF NOT EXISTS history_snapshots (
    venue TEXT NOT NULL,
    account TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    equity NUMERIC NOT NULL,
    wallet_balance NUMERIC NOT NULL,
    free NUMERIC,
    margin_used NUMERIC,
    margin_ratio NUMERIC,
    leverage NUMERIC,
    exposure NUMERIC,
    unrealized_pnl NUMERIC,
    settle TEXT NOT NULL,
    settle_usd NUMERIC,
    balances JSONB NOT NULL,
    via TEXT NOT NULL,
    PRIMARY KEY (venue, account, at_us)
);

CREATE TABLE IF NOT EXISTS history_positions (
    venue TEXT NOT NULL,
    account TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    position_id TEXT NOT NULL,
    symbol TEXT NOT NULL,
    product TEXT NOT NULL,
    side TEXT NOT NULL,
    quantity NUMERIC NOT NULL,
    entry_price NUMERIC,
    mark_price NUMERIC,
    liquidation_price NUMERIC,
    notional NUMERIC,
    leverage NUMERIC,
    margin NUMERIC,
    unrealized_pnl NUMERIC,
    realized_pnl NUMERIC,
    via TEXT NOT NULL,
    PRIMARY KEY (venue, account, at_us, position_id)
);

CREATE TABLE IF NOT EXISTS history_orders (
    venue TEXT NOT NULL,
    account TEXT NOT NULL,
    order_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    filled_quantity NUMERIC NOT NULL,
    at_us BIGINT NOT NULL,
    client_order_id TEXT,
    symbol TEXT NOT NULL,
    product TEXT NOT NULL,
    side TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    price NUMERIC,
    average_price NUMERIC,
    trigger_price NUMERIC,
    quantity NUMERIC NOT NULL,
    fee NUMERIC,
    reduce_only BOOLEAN NOT NULL,
    post_only BOOLEAN NOT NULL,
    time_in_force TEXT,
    reason TEXT,
    created_us BIGINT NOT NULL,
    via TEXT NOT NULL,
    PRIMARY KEY (venue, account, order_id, version, filled_quantity)
);

CREATE TABLE IF NOT EXISTS history_fills (
    venue TEXT NOT NULL,
    account TEXT NOT NULL,
    fill_id TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    order_id TEXT NOT NULL,
    client_order_id TEXT,
    symbol TEXT NOT NULL,
    product TEXT NOT NULL,
    side TEXT NOT NULL,
    price NUMERIC NOT NULL,
    quantity NUMERIC NOT NULL,
    notional NUMERIC,
    fee NUMERIC,
    fee_asset TEXT,
    liquidity TEXT NOT NULL,
    trade_type TEXT NOT NULL,
    via TEXT NOT NULL,
    PRIMARY KEY (venue, account, fill_id)
);

CREATE TABLE IF NOT EXISTS history_fundings (
    venue TEXT NOT NULL,
    account TEXT NOT NULL,
    funding_id TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    symbol TEXT NOT NULL,
    amount NUMERIC NOT NULL,
    rate NUMERIC,
    via TEXT NOT NULL,
    PRIMARY KEY (venue, account, funding_id)
);

CREATE TABLE IF NOT EXISTS history_points (
    venue TEXT NOT NULL,
    account TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    available BOOLEAN NOT NULL,
    reason TEXT NOT NULL,
    total NUMERIC,
    rank BIGINT,
    seasons JSONB NOT NULL,
    leagues JSONB NOT NULL,
    PRIMARY KEY (venue, account, at_us)
);

CREATE TABLE IF NOT EXISTS history_incidents (
    actor TEXT NOT NULL,
    lane TEXT NOT NULL,
    state TEXT NOT NULL,
    since_mono_ns BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    venue TEXT NOT NULL,
    account TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (actor, lane, state, since_mono_ns)
);

CREATE TABLE IF NOT EXISTS history_cursors (
    stream_id TEXT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL
);

CREATE INDEX IF NOT EXISTS history_orders_by_time ON history_orders (venue, account, at_us);
CREATE INDEX IF NOT EXISTS history_fills_by_time ON history_fills (venue, account, at_us, fill_id);
CREATE INDEX IF NOT EXISTS history_fundings_by_time
    ON history_fundings (venue, account, at_us, funding_id);
CREATE INDEX IF NOT EXISTS history_incidents_by_time ON history_incidents (at_us);
