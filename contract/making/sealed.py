"""Secrets at rest: values that open, and values that must not, each with its one reason."""

import base64
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.padding import PKCS7

from contract.making.seeds import mac, seed

PREFIX = "presswarden-sealed-1."
AUTH_KEY = "vector only: k7#Qz!m2Vb9$Lr4^Tx8&Np1*Wc6(Hd3)Js5-Fg0=Ye"
CONTEXT = "site key|blog 1"


def seal(plain: bytes, auth_key: str = AUTH_KEY, context: str = CONTEXT) -> bytes:
    salt, iv = seed("salt"), seed("iv")[:16]
    okm = HKDF(SHA256(), 64, salt, f"presswarden-sealed-1\n{context}".encode()).derive(auth_key.encode())
    padder = PKCS7(128).padder()
    encryptor = Cipher(AES(okm[:32]), CBC(iv)).encryptor()
    cipher = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    covered = b"\x01" + salt + iv + cipher
    return covered + mac(okm[32:], covered + context.encode())


def text(raw: bytes) -> str:
    return PREFIX + base64.b64encode(raw).decode()


def cases() -> list[dict[str, Any]]:
    secret = seed("a secret")
    raw = seal(secret)
    good = {"auth_key": AUTH_KEY, "context": CONTEXT, "sealed": text(raw)}
    found: list[dict[str, Any]] = [
        good | {"name": "a sealed value opens", "plain": secret.hex()},
        good | {"name": "an empty sealed value opens", "sealed": text(seal(b"")), "plain": ""},
        good | {"name": "another auth key does not open it", "auth_key": AUTH_KEY[::-1], "reason": "mac"},
        good | {"name": "another context does not open it", "context": "site key|blog 2", "reason": "mac"},
        good | {"name": "an empty auth key is refused", "auth_key": "", "reason": "weak_key"},
        good | {"name": "the default auth key is refused", "auth_key": "put your unique phrase here", "reason": "weak_key"},
        good | {"name": "an auth key of 31 bytes is refused", "auth_key": AUTH_KEY[:31], "reason": "weak_key"},
        good | {"name": "an auth key of one letter is refused", "auth_key": "a" * 64, "reason": "weak_key"},
        good | {"name": "text that was never sealed is refused", "sealed": "secret", "reason": "format"},
        good | {"name": "nothing is refused", "sealed": "", "reason": "format"},
        good | {"name": "another format's prefix is refused", "sealed": text(raw).replace("-1.", "-2."), "reason": "format"},
        good | {"name": "base64 with a stray letter is refused", "sealed": text(raw) + "A", "reason": "format"},
        good | {"name": "another version byte is refused", "sealed": text(b"\x02" + raw[1:]), "reason": "format"},
        good | {"name": "a value cut short is refused", "sealed": text(raw[:90]), "reason": "format"},
        good | {"name": "a value without its last byte is refused", "sealed": text(raw[:-1]), "reason": "mac"},
    ]
    for index in range(1, len(raw), 7):
        changed = bytearray(raw)
        changed[index] ^= 1
        found.append(good | {"name": f"a changed byte {index} is refused", "sealed": text(bytes(changed)), "reason": "mac"})
    return found
