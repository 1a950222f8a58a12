-- What each process may do with each table and view: this list, and nothing beside it. Run as presswarden_owner after every `presswarden migrate`:
--     psql --dbname presswarden --username presswarden_owner --set ON_ERROR_STOP=1 --file deploy/grants.sql
-- It makes the rights anew each time, so what was given by hand is gone after it, and running it twice changes nothing. Roles come from roles.sql.
--
-- r reads, a appends (INSERT), c changes (UPDATE), d deletes, each inside the organisation that the transaction named; a capital letter, also in a transaction
-- that said it goes across organisations (docs/decisions/0010). The command line on the database's machine is a surface like the console: it logs in as web.
-- Everybody may append to the audit and raise a signal of an incident. Nobody changes or deletes what the audit holds: the payloads that the janitor lets go
-- after their time lie apart from the entries, and audit_queue and audit_heads are how it takes entries up, no part of the record. Beside the processes,
-- presswarden_backup reads all of it, for `presswarden backup` alone.

BEGIN;

CREATE TEMPORARY TABLE rights (name text PRIMARY KEY, web text, analyst text, dispatcher text, janitor text, courier text) ON COMMIT DROP;

INSERT INTO rights VALUES
    --                          web      analyst  dispatcher janitor courier
    ('accounts',                'Rac',   '',      '',      '',      ''),
    ('alembic_version',         'r',     'r',     'r',     'r',     'r'),
    ('api_answers',             'racd',  '',      '',      'RD',    ''),
    ('api_tokens',              'RaCd',  '',      '',      '',      ''),
    ('audit_checks',            'racd',  '',      '',      'Rc',    ''),
    ('audit_checkpoints',       'r',     '',      'r',     'ra',    ''),
    ('audit_events',            'ra',    'ra',    'ra',    'ra',    'ra'),
    ('audit_heads',             'r',     '',      '',      'rac',   'r'),
    ('audit_leaves',            'r',     'r',     'r',     'ra',    'r'),
    ('audit_logs',              'r',     '',      '',      'ra',    ''),
    ('audit_nodes',             'r',     '',      '',      'ra',    ''),
    ('audit_payloads',          'ra',    'ra',    'ra',    'rad',   'ra'),
    ('audit_queue',             'a',     'a',     'a',     'Rad',   'a'),
    ('call_keys',               '',      '',      'RacD',  '',      ''),
    ('changes',                 'ra',    'R',     'rac',   '',      ''),
    ('client_grants',           'Rad',   'r',     'r',     '',      'r'),
    ('client_sites',            'Rad',   'r',     'r',     '',      'r'),
    ('clients',                 'rac',   '',      '',      '',      ''),
    ('confirmations',           'rad',   '',      'Rd',    'R',     ''),
    ('consent_rounds',          'rac',   '',      'rac',   '',      ''),
    ('consent_tickets',         'Racd',  '',      '',      '',      ''),
    ('consents',                'ra',    '',      'r',     '',      ''),
    ('contacts',                '',      '',      'racd',  '',      ''),
    ('control_key_pool',        'rc',    '',      'ra',    '',      ''),
    ('control_keys',            '',      '',      'rad',   '',      ''),
    ('erasures',                'ra',    '',      '',      'Rc',    ''),
    ('executors',               '',      '',      'rac',   'rd',    ''),
    ('fences',                  '',      '',      'rac',   '',      ''),
    ('flow_answers',            '',      '',      'rad',   '',      ''),
    ('gate_buckets',            '',      '',      'rac',   '',      ''),
    ('gate_permits',            '',      '',      'rac',   'RD',    ''),
    ('gate_stop_all',           'rad',   'r',     'r',     'rd',    ''),
    ('gate_stops',              'rad',   'r',     'r',     'Rd',    ''),
    ('incident_signals',        'ra',    'ra',    'ra',    'rad',   'ra'),
    ('incidents',               'rac',   'rac',   'rac',   'racd',  'rac'),
    ('installations',           'Rac',   'r',     'Rc',    'RC',    ''),
    ('invitations',             'Racd',  '',      '',      'rd',    ''),
    ('known_browsers',          'Racd',  '',      '',      'rd',    ''),
    ('login_passkeys',          'Racd',  '',      '',      '',      ''),
    ('login_tries',             'rac',   '',      '',      'rd',    ''),
    ('mailbox_batch_requests',  'ra',    '',      '',      'RD',    ''),
    ('mailbox_batches',         'ra',    '',      '',      'RD',    ''),
    ('mailbox_envelopes',       'rc',    '',      'Rac',   'rd',    ''),
    ('mailbox_requests',        'rac',   '',      'RaC',   'RCd',   ''),
    ('notice_cursors',          '',      '',      '',      '',      'rac'),
    ('notice_deliveries',       'rad',   '',      '',      'rd',    'rac'),
    ('notice_preferences',      'rad',   '',      '',      '',      'r'),
    ('notice_webhooks',         'rad',   '',      '',      '',      'rc'),
    ('org_keys',                'Ra',    '',      'Ra',    'Ra',    ''),
    ('org_limits',              'rad',   '',      '',      'r',     ''),
    ('organisations',           'Rc',    'R',     'R',     'R',     'R'),
    ('pairing_sources',         'rac',   '',      '',      'rd',    ''),
    ('passkey_enrolments',      'racd',  '',      '',      '',      ''),
    ('passkeys',                'rac',   'r',     'r',     '',      ''),
    ('people',                  'Rac',   'r',     'r',     '',      'r'),
    ('policy_activations',      'ra',    'r',     'r',     '',      ''),
    ('policy_documents',        'ra',    'r',     'r',     '',      ''),
    ('process_boxes',           'r',     '',      '',      '',      'ra'),
    ('process_pulses',          'rac',   'rac',   'rac',   'rac',   'rac'),
    ('proposal_items',          'ra',    'ra',    'r',     'rd',    ''),
    ('proposal_packages',       'r',     'R',     'rac',    'rd',    'rac'),
    ('proposal_reviews',        'rac',   '',      '',      'rd',    ''),
    ('proposals',               'rac',   'rac',   'rc',    'rcd',   'r'),
    ('recovery_codes',          'rad',   '',      '',      '',      ''),
    ('refused_signatures',      'rac',   '',      '',      '',      ''),
    ('role_grants',             'Rad',   'r',     'r',     '',      'r'),
    ('sessions',                'racd',  '',      '',      'rd',    ''),
    ('setup_codes',             'rad',   '',      '',      '',      ''),
    ('site_keys',               'Rad',   '',      'racd',  '',      ''),
    ('site_locks',              '',      '',      'racd',  '',      ''),
    ('site_messages',           'ra',    '',      '',      'RD',    ''),
    ('site_moves',              'racd',  '',      'Rd',    '',      ''),
    ('site_probes',             'rac',   '',      '',      '',      'rc'),
    ('site_stations',           'rac',   'r',     'rac',   '',      ''),
    ('site_tags',               'rad',   '',      '',      '',      ''),
    ('site_views',              'rad',   '',      '',      '',      ''),
    ('sites',                   'Rac',   'r',     'Rc',    'r',     ''),
    ('spent_challenges',        'ra',    '',      '',      'rd',    ''),
    ('standing_orders',         'r',     '',      'Rac',   '',      ''),
    ('telemetry_components',    'racd',  '',      'racd',  'rd',    ''),
    ('telemetry_heartbeats',    'ra',    '',      '',      'Rcd',   ''),
    ('telemetry_inventories',   'rac',   'R',     'rac',   'rd',    'R'),
    ('telemetry_offers',        'racd',  'r',     'racd',  'rd',    'r'),
    ('telemetry_reads',         'r',     'r',     'Rac',   'rd',    ''),
    ('telemetry_roll',          'rac',   '',      'rac',   'rd',    ''),
    ('telemetry_standings',     'racd',  'r',     'Racd',  'r',     ''),
    ('verified_snapshots',      '',      '',      'rad',   '',      ''),
    ('work',                    'ra',    'r',     'Rac',   '',      '')
    ;

