-- Tables of history. Decimals are exact text;
-- times are microseconds since the Unix epoch.

CREATE TABLE IF NOT EXISTS history_accounts (
    venue TEXT NOT NULL,
    account TEXT NOT NULL,
    PRIMARY KEY (venue, account)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS history_snapshots (
    venue TEXT NOT NULL,
    account TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    equity TEXT NOT NULL,
    wallet_balance TEXT NOT NULL,
    free TEXT,
    margin_used TEXT,
    margin_ratio TEXT,
    leverage TEXT,
    exposure TEXT,
    unrealized_pnl TEXT,
    settle TEXT NOT NULL,
    settle_usd TEXT,
    balances TEXT NOT NULL,
    via TEXT NOT NULL,
    PRIMARY KEY (venue, account, at_us)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS history_positions (
    venue TEXT NOT NULL,
    account TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    position_id TEXT NOT NULL,
    symbol TEXT NOT NULL,
    product TEXT NOT NULL,
    side TEXT NOT NULL,
    quantity TEXT NOT NULL,
    entry_price TEXT,
    mark_price TEXT,
    liquidation_price TEXT,
    notional TEXT,
    leverage TEXT,
    margin TEXT,
    unrealized_pnl TEXT,
    realized_pnl TEXT,
    via TEXT NOT NULL,
    PRIMARY KEY (venue, account, at_us, position_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS history_orders (
    venue TEXT NOT NULL,
    account TEXT NOT NULL,
    order_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    filled_quantity TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    client_order_id TEXT,
    symbol TEXT NOT NULL,
    product TEXT NOT NULL,
    side TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    price TEXT,
    average_price TEXT,
    trigger_price TEXT,
    quantity TEXT NOT NULL,
    fee TEXT,
    reduce_only INTEGER NOT NULL,
    post_only INTEGER NOT NULL,
    time_in_force TEXT,
    reason TEXT,
    created_us INTEGER NOT NULL,
    via TEXT NOT NULL,
    PRIMARY KEY (venue, account, order_id, version, filled_quantity)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS history_fills (
    venue TEXT NOT NULL,
    account TEXT NOT NULL,
    fill_id TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    order_id TEXT NOT NULL,
    client_order_id TEXT,
    symbol TEXT NOT NULL,
    product TEXT NOT NULL,
    side TEXT NOT NULL,
    price TEXT NOT NULL,
    quantity TEXT NOT NULL,
    notional TEXT,
    fee TEXT,
    fee_asset TEXT,
    liquidity TEXT NOT NULL,
    trade_type TEXT NOT NULL,
    via TEXT NOT NULL,
    PRIMARY KEY (venue, account, fill_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS history_fundings (
    venue TEXT NOT NULL,
    account TEXT NOT NULL,
    funding_id TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    symbol TEXT NOT NULL,
    amount TEXT NOT NULL,
    rate TEXT,
    via TEXT NOT NULL,
    PRIMARY KEY (venue, account, funding_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS history_points (
    venue TEXT NOT NULL,
    account TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    available INTEGER NOT NULL,
    reason TEXT NOT NULL,
    total TEXT,
    rank INTEGER,
    seasons TEXT NOT NULL,
    leagues TEXT NOT NULL,
    PRIMARY KEY (venue, account, at_us)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS history_incidents (
    actor TEXT NOT NULL,
    lane TEXT NOT NULL,
    state TEXT NOT NULL,
    since_mono_ns INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    venue TEXT NOT NULL,
    account TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (actor, lane, state, since_mono_ns)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS history_cursors (
    stream_id TEXT NOT NULL PRIMARY KEY,
    seq INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS history_orders_by_time ON history_orders (venue, account, at_us);
CREATE INDEX IF NOT EXISTS history_fills_by_time ON history_fills (venue, account, at_us, fill_id);
CREATE INDEX IF NOT EXISTS history_fundings_by_time
    ON history_fundings (venue, account, at_us, funding_id);
CREATE INDEX IF NOT EXISTS history_incidents_by_time ON history_incidents (at_us);
