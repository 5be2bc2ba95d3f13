"""The statements of `make_load`, in the order in which they run.

Everything follows from numbers, so that the same scale and day give the same rows.
Organizations, people and subscriptions have numbers; their keys are those numbers in
the form of a UUIDv7. Rows of organizations lie mixed, as they would after years.
"""

from __future__ import annotations

# Milliseconds, what kind of thing, which one.
_KEYS = """
CREATE FUNCTION pg_temp.v7(ms bigint, kind bigint, n bigint) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN encode(int8send((ms << 16) | 28672 | kind)
    || int8send((-9223372036854775807 - 1) | n), 'hex')::uuid
"""
# An even spread of whole numbers below `below`; or, multiplied with itself, one in
# which the first ones are much commoner, as names are.
_SPREAD = """
CREATE FUNCTION pg_temp.even(n bigint, by bigint, below bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ((n * by %% 1073741824) * below) >> 30
"""
_SKEWED = """
CREATE FUNCTION pg_temp.skewed(n bigint, by bigint, below bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ((((n * by %% 1073741824) * (n * by %% 1073741824)) >> 30) * below) >> 30
"""
# Of every fifty people one is a guest and one is disabled: the last two.
_ELIGIBLE = """
CREATE FUNCTION pg_temp.eligible(i bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN i + 2 * (i / 48)
"""
_ORGANIZATIONS = """
CREATE TEMPORARY TABLE load_organization ON COMMIT DROP AS
SELECT n, pg_temp.v7(%(old)s + n, 1, n) AS id,
    CASE WHEN n = 1 THEN %(big_people)s ELSE %(other_people)s END AS people,
    CASE WHEN n = 1 THEN 0
        ELSE %(big_people)s + (n - 2) * %(other_people)s END AS first,
    CASE WHEN n = 1 THEN %(own)s ELSE 0 END AS own,
    CASE WHEN n = 1 THEN %(big_subscriptions)s ELSE %(other_subscriptions)s END AS subs
FROM generate_series(1::bigint, %(organizations)s) n;
INSERT INTO accounts_organization (id, name, slug, country, time_zone, created_at)
SELECT id, 'Load ' || n, 'load-' || n, 'NL', 'Europe/Amsterdam', %(now)s
FROM load_organization ORDER BY n
"""
_PEOPLE = """
CREATE TEMPORARY TABLE load_person ON COMMIT DROP AS
SELECT o.n AS org, o.id AS organization_id, i, o.first + i AS n,
    pg_temp.v7(%(old)s + o.first + i, 2, o.first + i) AS id,
    firsts[1 + pg_temp.skewed(o.first + i, 2654435761, 24)] AS first_name,
    plain[1 + pg_temp.skewed(o.first + i, 2654435761, 24)] AS plain_first,
    befores[1 + pg_temp.skewed(o.first + i, 1640531527, 5)]
        || starts[1 + pg_temp.skewed(o.first + i, 2246822519, 38)]
        || middles[1 + pg_temp.even(o.first + i, 3266489917, 12)]
        || ends[1 + pg_temp.even(o.first + i, 668265263, 10)] AS last
FROM load_organization o, generate_series(0::bigint, o.people - 1) i, (SELECT
    string_to_array('Jan Anna Maria Johan Emma Daan Sanne Lucas Eva Pieter Julia'
        ' Jan-Willem Lisa Bram Noor Mees Zoë Milan Fleur René Iris Wout Chloé Dirk',
        ' ') AS firsts,
    string_to_array('jan,anna,maria,johan,emma,daan,sanne,lucas,eva,pieter,julia,'
        'jan willem,lisa,bram,noor,mees,zoe,milan,fleur,rene,iris,wout,chloe,dirk',
        ',') AS plain,
    ARRAY['', 'de ', 'van ', 'van den ', 'van der '] AS befores,
    string_to_array('jan bak vis smi mei mul bos ber pe hen dij van dek koo wil ver'
        ' hoe kui pos ge bro lin sch hui ros vel won hof mo wes zui noo oos kra bla'
        ' gro zwa wit', ' ') AS starts,
    string_to_array('s k er ma ten de ra lo ne ti ven ster', ' ') AS middles,
    string_to_array('en er ma stra man sen berg dijk huis s', ' ') AS ends
) words;
INSERT INTO accounts_user (id, organization_id, password, upn, email, object_id,
    display_name, first_name, last_name, department, title, usage_location,
    language, role, is_guest, is_active, has_past_due, created_at)
SELECT id, organization_id, '!load', address, address, 'load-' || n,
    first_name || ' ' || name, first_name, name, 'Department ' || n %% 40, '', 'NL',
    '', CASE i WHEN %(buyers)s THEN 'global_admin' WHEN %(buyers)s + 1
        THEN 'global_reader' ELSE 'member' END,
    i %% 50 = 48, i %% 50 <> 49, false, %(now)s
FROM (SELECT *, initcap(last) AS name, left(plain_first, 1) || '.'
    || replace(last, ' ', '') || n || '@load' || org || '.example' AS address
    FROM load_person) p
ORDER BY n;
ANALYZE load_person
"""
_WORDS = """
INSERT INTO accounts_personword (organization_id, suffix, user_id, starts_name)
SELECT p.organization_id, suffix, p.id, starts
FROM load_person p, LATERAL (
    SELECT array_to_string(parts[place:], ' ') AS suffix, place = 1 AS starts
    FROM (SELECT string_to_array(plain_first || ' ' || last, ' ') AS parts) s,
        generate_series(1, cardinality(parts)) place
    UNION ALL
    SELECT left(plain_first, 1) || '.' || replace(last, ' ', '') || n || '@load'
        || org || '.example', false
) w
ORDER BY p.organization_id, suffix COLLATE "C", p.id
"""
# One of each for everybody who buys: the first people of every organization.
_PROFILES = """
CREATE TEMPORARY TABLE load_buyer ON COMMIT DROP AS
SELECT p.*, pg_temp.v7(%(old)s + n, 3, n) AS account, pg_temp.v7(%(old)s + n, 4, n)
    AS profile, pg_temp.v7(%(old)s + n, 5, n) AS card, jsonb_build_object('name',
    'Load ' || org, 'line1', 'Kade ' || n, 'line2', '', 'postal_code', '3011 AB',
    'city', 'Rotterdam', 'country', 'NL', 'email', 'invoices' || n || '@load.example',
    'tax_id', '') AS party
FROM load_person p WHERE i < %(buyers)s;
INSERT INTO billing_billingaccount (id, organization_id, purchaser_id, name, email,
    tax_id, line1, line2, postal_code, city, country, created_at)
SELECT account, organization_id, id, party->>'name', party->>'email', '',
    party->>'line1', '', '3011 AB', 'Rotterdam', 'NL', %(now)s FROM load_buyer;
INSERT INTO billing_paymentmethod (id, organization_id, profile_id,
    stripe_payment_method_id, brand, last4, exp_month, exp_year, fingerprint,
    holder_name, created_at)
SELECT card, organization_id, profile, 'pm_load_' || n, 'visa', '4242', 12,
    extract(year FROM %(now)s::timestamptz)::int + 2, 'load' || n, '', %(now)s
FROM load_buyer;
INSERT INTO billing_billingprofile (id, organization_id, account_id, purchaser_id,
    name, bill_to_name, email, currency, po_number, stripe_customer_id,
    payment_method_id, line1, line2, postal_code, city, country, created_at)
SELECT profile, organization_id, account, id, party->>'name', party->>'name',
    party->>'email',
    'EUR', '', 'cus_load_' || n, card, party->>'line1', '', '3011 AB', 'Rotterdam',
    'NL', %(now)s FROM load_buyer;
INSERT INTO billing_striperef (id, stripe_id, organization_id, kind, row_id, since)
SELECT pg_temp.v7(%(old)s + n, 6, n), 'cus_load_' || n, organization_id, 'customer',
    profile, %(now)s FROM load_buyer
"""
# The first buyer of the first organization has `own` subscriptions, the first of them
# for a crowd. Others have one of each product. `rows` were ever assigned, one in
# eleven was taken back.
_SUBSCRIPTIONS = """
CREATE TEMPORARY TABLE load_subscription ON COMMIT DROP AS
SELECT *, rows - rows / 11 AS live,
    (%(ms)s - (extract(epoch FROM %(now)s - bought_at) * 1000)::bigint) AS bought_ms,
    pg_temp.v7(%(ms)s - (extract(epoch FROM %(now)s - bought_at) * 1000)::bigint, 7, n)
        AS id, term_start + months * interval '1 month' AS period_start
FROM (
    SELECT x.n, o, s, t, ordinal, product, b.organization_id, b.id AS purchaser_id,
        b.profile, b.card, b.party, b.i AS buyer, org.people, o = 1 AND mine AS own,
        CASE WHEN o = 1 AND s <= 3 THEN (ARRAY[%(crowd)s, 66, 22])[s] ELSE 25 END
            AS rows,
        CASE WHEN mine THEN 'active' WHEN x.n %% 100 = 1 THEN 'past_due'
            WHEN x.n %% 25 = 2 THEN 'expired' WHEN x.n %% 25 = 3 THEN 'disabled'
            WHEN x.n %% 10 = 4 THEN 'ending' ELSE 'active' END AS state,
        %(now)s - (8 + x.n * 7 %% 320) * interval '1 day' AS term_start,
        (8 + x.n * 7 %% 320) / 31 AS months,
        %(now)s - (8 + x.n * 7 %% 320 + CASE WHEN mine THEN 3300 ELSE 366 END)
            * interval '1 day' - x.n %% 86400 * interval '1 second' AS bought_at
    FROM (
        SELECT row_number() OVER (ORDER BY o.n, s) AS n, o.n AS o, s,
            s <= o.own AS mine,
            CASE WHEN s <= o.own THEN s - 1 ELSE s - 1 - o.own END AS t,
            CASE WHEN s <= o.own THEN (s - 1) / %(products)s ELSE 0 END AS ordinal,
            1 + (s - 1) %% %(products)s AS product,
            CASE WHEN s <= o.own THEN 0
                ELSE (o.n = 1)::int + (s - 1 - o.own) / %(products)s END AS buyer
        FROM load_organization o, generate_series(1, o.subs) s
    ) x
    JOIN load_organization org ON org.n = x.o
    JOIN load_buyer b ON b.org = x.o AND b.i = x.buyer
) s;
ANALYZE load_subscription;
INSERT INTO subscriptions_subscription (id, organization_id, purchaser_id, product_id,
    plan_id, price_id, profile_id, payment_method_id, quantity, assigned, order_key,
    order_state, attempt, decline, expected_total_minor, terms_version,
    assign_to_purchaser, ordered_at, bought_at, term_start, term_end, period_start,
    period_end, recurring_billing, disabled_at, past_due_since, change_number,
    cancel_reason, cancel_feedback, stripe_subscription_id, stripe_item_id,
    stripe_quantity, stripe_status, stripe_synced_at, created_at)
SELECT s.id, organization_id, purchaser_id, p.product_id, p.plan_id, p.price_id,
    profile, card, live + 100, CASE WHEN state = 'disabled' THEN 0 ELSE live END,
    pg_temp.v7(bought_ms, 8, n), 'confirmed', 1, '', p.amount * (live + 100), 'load',
    false, bought_at, bought_at, starts, starts + interval '1 year',
    CASE state WHEN 'expired' THEN starts + interval '11 months'
        ELSE period_start END,
    CASE state WHEN 'expired' THEN starts + interval '1 year'
        ELSE period_start + interval '1 month' END,
    state IN ('active', 'past_due'),
    CASE state WHEN 'disabled' THEN %(now)s - interval '20 days' END,
    CASE state WHEN 'past_due' THEN %(now)s - interval '5 days' END, 0, '', '',
    'sub_load_' || n, 'si_load_' || n, live + 100,
    CASE state WHEN 'past_due' THEN 'past_due' WHEN 'expired' THEN 'canceled'
        WHEN 'disabled' THEN 'canceled' ELSE 'active' END, %(now)s, %(now)s
FROM (SELECT *, CASE state WHEN 'expired'
    THEN %(now)s - interval '1 year 10 days' ELSE term_start END AS starts
    FROM load_subscription) s
JOIN load_plan p ON p.number = s.product
ORDER BY bought_at, n;
INSERT INTO billing_striperef (id, stripe_id, organization_id, kind, row_id, since)
SELECT pg_temp.v7(bought_ms, 6, n), 'sub_load_' || n, organization_id, 'subscription',
    id, bought_at FROM load_subscription ORDER BY n
"""
# The licenses of one purchaser and product go to people one after the other, so that
# nobody gets two.
_ASSIGNMENTS = """
INSERT INTO licensing_licenseassignment (id, organization_id, subscription_id,
    product_id, purchaser_id, user_id, assigned_by_id, assigned_at, suspended_at,
    ended_at, ended_by_id)
SELECT pg_temp.v7(%(ms)s - 30000000000 + (s.rows - k) * 1000000 + s.n, 9,
        k * 1000000 + s.n),
    s.organization_id, s.id, p.product_id, s.purchaser_id,
    pg_temp.v7(%(old)s + o.first + i, 2, o.first + i), s.purchaser_id,
    %(now)s - interval '347 days 5 hours 20 minutes'
        + (s.rows - k) * interval '1000 seconds' + s.n * interval '1 millisecond',
    CASE WHEN s.state = 'disabled' AND k %% 11 > 0
        THEN %(now)s - interval '20 days' END,
    CASE WHEN k %% 11 = 0 THEN %(now)s - interval '40 days' END,
    CASE WHEN k %% 11 = 0 THEN s.purchaser_id END
FROM load_subscription s
JOIN load_organization o ON o.n = s.o
JOIN load_plan p ON p.number = s.product,
    generate_series(1::bigint, s.rows) k,
    LATERAL (SELECT pg_temp.eligible(
        (s.buyer * 37 + s.product * 11 + k - 1 + CASE WHEN s.ordinal > 0
            THEN (CASE WHEN s.product = 1 THEN %(crowd)s ELSE 66 END)
                + 25 * s.ordinal ELSE 0 END)
        %% (s.people / 50 * 48 + least(s.people %% 50, 48))) AS i) who
ORDER BY s.rows - k, s.n
"""
_LOG = """
CREATE TEMPORARY TABLE load_entry ON COMMIT DROP AS
SELECT pg_temp.v7(bought_ms + k, 10, n * 2 + k) AS id, organization_id, purchaser_id,
    s.id AS subject, CASE k WHEN 0 THEN 'bought' ELSE 'licenses_assigned' END AS verb,
    CASE k WHEN 0 THEN jsonb_build_object('quantity', live + 100, 'count', live + 100)
        ELSE jsonb_build_object('count', live) END AS after,
    bought_at + k * interval '1 millisecond' AS at
FROM load_subscription s, generate_series(0, 1) k;
INSERT INTO activity_activity (id, organization_id, actor_id, subject_kind, subject_id,
    verb, before, after, happened_at)
SELECT id, organization_id, purchaser_id, 'subscription', subject, verb, '{}', after, at
FROM load_entry ORDER BY at, id;
INSERT INTO activity_unsealed (organization_id, activity_id)
SELECT organization_id, id FROM load_entry ORDER BY at, id
"""
_INVOICES = """
CREATE TEMPORARY TABLE load_invoice ON COMMIT DROP AS
SELECT *, pg_temp.v7(%(ms)s - (extract(epoch FROM %(now)s - at) * 1000)::bigint, 11,
    n * 100 + m) AS id
FROM (
    SELECT s.n, m, s.organization_id, s.profile, s.purchaser_id, s.id AS subscription,
        p.number AS product, s.live + 100 AS quantity,
        p.amount * (s.live + 100) AS subtotal,
        s.period_start - m * interval '1 month' + s.n %% 3600 * interval '1 second'
            AS at,
        CASE WHEN m = 0 AND s.state = 'past_due' THEN 'open'
            WHEN (s.n + m) %% 97 = 0 THEN 'void' ELSE 'paid' END AS status
    FROM load_subscription s JOIN load_plan p ON p.number = s.product,
        generate_series(0, CASE WHEN s.own THEN %(own_invoices)s ELSE %(invoices)s END
            - 1) m
) i;
ANALYZE load_invoice;
INSERT INTO billing_invoice (id, organization_id, profile_id, purchaser_id,
    subscription_id, stripe_invoice_id, number, status, attempted, currency,
    subtotal_minor, tax_minor, total_minor, paid_minor, remaining_minor,
    refunded_minor, reason, title, profile_name, sold_to, bill_to, line_count,
    po_number, finalized_at, paid_at, period_start, period_end, stripe_synced_at)
SELECT id, organization_id, i.profile, purchaser_id, subscription,
    'in_load_' || n || '_' || m, 'LOAD-' || lpad((n * 100 + m)::text, 9, '0'), status,
    status <> 'void', 'EUR', subtotal, tax, subtotal + tax,
    CASE status WHEN 'paid' THEN subtotal + tax ELSE 0 END,
    CASE status WHEN 'paid' THEN 0 ELSE subtotal + tax END, 0, 'subscription_cycle',
    name, party->>'name', party, party, 1, '', at,
    CASE status WHEN 'paid' THEN at END, at, at + interval '1 month', %(now)s
FROM (SELECT *, subtotal * 21 / 100 AS tax FROM load_invoice ORDER BY at, n) i
JOIN (SELECT profile, party FROM load_buyer) b USING (profile)
JOIN (SELECT number AS product, name FROM load_plan) p USING (product);
ANALYZE billing_invoice;
INSERT INTO billing_invoiceline (id, organization_id, invoice_id, position, kind, text,
    quantity, unit_minor, amount_minor, tax_minor, tax_rate_bp, period_start,
    period_end)
SELECT pg_temp.v7(%(ms)s - (extract(epoch FROM %(now)s - at) * 1000)::bigint, 12,
        n * 100 + m), organization_id, id, 1, 'payment', quantity || ' × ' || name,
    quantity, amount, subtotal, subtotal * 21 / 100, 2100, at, at + interval '1 month'
FROM load_invoice JOIN load_plan ON number = product ORDER BY at, n
"""
# What billing keeps beside the person: whoever has something past due.
_OWING = """
UPDATE accounts_user SET has_past_due = true WHERE id IN (
    SELECT purchaser_id FROM load_invoice WHERE status = 'open')
"""
STEPS: tuple[tuple[str, str], ...] = (
    ("keys", f"{_KEYS}; {_SPREAD}; {_SKEWED}; {_ELIGIBLE}"),
    ("organizations", _ORGANIZATIONS),
    ("people", _PEOPLE),
    ("words to find them by", _WORDS),
    ("billing profiles and cards", _PROFILES),
    ("subscriptions", _SUBSCRIPTIONS),
    ("licenses", _ASSIGNMENTS),
    ("log", _LOG),
    ("invoices", _INVOICES),
    ("who owes", _OWING),
)
TABLES = (
    "accounts_organization",
    "accounts_user",
    "accounts_personword",
    "billing_billingaccount",
    "billing_paymentmethod",
    "billing_billingprofile",
    "billing_striperef",
    "subscriptions_subscription",
    "licensing_licenseassignment",
    "activity_activity",
    "activity_unsealed",
    "billing_invoice",
    "billing_invoiceline",
)
