"""Makes log keys and signs checkpoints: the only module of the record that signs. Limits: what a signature says is that this key saw this tree, no more;
whoever holds the key can sign another history, which is why sites and customers keep checkpoints of their own.
"""

from nacl.signing import SigningKey

from presswarden.audit import note
from presswarden.audit.note import LogKey


def new_seed() -> bytes:
    return bytes(SigningKey.generate())


def log_key(origin: str, seed: bytes) -> LogKey:
    """The public half of `seed`, under the name it signs with."""
    return LogKey(origin, bytes(SigningKey(seed).verify_key))


def checkpoint(origin: str, seed: bytes, *, size: int, root: bytes) -> str:
    """A signed checkpoint of a tree of `size` leaves."""
    signed = note.body(origin, size, root)
    return note.with_signature(signed, log_key(origin, seed), SigningKey(seed).sign(signed.encode()).signature)