-- Views read as whoever asks, so they open nothing that their tables do not.
INSERT INTO rights SELECT view, 'r', '', '', '', '' FROM unnest(ARRAY[
    'console_counts', 'fleet', 'fleet_all', 'fleet_components', 'fleet_heard', 'fleet_offered', 'fleet_offers', 'fleet_tags', 'fleet_troubled']) AS view;

DO $$
DECLARE
    process text;
    line rights;
    may text;
    letter text;
    verb text;
    role text;
    old record;
    verbs CONSTANT jsonb := '{"r": "SELECT", "a": "INSERT", "c": "UPDATE", "d": "DELETE"}';
    across CONSTANT text := '(SELECT current_setting(''presswarden.everyone'', true)) = ''yes''';
    odd text;
BEGIN
    SELECT string_agg(coalesce(r.name, c.relname), ', ') INTO odd
    FROM rights r FULL JOIN (SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v')) c ON c.relname = r.name
    WHERE r.name IS NULL OR c.relname IS NULL;
    IF odd IS NOT NULL THEN
        RAISE EXCEPTION 'this list and the database do not name the same tables: %. Take the grants.sql of the version that migrated.', odd;
    END IF;

    FOR old IN SELECT tablename, policyname FROM pg_policies WHERE schemaname = 'public' AND policyname ~ '^(across|own)_' LOOP
        EXECUTE format('DROP POLICY %I ON public.%I', old.policyname, old.tablename);
    END LOOP;

    FOREACH process IN ARRAY ARRAY['web', 'analyst', 'dispatcher', 'janitor', 'courier'] LOOP
        role := 'presswarden_' || process;
        FOR line IN SELECT * FROM rights LOOP
            EXECUTE format('REVOKE ALL ON public.%I FROM PUBLIC, %I', line.name, role);
            may := to_jsonb(line) ->> process;
            FOREACH letter IN ARRAY string_to_array(may, NULL) LOOP
                verb := verbs ->> lower(letter);
                EXECUTE format('GRANT %s ON public.%I TO %I', verb, line.name, role);
                IF letter = upper(letter) THEN
                    EXECUTE format('CREATE POLICY %I ON public.%I FOR %s TO %I %s %s', 'across_' || process || '_' || lower(verb), line.name, verb, role,
                                   CASE WHEN verb <> 'INSERT' THEN 'USING (' || across || ')' END,
                                   CASE WHEN verb IN ('INSERT', 'UPDATE') THEN 'WITH CHECK (' || across || ')' END);
                END IF;
            END LOOP;
        END LOOP;
        -- Each process sees its own wrapped keys, and wraps none for another.
        EXECUTE format('CREATE POLICY %I ON public.org_keys AS RESTRICTIVE TO %I USING (owner = %L) WITH CHECK (owner = %L)',
                       'own_' || process, role, process, process);
    END LOOP;

    FOR line IN SELECT * FROM rights LOOP
        EXECUTE format('REVOKE ALL ON public.%I FROM presswarden_backup', line.name);
        EXECUTE format('GRANT SELECT ON public.%I TO presswarden_backup', line.name);
    END LOOP;
    GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO presswarden_backup;
END
$$;

COMMIT;
