"""Proxies of the environment, for what leaves the internal network."""

from urllib.parse import urlsplit

from requests.utils import get_environ_proxies, select_proxy

from obs.spec.plaintext import is_plaintext


def may_use_proxy(url: str) -> bool:
    """Whether a proxy of the environment is used for this URL, if there is one.

    Only for https://, where a proxy connects the two ends and cannot read what they say, and
    never for this machine's own addresses.
    """
    parts = urlsplit(url)
    return parts.scheme == "https" and is_plaintext(parts._replace(scheme="http").geturl())


def proxy_of(url: str) -> str | None:
    """The proxy that the environment (https_proxy, all_proxy) has for this URL; None for none.

    no_proxy may have names, domains, addresses and networks (10.0.0.0/8).
    """
    if not may_use_proxy(url):
        return None
    proxy = select_proxy(url, get_environ_proxies(url))
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"
