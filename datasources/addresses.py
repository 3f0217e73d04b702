"""Where things are reached, and whether what is sent there can be read on the way."""

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """True where what is sent to the host never leaves this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def secure_url(url: str) -> str:
    """The URL where nobody on the way can read or change what is sent. Raises ValueError."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not host or (parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host))):
        raise ValueError("must be an https URL (http on a loopback address only)")
    return url
