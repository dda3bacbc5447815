-- History of Broadcaster at Supabase: run this once in the project's SQL editor, and again after an
-- upgrade that asks for it; running it twice changes nothing.
--
-- Only the service role may read or write: row-level security is on, no policy lets anybody else
-- in, and the rights that Supabase grants to everybody in `public` are taken back.

BEGIN;

CREATE TABLE IF NOT EXISTS history_migrations (
    number BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL
);

-- Migration 1: decimals are NUMERIC, digit by digit; times are microseconds since the Unix epoch.

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

INSERT INTO history_migrations (number, name) VALUES (1, 'tables') ON CONFLICT (number) DO NOTHING;

-- The last snapshot of each interval that has one, found by steps through the key.
CREATE OR REPLACE FUNCTION history_snapshots_by_interval(
    of_venue TEXT,
    of_account TEXT,
    from_us BIGINT,
    until_us BIGINT,
    interval_us BIGINT,
    rows_max BIGINT,
    is_ascending BOOLEAN
) RETURNS SETOF history_snapshots
LANGUAGE plpgsql STABLE SECURITY INVOKER SET search_path FROM CURRENT AS $$
DECLARE
    low BIGINT := from_us;
    high BIGINT := until_us;
    edge BIGINT;
    newest history_snapshots;
BEGIN
    FOR _ IN 1 .. rows_max LOOP
        IF is_ascending THEN
            SELECT s.at_us INTO edge FROM history_snapshots s
             WHERE s.venue = of_venue AND s.account = of_account
               AND s.at_us >= low AND s.at_us < until_us
             ORDER BY s.at_us LIMIT 1;
            EXIT WHEN NOT FOUND;
            low := (edge / interval_us + 1) * interval_us;
            high := least(low, until_us);
        END IF;
        SELECT s.* INTO newest FROM history_snapshots s
         WHERE s.venue = of_venue AND s.account = of_account
           AND s.at_us >= from_us AND s.at_us < high
         ORDER BY s.at_us DESC LIMIT 1;
        EXIT WHEN NOT FOUND;
        RETURN NEXT newest;
        IF NOT is_ascending THEN
            high := newest.at_us / interval_us * interval_us;
        END IF;
    END LOOP;
END;
$$;

ALTER TABLE history_accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE history_snapshots ENABLE ROW LEVEL SECURITY;
ALTER TABLE history_positions ENABLE ROW LEVEL SECURITY;
ALTER TABLE history_orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE history_fills ENABLE ROW LEVEL SECURITY;
ALTER TABLE history_fundings ENABLE ROW LEVEL SECURITY;
ALTER TABLE history_points ENABLE ROW LEVEL SECURITY;
ALTER TABLE history_incidents ENABLE ROW LEVEL SECURITY;
ALTER TABLE history_cursors ENABLE ROW LEVEL SECURITY;
ALTER TABLE history_migrations ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON
    history_accounts,
    history_snapshots,
    history_positions,
    history_orders,
    history_fills,
    history_fundings,
    history_points,
    history_incidents,
    history_cursors,
    history_migrations
FROM PUBLIC, anon, authenticated;
GRANT SELECT, INSERT, UPDATE, DELETE ON
    history_accounts,
    history_snapshots,
    history_positions,
    history_orders,
    history_fills,
    history_fundings,
    history_points,
    history_incidents,
    history_cursors,
    history_migrations
TO service_role;
REVOKE ALL ON FUNCTION history_snapshots_by_interval(
    TEXT, TEXT, BIGINT, BIGINT, BIGINT, BIGINT, BOOLEAN
) FROM PUBLIC, anon, authenticated;
GRANT EXECUTE ON FUNCTION history_snapshots_by_interval(
    TEXT, TEXT, BIGINT, BIGINT, BIGINT, BIGINT, BOOLEAN
) TO service_role;

COMMIT;
