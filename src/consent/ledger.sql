-- consent: purposes and the ledger.

CREATE OR REPLACE FUNCTION cdp.add_purpose(space regnamespace, purpose text, class text DEFAULT 'marketing', default_rule text DEFAULT 'deny',
    description text DEFAULT NULL, legal_basis text DEFAULT 'consent', channels text[] DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    was_added boolean;
BEGIN
    PERFORM cdp_internal.require_space(coalesce(space, 0::regnamespace));
    IF coalesce(purpose, '') = '' OR coalesce(class, '') = '' THEN
        RAISE EXCEPTION 'a purpose needs a name and a class' USING ERRCODE = 'CDP13',
            HINT = format('Call cdp.add_purpose(%L, ''email_marketing'').', space);
    END IF;
    IF default_rule IS NULL OR default_rule NOT IN ('deny', 'allow') THEN
        RAISE EXCEPTION 'the default rule of a purpose is deny or allow' USING ERRCODE = 'CDP13',
            HINT = 'Use deny where the law asks for consent first (opt-in), allow where people may object (opt-out).';
    END IF;
    IF channels IS NOT NULL AND (cardinality(channels) = 0 OR '' = ANY (channels) OR array_position(channels, NULL) IS NOT NULL) THEN
        RAISE EXCEPTION 'the channels of a purpose are one or more names' USING ERRCODE = 'CDP13',
            HINT = 'Leave channels out to allow any, or list them: channels => ''{email,sms}''.';
    END IF;
    EXECUTE format('INSERT INTO %s.purpose AS p (purpose, class, default_rule, description, legal_basis, channels)
                    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING true', space)
       INTO was_added USING purpose, class, default_rule, description, legal_basis, channels;
    IF was_added IS NULL THEN
        RAISE EXCEPTION 'space % has a purpose "%" already', space, purpose USING ERRCODE = 'CDP14',
            HINT = format('Decisions were taken under its terms: give a changed purpose a new name, and retire the old one with cdp.retire_purpose(%L, %L).',
                          space, purpose);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION cdp.add_purpose(regnamespace, text, text, text, text, text, text[]) FROM PUBLIC;
COMMENT ON FUNCTION cdp.add_purpose(regnamespace, text, text, text, text, text, text[]) IS
'Declares why data is used. default_rule is the answer for people who never decided: deny (opt-in) or allow (opt-out).
channels, where given, are the only channels that may be named with this purpose, so that a misspelt one is an error.
Errors: CDP13 when an argument is missing or out of range, CDP14 when the purpose exists, CDP20 when the schema is not a space.
Example: SELECT cdp.add_purpose(''customer'', ''email_marketing'', description => ''newsletter and offers'');';

CREATE OR REPLACE FUNCTION cdp.retire_purpose(space regnamespace, purpose text)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    was_found boolean;
BEGIN
    PERFORM cdp_internal.require_space(coalesce(space, 0::regnamespace));
    EXECUTE format('UPDATE %s.purpose AS p SET retired_at = coalesce(p.retired_at, now()) WHERE p.purpose = $1 RETURNING true', space)
       INTO was_found USING purpose;
    IF was_found IS NULL THEN
        RAISE EXCEPTION 'space % has no purpose "%"', space, purpose USING ERRCODE = 'CDP11',
            HINT = format('List them: SELECT purpose FROM %s.purpose;', space);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION cdp.retire_purpose(regnamespace, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp.retire_purpose(regnamespace, text) IS
'Ends a purpose: from now on cdp.consented is false for everybody, while the ledger keeps what was decided. Decisions are
still taken down. Does nothing when it is retired already.
Errors: CDP11 when there is no such purpose, CDP20 when the schema is not a space.
Example: SELECT cdp.retire_purpose(''customer'', ''autumn_campaign'');';

CREATE OR REPLACE FUNCTION cdp.record_consent(space regnamespace, kind text, value text, purpose text, decision text,
    channel text DEFAULT NULL, at timestamptz DEFAULT now(), source text DEFAULT NULL, evidence jsonb DEFAULT NULL)
RETURNS bigint
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'cdp_record_consent';
REVOKE ALL ON FUNCTION cdp.record_consent(regnamespace, text, text, text, text, text, timestamptz, text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION cdp.record_consent(regnamespace, text, text, text, text, text, timestamptz, text, jsonb) IS
'Writes a decision into the consent ledger and brings the current state up to date; returns its consent_event_id.
The decision is about an identifier, not a profile: kind is an identifier attribute (email, phone, …) or a source''s name, and value
what the person or the source''s key says. It binds to every record that has the identifier, now or later.
decision is granted, denied or withdrawn; channel is null for all channels; at is when the person decided (not after now, but for
five minutes of clock difference). Of two decisions the later at holds, at the same time the stricter, whatever the order of arrival.
Errors: CDP11 no such purpose, CDP13 argument missing or out of range, CDP20 no such space, CDP50 no such kind, CDP80 value refused.
Example: SELECT cdp.record_consent(''customer'', ''email'', ''ann@example.com'', ''email_marketing'', ''granted'',
             source => ''signup form'', evidence => ''{"form": "v3"}'');';

CREATE OR REPLACE FUNCTION cdp_internal.rebuild_consent(space regnamespace)
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    states bigint;
BEGIN
    PERFORM cdp_internal.require_space(space);
    -- Waits for decisions being recorded and holds new ones back: the state must not miss one.
    EXECUTE format('LOCK TABLE %s.consent IN SHARE ROW EXCLUSIVE MODE', space);
    EXECUTE format('DELETE FROM %s.consent', space);
    EXECUTE format($sql$
        INSERT INTO %1$s.consent (purpose, kind, match_key, channel, decision, at, consent_event_id)
        SELECT DISTINCT ON (e.purpose, e.kind, e.match_key, coalesce(e.channel, ''))
               e.purpose, e.kind, e.match_key, coalesce(e.channel, ''), e.decision, e.at, e.consent_event_id
          FROM %1$s.consent_event e
         ORDER BY e.purpose, e.kind, e.match_key, coalesce(e.channel, ''),
                  e.at DESC, (e.decision <> 'granted') DESC, e.consent_event_id DESC
    $sql$, space);
    GET DIAGNOSTICS states = ROW_COUNT;
    RETURN states;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.rebuild_consent(regnamespace) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.rebuild_consent(regnamespace) IS
'Computes the current consent states again from the ledger; returns how many there are.';
