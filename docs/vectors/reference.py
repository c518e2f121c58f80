#!/usr/bin/env python3
"""A second, independent implementation of token text, scope matching and the Authorization field.

It shares no code with the Rust crates and uses only the standard library. Running it
rewrites token-text.json, scope-match.json and authorization.json beside it, byte for byte the same each time:

    python3 docs/vectors/reference.py

Where a case below states its own verdict, the functions here must reach the same one.
"""

import base64
import hashlib
import hmac
import json
import re
import zlib
from itertools import product
from pathlib import Path

# ---------------------------------------------------------------- token text

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
KINDS = ("pat", "svc", "job", "ses", "api")
TEXT_BYTES_MAX = 82
ID_LABEL = b"jeton/id/v1"


def base62(number, width):
    """Most significant digit first, padded with `0` on the left."""
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits = DIGITS[digit] + digits
    assert number == 0, "too large for its width"
    return digits


def from_base62(text):
    number = 0
    for character in text:
        number = number * 62 + DIGITS.index(character)
    return number


def keyed(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def mint_id(id_key, unix_ms, random):
    """16 bytes: time, version, 42 random bits with the variant between them, tag."""
    assert unix_ms < 1 << 48 and random < 1 << 42
    head = (
        unix_ms.to_bytes(6, "big")
        + (0x7000 | random >> 30).to_bytes(2, "big")
        + bytes([0x80 | (random >> 24 & 0x3F)])
        + (random & 0xFFFFFF).to_bytes(3, "big")
    )
    return head + keyed(id_key, ID_LABEL + head)[:4]


def is_genuine(id_key, uuid):
    return hmac.compare_digest(uuid[12:], keyed(id_key, ID_LABEL + uuid[:12])[:4])


def secret_from(seed):
    """64 uniform bytes make one secret."""
    assert len(seed) == 64
    return base62(int.from_bytes(seed, "big") % 62**32, 32)


def with_checksum(body):
    return body + base62(zlib.crc32(body.encode()), 6)


def parse(text):
    """The name of the first rule that the text breaks, or its four values."""
    raw = text.encode()
    if not 1 <= len(raw) <= TEXT_BYTES_MAX:
        return "length"
    if not re.fullmatch(rb"[0-9A-Za-z_]+", raw):
        return "charset"
    parts = text.split("_")
    if len(parts) != 4:
        return "shape"
    prefix, kind, id_, last = parts
    if not re.fullmatch(r"[a-z][a-z0-9]{1,15}", prefix):
        return "prefix"
    if kind not in KINDS:
        return "kind"
    if len(id_) != 22 or from_base62(id_) >= 1 << 128:
        return "id"
    uuid = from_base62(id_).to_bytes(16, "big")
    if uuid[6] >> 4 != 7 or uuid[8] >> 6 != 0b10:
        return "id"
    if len(last) != 38:
        return "secret"
    if with_checksum(text[:-6]) != text:
        return "checksum"
    return prefix, kind, id_, uuid


# -------------------------------------------------------------------- scopes

SCOPE_BYTES_MAX = 128
SEGMENTS_MAX = 8


def segments_of(text):
    """The segments, or nothing when one of them is malformed."""
    parts = text.split(".")
    well_formed = all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", part) for part in parts)
    return parts if well_formed and len(text) <= SCOPE_BYTES_MAX else []


def is_scope(text):
    return 2 <= len(segments_of(text)) <= SEGMENTS_MAX


def is_pattern(text):
    if text == "*" or is_scope(text):
        return True
    if not text.endswith(".*") or len(text) > SCOPE_BYTES_MAX:
        return False
    return 1 <= len(segments_of(text[:-2])) < SEGMENTS_MAX


def covers(pattern, other):
    """Does the pattern allow everything that `other`, a scope or a pattern, allows?"""
    if pattern == "*" or pattern == other:
        return True
    return pattern.endswith(".*") and other.startswith(pattern[:-1])


def set_covers(patterns, other):
    return any(covers(pattern, other) for pattern in patterns)


# ----------------------------------------------------------- cases: token text

ID_KEY = hashlib.sha256(b"jeton test vectors: id key").digest()
PEPPER = hashlib.sha256(b"jeton test vectors: pepper").digest()
NOON = 1_767_225_600_000  # 2026-01-01T00:00:00Z
RANDOM_MAX = (1 << 42) - 1
TIME_MAX = (1 << 48) - 1


def seed(label):
    return hashlib.sha512(b"jeton test vectors: " + label.encode()).digest()


def random_of(label):
    return int.from_bytes(seed(label)[:6], "big") >> 6


def id_text(uuid):
    return base62(int.from_bytes(uuid, "big"), 22)


def token(prefix="jtn", kind="pat", id_=None, secret=None, label="plain"):
    """A well-formed text; any part may be replaced, and the checksum always fits."""
    id_ = id_text(mint_id(ID_KEY, NOON, random_of(label))) if id_ is None else id_
    secret = secret_from(seed(label)) if secret is None else secret
    return with_checksum(f"{prefix}_{kind}_{id_}_{secret}")


def id_with(unix_ms=NOON, version=7, variant=0b10, tag=None):
    """An id whose tag is right for its bytes, whatever the version and variant are."""
    head = bytearray(mint_id(ID_KEY, unix_ms, random_of("altered"))[:12])
    head[6] = version << 4 | head[6] & 0x0F
    head[8] = variant << 6 | head[8] & 0x3F
    tag = keyed(ID_KEY, ID_LABEL + bytes(head))[:4] if tag is None else tag
    return id_text(bytes(head) + tag)


def replace_at(text, position, character):
    assert text[position] != character
    return text[:position] + character + text[position + 1 :]


def another_digit(text, position):
    return replace_at(text, position, "7" if text[position] != "7" else "8")


def valid_texts():
    for prefix, kind in product(("jtn", "tk", "acme2026", "abcdefghijklmnop"), KINDS):
        yield token(prefix, kind, label=prefix + kind)
    yield token("a0")
    yield token("z999999999999999")
    yield token("pat", "pat")
    for unix_ms, random in product((0, 1, TIME_MAX), (0, 1, RANDOM_MAX)):
        yield token(id_=id_text(mint_id(ID_KEY, unix_ms, random)))
    yield token(secret="0" * 32)
    yield token(secret="z" * 32)
    yield token(secret="0" * 31 + "1")
    # A checksum that needs its padding.
    padded = (token(label=f"padding {n}") for n in range(10_000))
    yield next(text for text in padded if text[-6:-4] == "00")
    # Nothing is wrong with these texts; only the holder of the id key sees the forgery.
    good = mint_id(ID_KEY, NOON, random_of("forged"))
    for position, bit in product((12, 15), (0x01, 0x80)):
        forged = bytearray(good)
        forged[position] ^= bit
        yield token(id_=id_text(bytes(forged)))
    yield token(id_=id_text((1).to_bytes(6, "big") + good[6:]))  # an older time, the old tag
    yield token(id_=id_text(good[:11] + bytes([good[11] ^ 1]) + good[12:]))
    yield token(id_=id_with(tag=bytes(4)))
    yield token(id_=id_with(tag=b"\xff" * 4))
    yield token(id_=id_text(mint_id(PEPPER, NOON, random_of("forged"))))  # another key's tag
    yield token(id_=id_text(bytes.fromhex("ffffffffffff7fffbfffffffffffffff")))
    yield token(id_=id_text(bytes.fromhex("00000000000070008000000000000000")))


def invalid_texts():
    good = token()
    prefix, kind, id_, last = good.split("_")
    secret = last[:32]
    longest = token("abcdefghijklmnop")
    assert len(longest) == TEXT_BYTES_MAX

    yield "", "length", "empty"
    yield longest + "0", "length", "one byte more than the longest text"
    yield longest + "\n", "length", "longest text and a newline: length is looked at first"
    yield token("abcdefghijklmnopq"), "length", "a prefix of 17 makes 83 bytes"
    yield "é" * 42, "length", "42 characters, but 84 bytes"
    yield "a" * 1_000, "length", "very long"
    yield "_" * 83, "length", "separators only, too many"

    yield good + "\n", "charset", "trailing newline"
    yield good + "\r\n", "charset", "trailing carriage return and newline"
    yield "\n" + good, "charset", "leading newline"
    yield " " + good, "charset", "leading space"
    yield good + " ", "charset", "trailing space"
    yield "Bearer " + good, "charset", "the scheme was left in"
    yield good + "\0", "charset", "trailing NUL"
    yield replace_at(good, 40, "\0"), "charset", "NUL inside the secret"
    yield "\0", "charset", "NUL alone"
    yield good.replace("_", "-"), "charset", "hyphens as separators"
    yield good.replace("_", "."), "charset", "dots as separators"
    yield f'"{good}"', "charset", "quoted"
    yield replace_at(good, 40, "+"), "charset", "base64 character +"
    yield replace_at(good, 40, "/"), "charset", "base64 character /"
    yield replace_at(good, 40, "="), "charset", "base64 character ="
    yield replace_at(good, 40, "%"), "charset", "percent sign"
    yield replace_at(good, 40, "\x7f"), "charset", "DEL"
    yield replace_at(good, 4, "р"), "charset", "Cyrillic letter er for the p of pat"
    yield replace_at(good, 3, "＿"), "charset", "full-width low line as a separator"
    yield replace_at(good, 40, "１"), "charset", "full-width digit one"
    yield replace_at(good, 40, "٣"), "charset", "Arabic-Indic digit three"
    yield good + "\u200d", "charset", "trailing zero-width joiner"
    yield "\u202e" + good, "charset", "leading right-to-left override"
    yield "\ufeff" + good, "charset", "leading byte order mark"
    yield "𝟘", "charset", "a digit outside the basic plane, four bytes"

    yield "j", "shape", "one letter"
    yield "_", "shape", "one separator"
    yield "____", "shape", "five empty parts"
    yield good.replace("_", ""), "shape", "no separators"
    yield f"{prefix}_{kind}_{id_}{last}", "shape", "the last separator is missing"
    yield good + "_", "shape", "trailing separator"
    yield "_" + good, "shape", "leading separator"
    yield good.replace("_", "__", 1), "shape", "a doubled separator"
    yield token("j_n"), "shape", "a separator inside the prefix"
    yield token(secret=secret[:10] + "_" + secret[10:]), "shape", "a separator inside the secret"
    yield replace_at(good, 3, "7"), "shape", "a digit in a separator's place"
    yield "github_pat_" + "A" * 22, "shape", "somebody else's token: three parts"

    yield "___", "prefix", "four empty parts"
    yield token(""), "prefix", "empty prefix"
    yield token("j"), "prefix", "a prefix of one character"
    yield token("abcdefghijklmnopq", secret=secret[:31]), "prefix", "a prefix of 17 characters in 82 bytes"
    yield token("Jtn"), "prefix", "upper case at its start"
    yield token("jtN"), "prefix", "upper case at its end"
    yield token("JTN"), "prefix", "upper case throughout"
    yield token("1tn"), "prefix", "begins with a digit"
    yield good.upper(), "prefix", "the whole text in upper case"
    yield good.swapcase(), "prefix", "the whole text with case swapped"
    yield token("Jtn", "xxx", "0", "0"), "prefix", "prefix, kind, id and secret are wrong: prefix is named"

    yield token(kind="PAT"), "kind", "upper case"
    yield token(kind="pau"), "kind", "one wrong letter"
    yield token(kind="pa"), "kind", "too short"
    yield token(kind="pats"), "kind", "too long"
    yield token(kind=""), "kind", "empty"
    yield token(kind="personal"), "kind", "the word of the JSON, not of the text"
    yield token(kind="usr"), "kind", "not a kind"
    yield replace_at(good, 6, "n"), "kind", "one wrong character in the kind"
    yield token(kind="xxx", id_="0", secret="0"), "kind", "kind, id and secret are wrong: kind is named"

    yield token(id_=""), "id", "empty"
    yield token(id_=id_[:21]), "id", "21 digits"
    yield token(id_="0" + id_), "id", "23 digits, the same number"
    yield token(id_=id_.lstrip("0")), "id", "padding removed"
    yield token(id_=base62(1 << 128, 22)), "id", "exactly 2^128"
    yield token(id_=base62((1 << 128) + int.from_bytes(mint_id(ID_KEY, NOON, 0), "big"), 22)), "id", "2^128 more than a genuine id"
    yield token(id_="z" * 22), "id", "the largest number of 22 digits"
    yield token(id_=base62((1 << 128) - 1, 22)), "id", "2^128 - 1: version 15"
    yield token(id_="0" * 22), "id", "zero: version 0"
    for version in (0, 1, 4, 6, 8, 15):
        yield token(id_=id_with(version=version)), "id", f"version {version}, tag fits"
    for variant in (0b00, 0b01, 0b11):
        yield token(id_=id_with(variant=variant)), "id", f"variant {variant:02b}, tag fits"
    yield token(id_="0", secret="0"), "id", "id and secret are wrong: id is named"

    yield token(secret=secret[:31]), "secret", "31 characters of secret"
    yield token(secret=secret + "0"), "secret", "33 characters of secret"
    yield token(secret=""), "secret", "a checksum and no secret"
    yield f"{prefix}_{kind}_{id_}_", "secret", "an empty last part"
    yield f"{prefix}_{kind}_{id_}_{secret}", "secret", "no checksum"
    yield good[:-1], "secret", "the last character is missing"
    yield good + "0", "secret", "one character more at the end"

    yield another_digit(good, 68), "checksum", "wrong last digit of the checksum"
    yield another_digit(good, 63), "checksum", "wrong first digit of the checksum"
    yield another_digit(good, 31), "checksum", "one wrong character at the start of the secret"
    yield another_digit(good, 62), "checksum", "one wrong character at the end of the secret"
    yield another_digit(good, 29), "checksum", "one wrong character at the end of the id"
    yield replace_at(good, 2, "m"), "checksum", "one wrong character in the prefix"
    yield good.replace("_pat_", "_svc_"), "checksum", "another kind, the old checksum"
    yield "abc" + good[3:], "checksum", "another prefix, the old checksum"
    yield good[:31] + good[31:63].swapcase() + good[63:], "checksum", "secret with case swapped"
    yield good[:63] + good[63:].swapcase(), "checksum", "checksum with case swapped"
    yield good[:40] + good[41] + good[40] + good[42:], "checksum", "two neighbours of the secret exchanged"
    yield good[:63] + "000000", "checksum", "checksum of zeros"
    yield good[:63] + "zzzzzz", "checksum", "a checksum beyond 32 bits"
    yield good[:63] + base62(zlib.crc32(good[:63].encode()) + (1 << 32), 6), "checksum", "right only modulo 2^32"
    yield good[:63] + good[68:62:-1], "checksum", "checksum backwards"
    forged = token(id_=id_with(tag=bytes(4)))
    yield another_digit(forged, 68), "checksum", "forged as well: the parser cannot know, and names the checksum"


def valid_case(text):
    prefix, kind, id_, uuid = parse(text)
    return {
        "text": text,
        "prefix": prefix,
        "kind": kind,
        "id": id_,
        "uuid": uuid.hex(),
        "unix_ms": int.from_bytes(uuid[:6], "big"),
        "genuine": is_genuine(ID_KEY, uuid),
        "digest": keyed(PEPPER, text.encode()).hex(),
    }


def invalid_case(text, error, why):
    assert parse(text) == error, f"{why}: {parse(text)}, not {error}"
    return {"text": text, "error": error, "why": why}


def secret_seeds():
    yield bytes(64)
    yield bytes(63) + b"\x01"
    yield b"\x01" + bytes(63)
    yield b"\xff" * 64
    yield bytes(range(64))
    for number in (61, 62, 62**32 - 1, 62**32, 62**32 + 1, (1 << 192) - 1, 1 << 256):
        yield number.to_bytes(64, "big")
    for n in range(6):
        yield seed(f"secret {n}")


def id_seeds():
    yield from product((0, 1, NOON, TIME_MAX), (0, 1, (1 << 24) - 1, 1 << 24, 1 << 30, RANDOM_MAX))
    for n in range(6):
        yield NOON + n, random_of(f"id {n}")


def token_text_vectors():
    ids = [{"unix_ms": t, "random": r, "id": id_text(mint_id(ID_KEY, t, r))} for t, r in id_seeds()]
    return {
        "id_key": ID_KEY.hex(),
        "pepper": PEPPER.hex(),
        "valid": [valid_case(text) for text in valid_texts()],
        "invalid": [invalid_case(*case) for case in invalid_texts()],
        "secrets": [{"bytes": s.hex(), "secret": secret_from(s)} for s in secret_seeds()],
        "ids": ids,
    }


# --------------------------------------------------------------- cases: scopes

LEAVES = [
    "Taskurai." + leaf
    for leaf in (
        "Task.Create Task.Read Task.Update Task.Delete Task.Logs.Read Log.Query.Read "
        "Log.Console.Read Log.System.Read Log.Task.Console.Read "
        "Log.TaskCorrelation.Console.Read Log.Command.Console.Read "
        "Log.Worker.Console.Read Log.Worker.System.Read Log.ContainerImage.Console.Read"
    ).split()
]

# Two segments of 63 bytes and their dot make 127; one byte more is the limit.
LONG = "L" * 63

# Neither a scope nor a pattern, whoever asks.
MALFORMED = [
    "", ".", "..", "...", "A", "Taskurai", ".A", "A.", "A..B", ".A.B", "A.B.", "A.B..C",
    # stars anywhere but alone in the last place
    "**", ".*", "*.", "*.*", "*.Read", "*.Task.Read", "Taskurai.*.Read", "Taskurai.Task*",
    "Taskurai.*Task", "Taskurai.T*k", "Taskurai*", "Taskurai.**", "Taskurai.*.*",
    "Taskurai.*.", "Taskurai..*", ".Taskurai.*", "Taskurai.Task.Re*d", "Taskurai.Task.*Read",
    # other languages of patterns
    "Taskurai.?", "Taskurai.Task.R?ad", "Taskurai.Task.[A-Z]ead", "Taskurai.Task.{Read,Update}",
    "Taskurai.Task.(Read|Update)", "^Taskurai.Task.Read$", "Taskurai.Task.%", "Taskurai.Task.+",
    "Taskurai.Task.Read|*", "!Taskurai.Task.Read", "-.*.", "Taskurai.>", "Taskurai.#",
    # separators of other worlds, and two scopes in one string
    "Taskurai:Task:Read", "Taskurai/Task/Read", "Taskurai/Task.Read", "Taskurai\\Task.Read",
    "Taskurai.Task.Read Taskurai.Task.Update", "Taskurai.Task.Read,Taskurai.Task.Update",
    "Taskurai.Task.Read;*", "Taskurai.Task.Read,*", "Taskurai.Task.Read *", "Taskurai.Task.Read\n*",
    # white space and control characters
    " ", "\t", "\n", "\0", " Taskurai.Task.Read", "Taskurai.Task.Read ", "Taskurai. Task.Read",
    "Taskurai.Task Logs.Read", "Taskurai.Task\tLogs.Read", "Taskurai.Task.Read\t",
    "Taskurai.Task.Read\n", "Taskurai.Task.Read\r\n", "\nTaskurai.Task.Read", "Taskurai.Task.*\n",
    "Taskurai.Task.Read\0", "Taskurai.Task\0.Read", "Taskurai\0.Task.Read", "*\0", "* ", " *", "*\n",
    "Taskurai.Task.Read\x0b", "Taskurai.Task.Read\x1b[0m", "Taskurai.Task.Read\x7f",
    # quotes and escapes
    '"Taskurai.Task.Read"', "'Taskurai.Task.Read'", "`*`", "Taskurai.Task.Read'--", '"*"',
    "Taskurai%2ETask%2ERead", "Taskurai.Task.Read%20", "Taskurai%20.Task.Read", "%2A", "Taskurai.%2a",
    "Taskurai.Task.Read%00", "Taskurai.Task.&#42;", "Taskurai.Task.\\*", "Taskurai.Task.\\u002a",
    "Taskurai.Task.Read=1", "Taskurai.Task.Read@v1", "Taskurai.Task.Read~1", "Taskurai+Task.Read",
    # Unicode that looks like something else, or like nothing
    "Т" + "askurai.Task.Read", "Taskurai.Task.R\u0435ad", "Taskurai．Task．Read", "Taskurai。Task.Read",
    "Ｔaskurai.Task.Read", "Taskurai.Task.＊", "Taskurai.Task.∗", "Taskurai.Task.⁎", "Taskurai․Task․Read",
    "Taskurai.Task.Read\u200d", "Taskurai.Ta\u200dsk.Read", "\u200bTaskurai.Task.Read", "Taskurai.Task.*\u200b",
    "\u202eTaskurai.Task.Read", "Taskurai.\u202edaeR\u202c.Task", "\ufeffTaskurai.Task.Read", "\ufeff*",
    "Taskurai.Tas\u212a.Read", "Ta\u017fkurai.Task.Read", "Taskurai.Ta\u00adsk.Read", "Taskurai.T\u0301ask.Read",
    "Tâches.Tâche.Lire", "Ta\u0302ches.Task.Read", "Taskurai.Task.Read\u00a0", "Taskurai.Task.Read\u2028",
    "Taskurai.Task.١", "任务.任务.读", "Taskurai.Task.🔑", "Taskurai.Task\u0000.*", "Taskurai.‑.Read",
    # one beyond each limit
    "A." + "B" * 65, "B" * 65 + ".A", "B" * 65 + ".*", ".".join("ABCDEFGHI"), ".".join("ABCDEFGH") + ".*",
    LONG + "." + LONG + ".C", LONG + "." + LONG + ".*", LONG + "." + "M" * 62 + ".CD",
    ("A" * 64 + "." + "B" * 64), "A." * 500 + "A", "A" * 1_000, "*" * 129,
]

SCOPES = LEAVES + [
    "A.B", "a.b", "0.1", "_._", "-.-", "--.__", "A.B-C", "A.B_C", "A-.-B", "_A.B_", "Jeton.Token.Read", "Jeton.Admin.Api",
    "Jeton.Job.Mint", "vso.build_execute", "vso.work-write", "taskurai.task.read", "TASKURAI.TASK.READ",
    "Taskurai.TaskX.Read", "Taskurai.Task.Logs.Read.All", "Taskurai.Read.Read.Read", "true.false", "null.null",
    ".".join("ABCDEFG"), ".".join("ABCDEFGH"), "A." + "B" * 64, "B" * 64 + ".A",
    LONG + "." + LONG, LONG + "." + LONG + "L", LONG + "." + "M" * 62 + ".C",
]

WILDCARDS = [
    "*", "A.*", "0.*", "_.*", "-.*", "Taskurai.*", "Taskurai.Task.*", "Taskurai.Task.Logs.*", "Taskurai.Log.*",
    "Taskurai.Task.Read.*", "Jeton.*", "Jeton.Token.*", "vso.*", ".".join("ABCDEFG") + ".*", "B" * 64 + ".*",
    LONG + "." + "M" * 62 + ".*",
]

# Pairs with a stated verdict: pattern, scope, covered?
STATED = [
    ("*", "Jeton.Token.Read", True),
    ("*", "A.B", True),
    ("*", ".".join("ABCDEFGH"), True),
    ("Taskurai.Task.*", "Taskurai.Task.Read", True),
    ("Taskurai.Task.*", "Taskurai.Task.Logs.Read", True),
    ("Taskurai.Task.*", "Taskurai.Task", False),
    ("Taskurai.Task.*", "Taskurai.TaskX.Read", False),
    ("Taskurai.Task.*", "Taskurai.Task-.Read", False),
    ("Taskurai.Task.*", "Taskurai.Task_.Read", False),
    ("Taskurai.Task.*", "Taskurai.Tas.Read", False),
    ("Taskurai.Task.*", "Taskurai.task.Read", False),
    ("Taskurai.Task.*", "taskurai.Task.Read", False),
    ("Taskurai.Task.*", "Taskurai.TASK.Read", False),
    ("Taskurai.Task.*", "Taskurai.Log.Task.Console.Read", False),
    ("Taskurai.Task.*", "X.Taskurai.Task.Read", False),
    ("Taskurai.Task.*", "Task.Read", False),
    ("Taskurai.Task.*", "Other.Task.Read", False),
    ("Taskurai.*", "Taskurai.Task", True),
    ("Taskurai.*", "Taskurai.Task.Read", True),
    ("Taskurai.*", "Taskurai.Log.TaskCorrelation.Console.Read", True),
    ("Taskurai.*", "TaskuraiX.Task.Read", False),
    ("Taskurai.*", "Taskurai-.Task.Read", False),
    ("Taskurai.*", "Taskura.Task.Read", False),
    ("Taskurai.*", "taskurai.Task.Read", False),
    ("Taskurai.*", "Jeton.Token.Read", False),
    ("Taskurai.Task.Read", "Taskurai.Task.Read", True),
    ("Taskurai.Task.Read", "Taskurai.Task.read", False),
    ("Taskurai.Task.Read", "Taskurai.Task.ReadX", False),
    ("Taskurai.Task.Read", "Taskurai.Task.Rea", False),
    ("Taskurai.Task.Read", "Taskurai.Task.Read.All", False),
    ("Taskurai.Task.Read", "Taskurai.Task", False),
    ("Taskurai.Task", "Taskurai.Task", True),
    ("Taskurai.Task", "Taskurai.Task.Read", False),
    ("Taskurai.Task.Read.*", "Taskurai.Task.Read", False),
    ("Taskurai.Task.Read.*", "Taskurai.Task.Read.All", True),
    ("Taskurai.Log.Task.*", "Taskurai.Log.Task.Console.Read", True),
    ("Taskurai.Log.Task.*", "Taskurai.Log.TaskCorrelation.Console.Read", False),
    ("Taskurai.Log.Worker.*", "Taskurai.Log.Worker.System.Read", True),
    ("Taskurai.Log.System.*", "Taskurai.Log.Worker.System.Read", False),
    ("A.*", "A.B", True),
    ("A.*", "a.B", False),
    ("A.*", "AA.B", False),
    ("A.*", "B.A", False),
    (".".join("ABCDEFG") + ".*", ".".join("ABCDEFGH"), True),
    (".".join("ABCDEFG") + ".*", ".".join("ABCDEFG"), False),
    (".".join("ABCDEFG") + ".*", ".".join("ABCDEFX") + ".H", False),
    (LONG + "." + "M" * 62 + ".*", LONG + "." + "M" * 62 + ".C", True),
    ("vso.*", "vso.build_execute", True),
    ("vso.build.*", "vso.build_execute", False),
    ("Jeton.Token.*", "Jeton.Admin.Token", False),
]

# The same between patterns: pattern, other pattern, covered?
STATED_PATTERNS = [
    ("*", "*", True),
    ("*", "Taskurai.*", True),
    ("*", "Jeton.*", True),
    ("*", "Taskurai.Task.Read", True),
    ("Taskurai.*", "*", False),
    ("Taskurai.*", "Taskurai.*", True),
    ("Taskurai.*", "Taskurai.Task.*", True),
    ("Taskurai.*", "Taskurai.Task.Logs.*", True),
    ("Taskurai.*", "TaskuraiX.*", False),
    ("Taskurai.*", "taskurai.*", False),
    ("Taskurai.Task.*", "Taskurai.*", False),
    ("Taskurai.Task.*", "Taskurai.Task.*", True),
    ("Taskurai.Task.*", "Taskurai.Task.Read.*", True),
    ("Taskurai.Task.*", "Taskurai.TaskX.*", False),
    ("Taskurai.Task.*", "Taskurai.Log.*", False),
    ("Taskurai.Task.*", "Taskurai.Task", False),
    ("Taskurai.Task.*", "*", False),
    ("Taskurai.Task", "Taskurai.Task.*", False),
    ("Taskurai.Task.Read", "Taskurai.Task.*", False),
    ("Taskurai.Task.Read", "Taskurai.Task.Read.*", False),
    ("Taskurai.Task.Read", "*", False),
    ("Taskurai.Task.Read.*", "Taskurai.Task.Read", False),
    ("A.*", "A.B", True),
    ("A.*", "A.B.*", True),
    ("A.B.*", "A.*", False),
]

# And of whole sets: patterns, one pattern asked for, covered?
STATED_SETS = [
    (["*"], "*", True),
    (["*"], "Taskurai.*", True),
    (LEAVES, LEAVES[0], True),
    (LEAVES, LEAVES[-1], True),
    (LEAVES, "Taskurai.*", False),  # every leaf is not the wildcard
    (LEAVES, "Taskurai.Task.*", False),
    (LEAVES, "Taskurai.Log.*", False),
    (LEAVES, "*", False),
    (LEAVES, "Taskurai.Task", False),
    (["Taskurai.Task.*", "Taskurai.Log.*"], "Taskurai.*", False),
    (["Taskurai.Task.*", "Taskurai.Log.*"], "Taskurai.Task.Logs.Read", True),
    (["Taskurai.Task.*", "Taskurai.Log.*"], "Taskurai.Log.Worker.*", True),
    (["Taskurai.Task.*", "Taskurai.Log.*"], "Taskurai.Task", False),
    (["Taskurai.Task.*", "Taskurai.Log.*"], "*", False),
    (["Taskurai.*", "Jeton.*", "vso.*"], "*", False),
    (["Taskurai.*", "Jeton.*", "vso.*"], "vso.build_execute", True),
    (["Taskurai.Log.Worker.Console.Read", "Taskurai.Log.Worker.System.Read"], "Taskurai.Log.Worker.*", False),
    (["Taskurai.Task", "Taskurai.Task.*"], "Taskurai.Task", True),
    (["Taskurai.Task", "Taskurai.Task.*"], "Taskurai.*", False),
    (["Taskurai.Task.Read", "*"], "Jeton.Admin.Token", True),
    (["Taskurai.Task.Read", "Taskurai.Task.Read"], "Taskurai.Task.Read", True),
    (["taskurai.*", "TASKURAI.*"], "Taskurai.Task.Read", False),
    (["Taskurai.Task.Read"], "Taskurai.Task.Update", False),
    (["Jeton.Token.*"], "Jeton.Token.Rotate", True),
    (["Jeton.Token.Read", "Jeton.Token.Create", "Jeton.Token.Update", "Jeton.Token.Rotate", "Jeton.Token.Revoke"],
     "Jeton.Token.*", False),
]


def unique(cases):
    return list(dict.fromkeys(cases))


def syntax_cases(texts, rule, stated):
    for text in texts:
        assert rule(text) == stated, f"{text!r} is not {stated}"
    return [{"text": text, "valid": stated} for text in unique(texts)]


def pair_cases(stated, pairs, name):
    for pattern, other, verdict in stated:
        assert covers(pattern, other) == verdict, f"{pattern} over {other} is not {verdict}"
    every = unique([(pattern, other) for pattern, other, _ in stated] + list(pairs))
    assert all(is_pattern(text) for pair in every for text in pair)
    return [{"pattern": p, name: other, "covers": covers(p, other)} for p, other in every]


def set_case(patterns, other, verdict):
    assert set_covers(patterns, other) == verdict, f"{patterns} over {other} is not {verdict}"
    return {"patterns": patterns, "pattern": other, "covers": verdict}


def scope_match_vectors():
    tree = ["*", "Taskurai.*", "Taskurai.Task.*", "Taskurai.Task.Logs.*", "Taskurai.Log.*", "Taskurai.Log.Worker.*",
            "Taskurai.Log.Task.*", "Taskurai.Task.Read", "Taskurai.Task.Logs.Read"]
    return {
        "scopes": syntax_cases(SCOPES, is_scope, True) + syntax_cases(WILDCARDS + MALFORMED, is_scope, False),
        "patterns": syntax_cases(SCOPES + WILDCARDS, is_pattern, True) + syntax_cases(MALFORMED, is_pattern, False),
        "covers": pair_cases(STATED, product(tree, LEAVES), "scope"),
        "pattern_covers": pair_cases(STATED_PATTERNS, product(tree, tree), "other"),
        "sets": [set_case(*case) for case in STATED_SETS],
    }


# ------------------------------------------------------------ Authorization

TOKEN68 = re.compile(r"[A-Za-z0-9._~+/=-]+")


def presented(fields):
    """The credential in the `Authorization` fields of a request, or a word for why there is not exactly one."""
    if not fields:
        return None, "missing"
    if len(fields) > 1:
        return None, "several"
    scheme, _, rest = fields[0].strip(" \t\r\n\f").partition(" ")
    if scheme.lower() not in ("bearer", "basic"):
        return None, "missing"
    if "," in rest:
        return None, "several"
    rest = rest.lstrip(" \t\r\n\f")
    text = password(rest) if scheme.lower() == "basic" else rest if TOKEN68.fullmatch(rest) else None
    return (text, None) if text else (None, "malformed")


def password(encoded):
    """What stands behind the first colon. Nothing else of the pair is looked at."""
    if re.fullmatch(r"[A-Za-z0-9+/]*={0,2}", encoded) is None:
        return None
    bare = encoded.rstrip("=")
    if len(bare) % 4 == 1 or (encoded != bare and len(encoded) % 4):
        return None
    pair = base64.b64decode(bare + "=" * (-len(bare) % 4))
    if base64.b64encode(pair).rstrip(b"=") != bare.encode():
        return None
    try:
        return pair.partition(b":")[2].decode() or None
    except UnicodeDecodeError:
        return None


SHOWN = "jtn_pat_0322SbK0O9C9jXF0wiA0RE_y7WhZ4ux8F15GIHRzAaZSNmSlTYWp498124ZaX"


def basic(pair, padded=True):
    encoded = base64.b64encode(pair if isinstance(pair, bytes) else pair.encode()).decode()
    return encoded if padded else encoded.rstrip("=")


def authorization_cases():
    """Fields, and the credential or the word that is expected. One character of a field is one byte of it."""
    one = f"Bearer {SHOWN}"
    pair = basic(f"x:{SHOWN}")
    token = SHOWN, None
    for field, why in [
        (one, "RFC 6750"),
        (f"bearer {SHOWN}", "a scheme has no case"),
        (f"BEARER {SHOWN}", "a scheme has no case"),
        (f"Bearer  {SHOWN}", "1*SP"),
        (f"Bearer      {SHOWN}", "1*SP"),
        (f"  {one} \t", "white space around a field is not part of it"),
        (f"Basic {pair}", "RFC 7617"),
        (f"bASIC   {pair}", "a scheme has no case, 1*SP"),
        (f"Basic {basic(f':{SHOWN}')}", "an empty user name"),
        ("Basic " + basic(f"M\u00fcller:{SHOWN}"), "a user name in UTF-8"),
        (f"Basic {basic(b'M' + bytes([0xFC]) + b'ller:' + SHOWN.encode())}", "a user name in Latin-1"),
        (f"Basic {basic(bytes(range(1, 32)) + bytes(range(128, 256)) + b':' + SHOWN.encode())}", "any user name"),
        (f"Basic {basic(f'a, b c:{SHOWN}')}", "a user name with a comma and spaces"),
        (f"Basic {basic(f'{SHOWN}:{SHOWN}')}", "the user name is ignored, whatever it is"),
        (f"Basic {basic(f'u:{SHOWN}', padded=False)}", "without padding"),
        (f"Basic {basic(f'us:{SHOWN}', padded=False)}", "without padding"),
        (f"Basic {basic(f'us:{SHOWN}')}", "with padding"),
        (f"Basic {basic(f'use:{SHOWN}')}", "with padding"),
    ]:
        yield [field], *token, why
    yield ["Bearer abc.DEF-1_2~3+4/5=="], "abc.DEF-1_2~3+4/5==", None, "token68; what it is, is found out later"
    yield [f"Basic {basic('a:b:c')}"], "b:c", None, "a password may have colons"
    yield [f"Basic {basic('a::c')}"], ":c", None, "a password may have colons"
    yield ["Basic " + basic("a:\u00fc")], "\u00fc", None, "a password in UTF-8"
    for fields, why in [
        ([], "no field"),
        ([""], "an empty field"),
        (["Digest username=\"x\", realm=\"y\""], "another scheme; its commas are its own"),
        (["Negotiate abc"], "another scheme"),
        ([SHOWN], "no scheme"),
        ([f"Bearer\t{SHOWN}"], "a tab is not a space"),
        ([f"Bearer={SHOWN}"], "no space"),
        ([f"Bearer:{SHOWN}"], "no space"),
    ]:
        yield fields, None, "missing", why
    for field, why in [
        ("Bearer", "no text"),
        ("Bearer   ", "no text"),
        (f"{one} {SHOWN}", "a space in the text; without a comma it is one credential"),
        (f"{one} x", "a space in the text"),
        (f'Bearer "{SHOWN}"', "quotes"),
        (f"{one}%0a", "a percent sign"),
        (f"{one}\u00e9", "not ASCII"),
        ("Basic", "no text"),
        ("Basic !!!", "not base64"),
        (f"Basic {pair} {pair}", "a space in the text"),
        (f"Basic {basic('no colon')}", "no colon"),
        (f"Basic {basic(f'{SHOWN}:')}", "no password"),
        (f"Basic {basic(b'x:' + bytes([0xFF]))}", "a password that is not UTF-8"),
        ("Basic YQ=", "half of the padding"),
        ("Basic YTp", "not all bits of the last character are used"),
    ]:
        yield [field], None, "malformed", why
    for fields, why in [
        ([one, one], "two fields, alike"),
        ([one, f"Basic {pair}"], "two fields"),
        ([one, ""], "two fields, one of them empty"),
        ([f"{one}, {one}"], "a list"),
        ([f"{one},{SHOWN}"], "a list"),
        ([f"{one}, Basic {pair}"], "a list"),
        ([f"Basic {pair}, {one}"], "a list"),
        ([f"{one},"], "a list with nothing behind the comma"),
    ]:
        yield fields, None, "several", why


def authorization_vectors():
    cases = []
    for fields, credential, error, why in authorization_cases():
        assert presented(fields) == (credential, error), f"{fields} is {presented(fields)}"
        outcome = {"error": error} if error else {"credential": credential}
        cases.append({"fields": fields, **outcome, "why": why})
    return {"cases": cases}


# ------------------------------------------------------------------ the files

def write(name, vectors):
    """ASCII only, so that no editor and no diff hides a character."""
    lists = {key: value for key, value in vectors.items() if isinstance(value, list)}
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in vectors.items() if key not in lists]
    for key, cases in lists.items():
        rows = ",\n".join("    " + json.dumps(case) for case in cases)
        lines.append(f"  {json.dumps(key)}: [\n{rows}\n  ]")
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    assert json.loads(text) == vectors
    Path(__file__).with_name(name).write_text(text, encoding="ascii", newline="\n")
    print(f"{name}: " + ", ".join(f"{len(cases)} {key}" for key, cases in lists.items()))


if __name__ == "__main__":
    write("token-text.json", token_text_vectors())
    write("scope-match.json", scope_match_vectors())
    write("authorization.json", authorization_vectors())
