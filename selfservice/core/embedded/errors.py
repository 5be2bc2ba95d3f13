"""What goes wrong with the embedded server, as a sentence."""


class ServerError(RuntimeError):
    """The embedded server can't be used; the message says why and what now."""
