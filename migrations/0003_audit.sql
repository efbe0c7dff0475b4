-- +goose Up
-- What happened, for good. Rows are only ever inserted: surety_app has no
-- right to change or remove one, here or in a partition. Each second the
-- sealer binds the new ones into a chain of seals, so that a change made with
-- the owner's rights shows (idp/audit).

CREATE SEQUENCE audit_event_seq;

-- Partitioned by month, so that what is past its time goes by dropping a
-- table. xid and event_id give the order in which rows are sealed: a row whose
-- transaction is older than every open one can no longer be joined by others.
CREATE TABLE audit_event (
    -- First, so that no number is handed out to a transaction without an id.
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    event_id bigint NOT NULL DEFAULT nextval('audit_event_seq'),
    at timestamptz NOT NULL,
    type text NOT NULL,
    account_id uuid,
    actor_id text,
    client_id text,
    session_id uuid,
    -- Ids and kinds in clear; what is personal lies sealed beside them.
    attrs jsonb NOT NULL DEFAULT '{}',
    personal bytea,
    CONSTRAINT audit_event_pkey PRIMARY KEY (xid, event_id, at),
    CONSTRAINT audit_event_type_check CHECK (char_length(type) BETWEEN 1 AND 100),
    CONSTRAINT audit_event_attrs_check CHECK (jsonb_typeof(attrs) = 'object')
) PARTITION BY RANGE (at);

-- Takes what no month has been made for, so that a forgotten worker never
-- makes a login fail. audit_prepare moves it out again.
CREATE TABLE audit_event_default PARTITION OF audit_event DEFAULT;

-- One link of the chain: all events with from_xid <= xid < upto_xid, by month
-- of their time, so that a seal stays provable when one of its months is gone.
CREATE TABLE audit_seal (
    seal_id bigint NOT NULL,
    from_xid xid8 NOT NULL,
    upto_xid xid8 NOT NULL,
    -- All event numbers up to this one belong to transactions that had ended:
    -- if more were handed out and nothing is there, the end was cut off.
    seen_id bigint NOT NULL,
    event_count bigint NOT NULL,
    months date[] NOT NULL,
    counts bigint[] NOT NULL,
    hashes bytea[] NOT NULL,
    hash bytea NOT NULL,
    previous bytea NOT NULL,
    mac bytea NOT NULL,
    sealed_at timestamptz NOT NULL,
    CONSTRAINT audit_seal_pkey PRIMARY KEY (seal_id),
    -- Two sealers that both believe to be the one cannot fork the chain.
    CONSTRAINT audit_seal_previous_key UNIQUE (previous),
    CONSTRAINT audit_seal_range_check CHECK (from_xid <= upto_xid),
    CONSTRAINT audit_seal_months_check CHECK (
        cardinality(months) = cardinality(counts) AND cardinality(months) = cardinality(hashes))
);

-- Without xid and event_id among the columns nobody can insert a row that
-- claims to be older than it is.
GRANT SELECT ON audit_event, audit_seal TO surety_app;
GRANT INSERT (at, type, account_id, actor_id, client_id, session_id, attrs, personal) ON audit_event TO surety_app;
GRANT INSERT ON audit_seal TO surety_app;
GRANT USAGE, SELECT ON SEQUENCE audit_event_seq TO surety_app;

-- Makes the partitions of the given month and of those after it. The
-- application may make no tables; these functions do it with the rights of
-- the owner, for exactly this. Rights on the parent reach the rows, so the
-- partition itself is granted to nobody.
-- +goose StatementBegin
CREATE FUNCTION audit_prepare(first_month date, months integer)
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    from_day date;
    to_day date;
    part text;
    made integer := 0;
BEGIN
    IF months < 1 OR months > 24 THEN
        RAISE EXCEPTION 'audit_prepare: 1 to 24 months at a time';
    END IF;
    FOR n IN 0 .. months - 1 LOOP
        from_day := date_trunc('month', first_month::timestamp)::date + make_interval(months => n);
        to_day := from_day + interval '1 month';
        part := 'audit_event_' || to_char(from_day, 'YYYY_MM');
        CONTINUE WHEN to_regclass('public.' || part) IS NOT NULL;
        -- The sealer, whose lock this is, stays out while rows move: it would look
        -- for them where they no longer are, and not where they have gone, because
        -- its plan was made before there was such a place. What it missed would
        -- count as inserted ever after.
        PERFORM pg_advisory_xact_lock(7310215);
        -- Nothing may arrive in the default partition while its rows move. Who
        -- writes is stopped at the parent: once sent to the default partition,
        -- a row could not go elsewhere any more, and its transaction would fail.
        LOCK TABLE ONLY public.audit_event IN SHARE ROW EXCLUSIVE MODE;
        LOCK TABLE public.audit_event_default IN ACCESS EXCLUSIVE MODE;
        CONTINUE WHEN to_regclass('public.' || part) IS NOT NULL;
        EXECUTE format('CREATE TABLE public.%I (LIKE public.audit_event INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)', part);
        EXECUTE format(
            'WITH moved AS (DELETE FROM public.audit_event_default WHERE at >= %1$L AND at < %2$L RETURNING *)
             INSERT INTO public.%3$I SELECT * FROM moved',
            from_day::timestamp AT TIME ZONE 'UTC', to_day::timestamp AT TIME ZONE 'UTC', part);
        EXECUTE format('ALTER TABLE public.audit_event ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
            part, from_day::timestamp AT TIME ZONE 'UTC', to_day::timestamp AT TIME ZONE 'UTC');
        made := made + 1;
    END LOOP;
    RETURN made;
END;
$$;
-- +goose StatementEnd

-- Drops one month that is past every duty to keep it: thirteen months by the
-- database's own clock, because a caller who could name the time could drop
-- yesterday. Its seals stay, and so must all its events be sealed; the drop is
-- an event of its own, by which the verifier knows that the gap is in order.
-- +goose StatementBegin
CREATE FUNCTION audit_drop(month date)
RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    from_day date := date_trunc('month', month::timestamp)::date;
    part text := 'audit_event_' || to_char(from_day, 'YYYY_MM');
    loose boolean;
BEGIN
    IF from_day + interval '14 months' > now() AT TIME ZONE 'UTC' THEN
        RAISE EXCEPTION 'audit_drop: % is too young to be dropped', part;
    END IF;
    IF to_regclass('public.' || part) IS NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('LOCK TABLE public.%I IN ACCESS EXCLUSIVE MODE', part);
    EXECUTE format(
        'SELECT EXISTS (SELECT FROM public.%I
                        WHERE xid >= coalesce((SELECT upto_xid FROM public.audit_seal ORDER BY seal_id DESC LIMIT 1), %L::xid8))', part, '0')
        INTO loose;
    IF loose THEN
        RAISE EXCEPTION 'audit_drop: % holds events that are not sealed yet', part;
    END IF;
    EXECUTE format('DROP TABLE public.%I', part);
    INSERT INTO public.audit_event (at, type, attrs)
    VALUES (now(), 'audit.dropped', jsonb_build_object('month', to_char(from_day, 'YYYY-MM')));
    RETURN true;
END;
$$;
-- +goose StatementEnd

REVOKE ALL ON FUNCTION audit_prepare(date, integer), audit_drop(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_prepare(date, integer), audit_drop(date) TO surety_app;
