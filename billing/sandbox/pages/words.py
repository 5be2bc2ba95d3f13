"""The pages' words in Dutch; English is what stands in templates and code."""

from __future__ import annotations

DUTCH = {
    "Demo. No real bank is asked.": "Demo. Er wordt geen echte bank gevraagd.",
    "Demo. No money moves.": "Demo. Er wordt geen geld overgemaakt.",
    "Demo. Test cards only, such as 4242 4242 4242 4242: never enter a real one.": (
        "Demo. Alleen testkaarten, zoals 4242 4242 4242 4242: voer nooit een echte in."
    ),
    "Enter a card": "Kaart invoeren",
    "It is kept for later payments. Nothing is charged on this page.": (
        "De kaart wordt bewaard voor latere betalingen. Op deze pagina wordt niets"
        " afgeschreven."
    ),
    "Card number": "Kaartnummer",
    "Expiration date": "Vervaldatum",
    "Security code": "Beveiligingscode",
    "MM / YY": "MM / JJ",
    "Month": "Maand",
    "Year": "Jaar",
    "Name on card": "Naam op de kaart",
    "Save card": "Kaart opslaan",
    "Back": "Terug",
    "Your bank wants to see you": "Uw bank wil zeker weten dat u het bent",
    "This is the demo's stand-in for the page of your bank.": (
        "Dit is in de demo de vervanging van de pagina van uw bank."
    ),
    "Complete authentication": "Verificatie voltooien",
    "Fail authentication": "Verificatie laten mislukken",
    "Invoice": "Factuur",
    "Tax": "Btw",
    "Total": "Totaal",
    "Pay": "Betalen",
    "Use another card": "Een andere kaart gebruiken",
    "Pay with this card": "Met deze kaart betalen",
    "Back to the portal": "Terug naar het portaal",
    "This invoice is open.": "Deze factuur staat open.",
    "This invoice is paid. You can go back to the portal.": (
        "Deze factuur is betaald. U kunt terug naar het portaal."
    ),
    "This invoice is void: nothing is to be paid.": (
        "Deze factuur is vervallen: er hoeft niets te worden betaald."
    ),
    "The payment didn't go through. Try again, or use another card.": (
        "De betaling is niet gelukt. Probeer het opnieuw of gebruik een andere kaart."
    ),
    "This page is over. Go back to the portal.": (
        "Deze pagina is verlopen. Ga terug naar het portaal."
    ),
    "There is no such invoice.": "Deze factuur bestaat niet.",
    "There is nothing at this address.": "Op dit adres is niets te vinden.",
    "Your card was declined.": "Uw kaart is geweigerd.",
    "Your card has insufficient funds.": "Er staat niet genoeg geld op uw kaart.",
    "Your card has expired.": "Uw kaart is verlopen.",
    "Your card's expiration date is in the past.": (
        "De vervaldatum van uw kaart is verstreken."
    ),
    "Your card's expiration date is incomplete.": (
        "De vervaldatum van uw kaart is onvolledig."
    ),
    "Your card's month is invalid.": "De vervalmaand van uw kaart klopt niet.",
    "Your card's year is invalid.": "Het vervaljaar van uw kaart klopt niet.",
    "Your card's security code is incorrect.": (
        "De beveiligingscode van uw kaart klopt niet."
    ),
    "Your card's security code is incomplete.": (
        "De beveiligingscode van uw kaart is onvolledig."
    ),
    "Your card number is incomplete.": "Uw kaartnummer is onvolledig.",
    "An error occurred while processing your card. Try again.": (
        "Er ging iets mis bij het verwerken van uw kaart. Probeer het opnieuw."
    ),
    "This is the demo: only Stripe's test cards work here, such as"
    " 4242 4242 4242 4242. Never enter a real card.": (
        "Dit is de demo: alleen de testkaarten van Stripe werken hier, zoals"
        " 4242 4242 4242 4242. Voer nooit een echte kaart in."
    ),
    "We are unable to authenticate your payment method. Please choose a different"
    " payment method and try again.": (
        "Uw bank heeft de betaling niet bevestigd. Kies een andere kaart en probeer"
        " het opnieuw."
    ),
    "The payment provider could not be reached. Check your connection and try again.": (
        "De betaaldienst is niet bereikbaar. Controleer uw verbinding en probeer"
        " het opnieuw."
    ),
}


def say(language: str, english: str) -> str:
    """The sentence in `language`; English where there is no other."""
    return DUTCH.get(english, english) if language == "nl" else english


def preferred(accept_language: str) -> str:
    """`nl` or `en`: which of the two a browser's header asks for first."""
    wishes = []
    for place, wish in enumerate(accept_language.split(",")):
        name, _, weight = wish.partition(";q=")
        try:
            wishes.append((-float(weight or 1), place, name.strip()[:2].lower()))
        except ValueError:
            continue
    known = [name for weight, _, name in sorted(wishes) if weight and name in _KNOWN]
    return known[0] if known else "en"


_KNOWN = {"nl", "en"}
