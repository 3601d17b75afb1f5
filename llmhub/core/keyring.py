"""Encryption of secrets at rest.

The keys are `settings.LLMHUB_ENCRYPTION_KEYS`: the first encrypts, all of them decrypt, so that a
new key can be put in front and `rotate_encryption_keys` run at leisure. They are kept apart from
`SECRET_KEY`, which signs sessions and may be changed on its own. Each may be any text of at least
32 characters; the Fernet key is its SHA-256.
"""

import base64
import hashlib
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

MINIMUM_KEY_LENGTH = 32


class WrongEncryptionKeyError(ImproperlyConfigured):
    """None of the configured keys decrypts a stored secret."""


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    if not keys:
        raise ImproperlyConfigured("LLMHUB_ENCRYPTION_KEYS is empty; it needs at least one key.")
    for position, key in enumerate(keys, start=1):
        if len(key) < MINIMUM_KEY_LENGTH:
            raise ImproperlyConfigured(
                f"Key {position} of LLMHUB_ENCRYPTION_KEYS has {len(key)} characters; "
                f"it needs at least {MINIMUM_KEY_LENGTH}."
            )
    return MultiFernet(
        [Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest())) for key in keys]
    )


def _current() -> MultiFernet:
    return _fernet(tuple(settings.LLMHUB_ENCRYPTION_KEYS))


def encrypt(plain: str) -> str:
    """A token that only the configured keys open."""
    return _current().encrypt(plain.encode()).decode()


def decrypt(token: str) -> str:
    """The text inside `token`. Raises WrongEncryptionKeyError, never returns the token itself."""
    try:
        return _current().decrypt(token.encode()).decode()
    except InvalidToken:
        raise WrongEncryptionKeyError(
            "A stored secret can't be decrypted with any key of LLMHUB_ENCRYPTION_KEYS. "
            "Put the key that it was saved with back into the list, behind the new one."
        ) from None


def fingerprint(secret: str) -> str:
    """Eight hexadecimal digits by which people can tell secrets apart without seeing them."""
    return hashlib.sha256(b"llmhub-fingerprint:" + secret.encode()).hexdigest()[:8]
