"""Ed25519 signatures (RFC 8032) over what leaves the house, with a key of the key folder; anybody can check them.

The private key is the 32 bytes of the key file `manifest`; the public one is given out as PEM.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from traceability.keys import Keyring

_KEY = "manifest"


def sign(keyring: Keyring, data: bytes) -> bytes:
    """The 64 bytes of a signature over these very bytes."""
    return _private(keyring).sign(data)


def public_pem(keyring: Keyring) -> bytes:
    """The public key as `openssl` reads it."""
    return _private(keyring).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def verifies(pem: bytes, data: bytes, signature: bytes) -> bool:
    """Whether a signature is that of the key's holder over these bytes."""
    key = load_pem_public_key(pem)
    if not isinstance(key, Ed25519PublicKey):
        return False
    try:
        key.verify(signature, data)
    except InvalidSignature:
        return False
    return True


def _private(keyring: Keyring) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(keyring.secret(_KEY))
