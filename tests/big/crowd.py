"""A million people in one organization, and licenses for many of them."""

from __future__ import annotations

from django.db import connection

from selfservice.accounts.models import Organization, User
from selfservice.subscriptions.models import Subscription
from tests.factories.subscriptions import make_subscription

# Common names are much commoner than rare ones, as in life.
PEOPLE = """
INSERT INTO accounts_user (id, organization_id, password, upn, email, object_id,
    display_name, first_name, last_name, department, title, usage_location,
    language, role, is_guest, is_active)
SELECT gen_random_uuid(), %(organization)s, '!', a, a, '',
    initcap(f || ' ' || l), '', '', 'Department ' || n %% 40, '', 'NL', '',
    'member', false, true
FROM (
    SELECT n, f, l, left(f, 1) || '.' || replace(l, ' ', '') || n
        || '@crowd.example' AS a
    FROM (
        SELECT n, firsts[1 + floor(power(random(), 2) * 24)::int] AS f,
            befores[1 + floor(power(random(), 3) * 5)::int]
            || starts[1 + floor(power(random(), 2) * 38)::int]
            || middles[1 + floor(random() * 12)::int]
            || ends[1 + floor(random() * 10)::int] AS l
        FROM generate_series(1, %(people)s) n, (SELECT
            string_to_array('jan anna maria johan emma daan sanne lucas eva pieter'
                ' julia thomas lisa bram noor mees zoe sem fleur milan iris wout'
                ' yara dirk', ' ') AS firsts,
            ARRAY['', 'de ', 'van ', 'van den ', 'van der '] AS befores,
            string_to_array('jan bak vis smi mei mul bos ber pe hen dij van dek'
                ' koo wil ver hoe kui pos ge bro lin sch hui ros vel won hof mo'
                ' wes zui noo oos kra bla gro zwa wit ro', ' ') AS starts,
            string_to_array('s k er ma ten de ra lo ne ti ven ster', ' ') AS middles,
            string_to_array('en er ma stra man sen berg dijk huis s', ' ') AS ends
        ) words
    ) named
) addressed
"""
WORDS = """
INSERT INTO accounts_personword (organization_id, suffix, user_id, starts_name)
SELECT DISTINCT ON (suffix, p.id) p.organization_id, suffix, p.id, place = 0
FROM accounts_user p, LATERAL (
    SELECT array_to_string(parts[place + 1:], ' ') AS suffix, place
    FROM (SELECT string_to_array(lower(p.display_name), ' ') AS parts) s,
        generate_series(0, cardinality(parts) - 1) place
    UNION ALL SELECT p.email, 9
) w
WHERE p.organization_id = %(organization)s AND p.usage_location = 'NL'
    AND p.password = '!'
"""
LICENSES = """
INSERT INTO licensing_licenseassignment (id, organization_id, subscription_id,
    product_id, purchaser_id, user_id, assigned_by_id, assigned_at)
SELECT gen_random_uuid(), p.organization_id, %(subscription)s, %(product)s,
    %(purchaser)s, p.id, %(purchaser)s, now()
FROM accounts_user p
WHERE p.organization_id = %(organization)s AND p.password = '!'
ORDER BY p.id LIMIT %(count)s
"""


def make_crowd(organization: Organization, people: int) -> None:
    """So many people with their search words, in the caller's transaction."""
    with connection.cursor() as cursor:
        # The rows are right: looking at each again would take minutes.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SELECT setseed(0.5)")
        asked = {"organization": organization.pk, "people": people}
        cursor.execute(PEOPLE, asked)
        cursor.execute(WORDS, asked)
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute("ANALYZE accounts_user")
        cursor.execute("ANALYZE accounts_personword")


def license_crowd(purchaser: User, count: int) -> Subscription:
    """A subscription from which so many of the crowd have a license."""
    made = make_subscription(purchaser, quantity=2_000_000)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            LICENSES,
            {
                "organization": purchaser.organization_id,
                "subscription": made.pk,
                "product": made.product_id,
                "purchaser": purchaser.pk,
                "count": count,
            },
        )
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute("ANALYZE licensing_licenseassignment")
    Subscription.objects.filter(pk=made.pk).update(assigned=count)
    return made
