"""Jeton's tokens, for detect-secrets: `detect-secrets scan -p deploy/scanners/detect_secrets_jeton.py`.

A token is checked as Jeton checks it: its id is a UUID of version 7, and its checksum fits. So what is found is a
token. Deployments with another prefix write it in place of `jtn`.
"""

import re
import zlib

from detect_secrets.plugins.base import RegexBasedDetector

PREFIX = "jtn"
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class JetonTokenDetector(RegexBasedDetector):
    """Finds tokens by their prefix, their id and their checksum."""

    secret_type = "Jeton Token"

    denylist = [re.compile(PREFIX + r"_(?:pat|svc|job|ses|api)_[0-9A-Za-z]{22}_[0-9A-Za-z]{38}")]

    def analyze_string(self, string):
        return (text for text in super().analyze_string(string) if is_token(text))


def is_token(text):
    """Whether the text's id and checksum are those of a token."""
    body, checksum = text[:-6], text[-6:]
    return is_id(text.split("_")[2]) and number(checksum) == zlib.crc32(body.encode("ascii"))


def is_id(text):
    value = number(text)
    return value < 2**128 and value >> 76 & 0xF == 7 and value >> 62 & 0b11 == 0b10


def number(text):
    value = 0
    for digit in text:
        value = value * 62 + DIGITS.index(digit)
    return value
