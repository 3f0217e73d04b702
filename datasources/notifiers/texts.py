"""What messages say, by template and language."""

from collections.abc import Mapping

import msgspec

from datasources.notifying import Template

DEFAULT_LANGUAGE = "en"
RESET, VERIFY = Template.PASSWORD_RESET, Template.PHONE_VERIFICATION


class Text(msgspec.Struct, frozen=True):
    """A subject, empty for text messages, and a body with the place of the link."""

    subject: str
    body: str


TEXTS: Mapping[tuple[Template, str], Text] = {
    (RESET, "en"): Text(
        "Set a new password",
        "A new password was asked for your account. Choose one here soon, the link does not last:\n\n{link}\n\n"
        "If it was not for you, leave this message aside: nothing changes.\n",
    ),
    (RESET, "es"): Text(
        "Elige una contraseña nueva",
        "Se ha pedido una contraseña nueva para tu cuenta. Elígela aquí pronto, el enlace caduca:\n\n{link}\n\n"
        "Si no es para ti, no hagas nada: todo sigue igual.\n",
    ),
    (RESET, "fr"): Text(
        "Choisissez un nouveau mot de passe",
        "Un nouveau mot de passe a été demandé pour votre compte. Choisissez-le ici sans tarder, le lien expire :\n\n{link}\n\n"
        "Si cela ne vous concerne pas, ne faites rien : rien ne change.\n",
    ),
    (RESET, "de"): Text(
        "Neues Passwort wählen",
        "Für Ihr Konto wurde ein neues Passwort angefordert. Wählen Sie es hier bald, der Link verfällt:\n\n"
        "{link}\n\nWenn Sie das nicht betrifft, tun Sie nichts: Es ändert sich nichts.\n",
    ),
    (VERIFY, "en"): Text("", "Confirm your telephone number: {link}\n"),
    (VERIFY, "es"): Text("", "Confirma tu número de teléfono: {link}\n"),
    (VERIFY, "fr"): Text("", "Confirmez votre numéro de téléphone : {link}\n"),
    (VERIFY, "de"): Text("", "Bestätigen Sie Ihre Telefonnummer: {link}\n"),
}


def text_for(template: Template, locale: str | None) -> Text:
    """The text in the language of the locale, else in English."""
    language = (locale or DEFAULT_LANGUAGE).partition("-")[0].lower()
    return TEXTS.get((template, language)) or TEXTS[template, DEFAULT_LANGUAGE]
