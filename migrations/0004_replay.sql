-- +goose Up
-- Days of client_assertion: markers of assertions seen go by dropping the day
-- on which they ended, never by DELETE on the way of a request.

-- Takes what no day has been made for, so that a forgotten worker makes no
-- client's login fail.
CREATE TABLE client_assertion_default PARTITION OF client_assertion DEFAULT;

-- Makes the partitions of the given day and of those after it. Rights as for
-- audit_prepare: the application may make no tables by itself.
-- +goose StatementBegin
CREATE FUNCTION client_assertion_prepare(first_day date, days integer)
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    from_at timestamptz;
    to_at timestamptz;
    part text;
    made integer := 0;
BEGIN
    IF days < 1 OR days > 31 THEN
        RAISE EXCEPTION 'client_assertion_prepare: 1 to 31 days at a time';
    END IF;
    FOR n IN 0 .. days - 1 LOOP
        part := 'client_assertion_' || to_char(first_day + n, 'YYYY_MM_DD');
        from_at := (first_day + n)::timestamp AT TIME ZONE 'UTC';
        to_at := (first_day + n + 1)::timestamp AT TIME ZONE 'UTC';
        CONTINUE WHEN to_regclass('public.' || part) IS NOT NULL;
        -- Nothing may arrive in the default partition while its rows move. Who
        -- writes is stopped at the parent: once sent to the default partition,
        -- a row could not go elsewhere any more, and its transaction would fail.
        LOCK TABLE ONLY public.client_assertion IN SHARE ROW EXCLUSIVE MODE;
        LOCK TABLE public.client_assertion_default IN ACCESS EXCLUSIVE MODE;
        CONTINUE WHEN to_regclass('public.' || part) IS NOT NULL;
        EXECUTE format('CREATE TABLE public.%I (LIKE public.client_assertion INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)', part);
        EXECUTE format(
            'WITH moved AS (DELETE FROM public.client_assertion_default WHERE expires_at >= %1$L AND expires_at < %2$L RETURNING *)
             INSERT INTO public.%3$I SELECT * FROM moved', from_at, to_at, part);
        EXECUTE format('ALTER TABLE public.client_assertion ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)', part, from_at, to_at);
        made := made + 1;
    END LOOP;
    RETURN made;
END;
$$;
-- +goose StatementEnd

-- Drops the days that ended before the given one. The database's own clock
-- has a say too: dropping a day that is not over would let its assertions be
-- used again.
-- +goose StatementBegin
CREATE FUNCTION client_assertion_drop(before date)
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    part text;
    dropped integer := 0;
BEGIN
    FOR part IN
        SELECT c.relname
        FROM pg_inherits i
        JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'public.client_assertion'::regclass
            AND c.relname ~ '^client_assertion_\d{4}_\d{2}_\d{2}$'
            AND to_date(right(c.relname, 10), 'YYYY_MM_DD') < least(before, (now() AT TIME ZONE 'UTC')::date)
    LOOP
        EXECUTE format('DROP TABLE public.%I', part);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END;
$$;
-- +goose StatementEnd

REVOKE ALL ON FUNCTION client_assertion_prepare(date, integer), client_assertion_drop(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION client_assertion_prepare(date, integer), client_assertion_drop(date) TO surety_app;
