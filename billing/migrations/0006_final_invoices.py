"""What a final invoice says never changes, whoever writes."""

from django.db import migrations

# Its payment moves: status, attempted, paid, remaining, refunded, paid_at, synced_at.
SAYS = (
    "id, organization_id, profile_id, purchaser_id, subscription_id, number, currency,"
    " subtotal_minor, tax_minor, total_minor, reason, title, sold_to, bill_to,"
    " po_number, line_count, finalized_at, period_start, period_end"
)
OLD, NEW = (
    ", ".join(f"{row}.{column.strip()}" for column in SAYS.split(","))
    for row in ("OLD", "NEW")
)
FORWARD = f"""
CREATE FUNCTION invoice_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a final invoice never changes' USING ERRCODE = 'restrict_violation';
END $$;
CREATE FUNCTION invoice_has_its_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM billing_invoice WHERE organization_id = NEW.organization_id
        AND id = NEW.invoice_id AND line_count < NEW.position) THEN
        RAISE EXCEPTION 'a final invoice never changes'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER invoice_is_final BEFORE UPDATE ON billing_invoice FOR EACH ROW
    WHEN (OLD.status <> 'draft'
        AND (NEW.status = 'draft' OR ({OLD}) IS DISTINCT FROM ({NEW})))
    EXECUTE FUNCTION invoice_is_final();
CREATE TRIGGER invoice_stays BEFORE DELETE ON billing_invoice FOR EACH ROW
    WHEN (OLD.status <> 'draft') EXECUTE FUNCTION invoice_is_final();
CREATE TRIGGER invoiceline_is_final BEFORE UPDATE OR DELETE ON billing_invoiceline
    FOR EACH ROW EXECUTE FUNCTION invoice_is_final();
CREATE TRIGGER invoiceline_is_of_it BEFORE INSERT ON billing_invoiceline
    FOR EACH ROW EXECUTE FUNCTION invoice_has_its_lines();
"""
BACKWARD = """
DROP TRIGGER invoiceline_is_of_it ON billing_invoiceline;
DROP TRIGGER invoiceline_is_final ON billing_invoiceline;
DROP TRIGGER invoice_stays ON billing_invoice;
DROP TRIGGER invoice_is_final ON billing_invoice;
DROP FUNCTION invoice_has_its_lines();
DROP FUNCTION invoice_is_final();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0005_receipts")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
