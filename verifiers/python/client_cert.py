# SPDX-License-Identifier: Apache-2.0

"""Verifies the signed Client-Cert field (docs/format.md), for WSGI and ASGI.

    verifier = Verifier(anchors=open("ca.pem", "rb").read(), names=["proxy.example"])
    application = WSGI(application, verifier)

Copy this file, or install it. It needs cryptography 38 or newer and pyOpenSSL 23 or newer (Debian:
python3-openssl). It takes Python 3.9 or newer.
"""

import base64
import calendar
import datetime
import hashlib
import re
import time

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, ed448, padding, rsa
from OpenSSL import crypto

MAX_VALUE = 65_536
MAX_CERTIFICATES = 8
MAX_DEPTH = 32

INTEGER, OCTET_STRING, OID, SEQUENCE, SET, UTC_TIME, GENERALIZED_TIME = 2, 4, 6, 0x30, 0x31, 0x17, 0x18


def _oid(dotted):
    first, second, *rest = map(int, dotted.split("."))
    octets = bytes([40 * first + second])
    for number in rest:
        digits = [number & 0x7F]
        while number := number >> 7:
            digits.append(0x80 | number & 0x7F)
        octets += bytes(reversed(digits))
    return octets


DATA, SIGNED_DATA = _oid("1.2.840.113549.1.7.1"), _oid("1.2.840.113549.1.7.2")
CONTENT_TYPE, MESSAGE_DIGEST = _oid("1.2.840.113549.1.9.3"), _oid("1.2.840.113549.1.9.4")
SIGNING_TIME, COUNTERSIGNATURE = _oid("1.2.840.113549.1.9.5"), _oid("1.2.840.113549.1.9.6")
SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2 = _oid("1.2.840.113549.1.9.16.2.12"), _oid("1.2.840.113549.1.9.16.2.47")
ALGORITHM_PROTECTION = _oid("1.2.840.113549.1.9.52")
RSA_KEY, EC_KEY, ED25519_KEY = _oid("1.2.840.113549.1.1.1"), _oid("1.2.840.10045.2.1"), _oid("1.3.101.112")
CURVES = {_oid("1.2.840.10045.3.1.7"), _oid("1.3.132.0.34"), _oid("1.3.132.0.35")}
DIGESTS = {
    _oid("2.16.840.1.101.3.4.2.1"): "sha256",
    _oid("2.16.840.1.101.3.4.2.2"): "sha384",
    _oid("2.16.840.1.101.3.4.2.3"): "sha512",
}
# The kind of key, the digest that is named with it, and whether parameters may be NULL, or must be.
SIGNATURES = {
    RSA_KEY: ("rsa", None, (b"\5\0",)),
    _oid("1.2.840.113549.1.1.11"): ("rsa", "sha256", (b"", b"\5\0")),
    _oid("1.2.840.113549.1.1.12"): ("rsa", "sha384", (b"", b"\5\0")),
    _oid("1.2.840.113549.1.1.13"): ("rsa", "sha512", (b"", b"\5\0")),
    _oid("1.2.840.10045.4.3.2"): ("ec", "sha256", (b"",)),
    _oid("1.2.840.10045.4.3.3"): ("ec", "sha384", (b"",)),
    _oid("1.2.840.10045.4.3.4"): ("ec", "sha512", (b"",)),
    ED25519_KEY: ("ed25519", "sha512", (b"",)),
}
HASHES = {"sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}
# Below security level 2 are SHA-1 and MD5 (OpenSSL's SSL_CTX_set_security_level).
STRONG_HASHES = {"sha224", "sha256", "sha384", "sha512", "sha3-224", "sha3-256", "sha3-384", "sha3-512"}


class Refused(Exception):
    """The value is not accepted. The reason is for the log, not for the client."""

    status = 403


class Malformed(Refused):
    """The value is not what the format has."""

    status = 400


class Absent(Refused):
    """There is no such field: no identity."""

    status = 401


class Client:
    """Who the client is, verified."""

    def __init__(self, der, signer, signing_time):
        self.der = der
        self.sha256 = hashlib.sha256(der).hexdigest()
        self.signer = signer
        self.signing_time = signing_time

    def certificate(self):
        """As cryptography has it. It is stricter than OpenSSL: ValueError for what it does not read."""
        return x509.load_der_x509_certificate(self.der)


class _Reader:
    """Strict DER: definite lengths in the fewest octets, tags of one octet."""

    def __init__(self, octets):
        self.octets, self.at = octets, 0

    def more(self):
        return self.at < len(self.octets)

    def any(self):
        """The tag, the contents and the whole of the next element."""
        octets, start = self.octets, self.at
        if len(octets) - start < 2 or octets[start] & 0x1F == 0x1F:
            raise Malformed("value-der")
        tag, length, at = octets[start], octets[start + 1], start + 2
        if length >= 0x80:
            count = length & 0x7F
            digits = octets[at : at + count]
            length, at = int.from_bytes(digits, "big"), at + count
            if not 1 <= count <= 4 or len(digits) < count or digits[0] == 0 or length < 0x80:
                raise Malformed("value-ber")
        if length > len(octets) - at:
            raise Malformed("value-der")
        self.at = at + length
        return tag, octets[at : self.at], octets[start : self.at]

    def take(self, tag):
        found, contents, _ = self.any()
        if found != tag:
            raise Malformed("value-der")
        return contents

    def raw(self, tag):
        found, _, raw = self.any()
        if found != tag:
            raise Malformed("value-der")
        return raw

    def optional(self, tag):
        return self.take(tag) if self.more() and self.octets[self.at] == tag else None

    def end(self):
        if self.more():
            raise Malformed("value-der")


def _only(octets, tag):
    reader = _Reader(octets)
    contents = reader.take(tag)
    reader.end()
    return contents


def _check_der(octets, depth=MAX_DEPTH):
    """All elements of these octets, down to the leaves."""
    reader = _Reader(octets)
    while reader.more():
        tag, contents, _ = reader.any()
        constructed, universal = tag & 0x20, tag & 0xC0 == 0
        if universal and bool(constructed) != (tag & 0x1F in (8, 11, 16, 17, 29)):
            raise Malformed("value-ber")
        if constructed:
            if depth == 0:
                raise Malformed("value-der")
            _check_der(contents, depth - 1)
        elif universal and not _is_primitive(tag, contents):
            raise Malformed("value-der")


def _is_primitive(tag, contents):
    if tag == 1:
        return contents in (b"\0", b"\xff")
    if tag in (2, 10):
        return len(contents) == 1 or len(contents) > 1 and (contents[0], contents[1] >> 7) not in ((0, 0), (0xFF, 1))
    if tag == 3:
        return len(contents) > 0 and contents[0] < 8 and (
            contents[-1] & ((1 << contents[0]) - 1) == 0 if len(contents) > 1 else contents[0] == 0)
    if tag == 6:
        starts = b"\0" + contents[:-1]
        return bool(contents) and contents[-1] < 0x80 and all(
            before >= 0x80 or octet != 0x80 for before, octet in zip(starts, contents))
    if tag == UTC_TIME:
        return re.fullmatch(rb"[0-9]{12}Z", contents) is not None
    if tag == GENERALIZED_TIME:
        return re.fullmatch(rb"[0-9]{14}(\.[0-9]*[1-9])?Z", contents) is not None
    sizes = {0: False, 5: not contents, 28: len(contents) % 4 == 0, 30: len(contents) % 2 == 0}
    return sizes.get(tag, True)


def _time(tag, text):
    """RFC 5652, 11.3: UTCTime until 2049."""
    try:
        year = int(text[:2]) + (2000 if text[:2] < b"50" else 1900) if tag == UTC_TIME else int(text[:4])
        rest = text[2:] if tag == UTC_TIME else text[4:]
        length = {UTC_TIME: 13, GENERALIZED_TIME: 15}[tag]
        if len(text) != length or not re.fullmatch(rb"[0-9]{10}Z", rest):
            raise ValueError
        numbers = [int(rest[at : at + 2]) for at in range(0, 10, 2)]
        found = datetime.datetime(max(year, 1), *numbers)
    except (KeyError, ValueError):
        raise Malformed("value-attribute-malformed") from None
    if (tag == UTC_TIME) != (1950 <= year < 2050):
        raise Malformed("value-attribute-malformed")
    return calendar.timegm(found.timetuple())


class _Certificate:
    """Its issuer and serial number, and a key that OpenSSL may be given to decode."""

    def __init__(self, der):
        self.der = der
        try:
            reader = _Reader(_Reader(_only(der, SEQUENCE)).take(SEQUENCE))
            reader.optional(0xA0)
            self.serial = reader.raw(INTEGER)
            reader.take(SEQUENCE)
            self.issuer = reader.raw(SEQUENCE)
            reader.take(SEQUENCE)
            reader.take(SEQUENCE)
            key = _Reader(reader.take(SEQUENCE))
            algorithm = _Reader(key.take(SEQUENCE))
            self.key = algorithm.take(OID)
            self.parameters = algorithm.any()[:2] if algorithm.more() else None
            algorithm.end()
            self.bits = key.take(3)[1:]
        except Malformed:
            raise Malformed("value-certificates") from None

    def check_key(self, small="chain-weak"):
        """RSA of 2,048 to 8,192 bits with a short, odd exponent; P-256, P-384, P-521; Ed25519."""
        curve = self.parameters is not None and self.parameters[0] == OID and self.parameters[1]
        if not (self.key in (RSA_KEY, ED25519_KEY) and not curve or self.key == EC_KEY and curve in CURVES):
            raise Refused("signer-key-unsupported")
        if self.key == RSA_KEY:
            reader = _Reader(_only(self.bits, SEQUENCE))
            modulus, exponent = (int.from_bytes(reader.take(INTEGER), "big", signed=True) for _ in range(2))
            if 0 < modulus < 1 << 2047:
                raise Refused(small)
            if not (0 < modulus < 1 << 8192 and 3 <= exponent < 1 << 32 and exponent % 2):
                raise Refused("signer-key-unsupported")

    def load(self):
        try:
            return x509.load_der_x509_certificate(self.der), crypto.load_certificate(crypto.FILETYPE_ASN1, self.der)
        except (ValueError, x509.InvalidVersion, UnsupportedAlgorithm, crypto.Error):
            raise Malformed("value-certificates") from None


class _SignedData:
    """What a value says, of which nothing is verified."""

    def __init__(self, der):
        reader = _Reader(der)
        content_info = _Reader(reader.take(SEQUENCE))
        if reader.more():
            raise Malformed("value-trailing")
        if content_info.take(OID) != SIGNED_DATA:
            raise Malformed("value-not-signed-data")
        explicit = content_info.take(0xA0)
        content_info.end()
        reader = _Reader(_only(explicit, SEQUENCE))
        if reader.take(INTEGER) != b"\1":
            raise Malformed("value-version")
        digest = self._digest(_only_or(reader.take(SET), "value-digest-algorithm"))
        encapsulated = reader.take(SEQUENCE)
        certificates = reader.optional(0xA0)
        if reader.optional(0xA1) is not None:
            raise Malformed("value-crls")
        signers = reader.take(SET)
        reader.end()
        _check_der(encapsulated)
        _check_der(signers)

        reader = _Reader(encapsulated)
        if reader.take(OID) != DATA:
            raise Malformed("value-content-type")
        content = reader.optional(0xA0)
        reader.end()
        if content is None:
            raise Malformed("value-detached")
        self.content = _only(content, OCTET_STRING)

        signer = _Reader(_only_or(signers, "value-signers"))
        if signer.take(INTEGER) != b"\1":
            raise Malformed("value-version")
        tag, identifier, _ = signer.any()
        if tag != SEQUENCE:
            raise Malformed("value-signer-identifier")
        self.digest_identifier = signer.take(SEQUENCE)
        attributes = signer.optional(0xA0)
        if not attributes:
            raise Malformed("value-no-signed-attributes")
        self.signature_identifier = signer.take(SEQUENCE)
        self.signature = signer.take(OCTET_STRING)
        if signer.optional(0xA1) is not None:
            raise Malformed("value-unsigned-attributes")
        signer.end()
        identifier = _Reader(identifier)
        self.identifier = (identifier.raw(SEQUENCE), identifier.raw(INTEGER))
        identifier.end()
        self.digest = self._digest(self.digest_identifier)
        if self.digest != digest:
            raise Malformed("value-digest-algorithm")
        self._read_signature_algorithm()
        self._read_attributes(attributes)
        self.certificates = self._read_certificates(certificates)

    @staticmethod
    def _digest(identifier):
        reader = _Reader(identifier)
        digest, parameters = DIGESTS.get(reader.take(OID)), identifier[reader.at :]
        if digest is None or parameters not in (b"", b"\5\0"):
            raise Malformed("value-digest-algorithm")
        return digest

    def _read_signature_algorithm(self):
        reader = _Reader(self.signature_identifier)
        kind, digest, allowed = SIGNATURES.get(reader.take(OID), (None, None, ()))
        if self.signature_identifier[reader.at :] not in allowed:
            raise Malformed("value-signature-algorithm")
        self.key_kind, self.named_digest = kind, digest

    def _read_attributes(self, contents):
        # RFC 5652, 5.4: signed with the tag of a SET OF, in DER.
        length = len(contents)
        if length >= 0x80:
            digits = length.to_bytes((length.bit_length() + 7) // 8, "big")
            self.signed = bytes([SET, 0x80 | len(digits)]) + digits + contents
        else:
            self.signed = bytes([SET, length]) + contents
        reader, values, last = _Reader(contents), {}, b""
        while reader.more():
            tag, attribute, raw = reader.any()
            if raw < last:
                raise Malformed("value-attributes-unsorted")
            last, attribute = raw, _Reader(attribute)
            try:
                if tag != SEQUENCE:
                    raise Malformed
                kind, value = attribute.take(OID), _Reader(attribute.take(SET))
                attribute.end()
                found = value.any()
                value.end()
            except Malformed:
                raise Malformed("value-attribute-malformed") from None
            if kind in values:
                raise Malformed("value-attribute-twice")
            if kind == COUNTERSIGNATURE or found[0] in (0x28, 0x2B, 0x3D):
                raise Malformed("value-attribute-malformed")
            values[kind] = found
        if not {CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME} <= values.keys():
            raise Malformed("value-attribute-missing")

        def of(kind, tag):
            if values[kind][0] != tag:
                raise Malformed("value-attribute-malformed")
            return values[kind][1]

        self.content_type = of(CONTENT_TYPE, OID)
        self.message_digest = of(MESSAGE_DIGEST, OCTET_STRING)
        self.signing_time = _time(*values[SIGNING_TIME][:2])
        self.signing_certificates = []
        try:
            for kind, digest in ((SIGNING_CERTIFICATE_V2, "sha256"), (SIGNING_CERTIFICATE, "sha1")):
                if kind in values:
                    self.signing_certificates.append(_signing_certificates(of(kind, SEQUENCE), digest))
            self.protected = None
            if ALGORITHM_PROTECTION in values:
                reader = _Reader(of(ALGORITHM_PROTECTION, SEQUENCE))
                self.protected = (reader.take(SEQUENCE), reader.take(0xA1))
                reader.end()
        except Malformed:
            raise Malformed("value-attribute-malformed") from None

    def _read_certificates(self, contents):
        if contents is None:
            return []
        reader, found = _Reader(contents), {}
        count = 0
        while reader.more():
            tag, _, raw = reader.any()
            count += 1
            if tag != SEQUENCE:
                raise Malformed("value-certificates")
            if count > MAX_CERTIFICATES:
                raise Malformed("value-certificate-count")
            found[raw] = None
        if not found:
            raise Malformed("value-certificate-count")
        certificates = [_Certificate(der) for der in found]
        for certificate in certificates:
            named = (certificate.issuer, certificate.serial) == self.identifier
            certificate.check_key("signer-key-too-small" if named else "chain-weak")
        return certificates

    def check_attributes(self):
        if self.protected not in (None, (self.digest_identifier, self.signature_identifier)):
            raise Refused("algorithm-protection-mismatch")
        if self.content_type != DATA:
            raise Refused("content-type-mismatch")
        if self.message_digest != hashlib.new(self.digest, self.content).digest():
            raise Refused("digest-mismatch")

    def check_signature(self, key):
        hash_ = HASHES[self.digest]()
        fits = self.named_digest in (None, self.digest)
        try:
            if self.key_kind == "rsa" and isinstance(key, rsa.RSAPublicKey) and fits:
                key.verify(self.signature, self.signed, padding.PKCS1v15(), hash_)
            elif self.key_kind == "ec" and isinstance(key, ec.EllipticCurvePublicKey) and fits:
                key.verify(self.signature, self.signed, ec.ECDSA(hash_))
            elif self.key_kind == "ed25519" and isinstance(key, ed25519.Ed25519PublicKey) and fits:
                key.verify(self.signature, self.signed)
            else:
                raise Refused("algorithm-mismatch")
        except InvalidSignature:
            raise Refused("bad-signature") from None

    def check_signing_certificates(self, signer, issuers):
        """RFC 5035, 3: the first is the signer's, others are above it on the path."""
        for identifiers in self.signing_certificates:
            first, *others = identifiers
            if not _is_of(first, signer) or any(
                _is_of(other, signer) or not any(_is_of(other, issuer) for issuer in issuers) for other in others
            ):
                raise Refused("signing-certificate-mismatch")


def _only_or(octets, reason):
    try:
        return _only(octets, SEQUENCE)
    except Malformed:
        raise Malformed(reason) from None


def _signing_certificates(contents, digest):
    """The digest, its name, and the issuer and serial number of each."""
    reader = _Reader(contents)
    identifiers, found = _Reader(reader.take(SEQUENCE)), []
    reader.optional(SEQUENCE)
    reader.end()
    while identifiers.more():
        identifier = _Reader(identifiers.take(SEQUENCE))
        named = digest
        if digest != "sha1" and (algorithm := identifier.optional(SEQUENCE)) is not None:
            named = _SignedData._digest(algorithm)
        value, issuer_serial = identifier.take(OCTET_STRING), identifier.optional(SEQUENCE)
        identifier.end()
        if issuer_serial is not None:
            issuer_serial = _Reader(issuer_serial)
            names, serial = issuer_serial.take(SEQUENCE), issuer_serial.raw(INTEGER)
            issuer_serial.end()
            name = _Reader(_only(names, 0xA4))
            issuer_serial = (name.raw(SEQUENCE), serial)
            name.end()
        found.append((named, value, issuer_serial))
    if not 1 <= len(found) <= MAX_CERTIFICATES:
        raise Malformed
    return found


def _is_of(identifier, der):
    digest, value, issuer_serial = identifier
    if hashlib.new(digest, der).digest() != value:
        return False
    certificate = _Certificate(der)
    return issuer_serial in (None, (certificate.issuer, certificate.serial))


def _pem_blocks(text, label):
    pattern = rb"-----BEGIN %s-----.*?-----END %s-----" % (label, label)
    return re.findall(pattern, text or b"", re.DOTALL)


class Verifier:
    """What is trusted.

    anchors, pins, crls: PEM, as octets. An anchor is a CA to which the signer must lead; a pin is a
    signer's own certificate. With crls every certificate of a path but the root needs one; not a pin.

    names: the signer has one of them in its subjectAltName, as a dNSName or, with a colon, as its only
    URI. They are needed with anchors, since a CA issues to its users too.

    require_peer: the signer must be the TLS client of this connection. Only where the server does not
    tell who that is should it be False: then who has seen a value can send it for max_age seconds.
    """

    def __init__(self, anchors=None, pins=None, crls=None, names=(), max_age=300, skew=30, require_peer=True,
                 format="cms"):
        load = lambda pem: crypto.load_certificate(crypto.FILETYPE_PEM, pem)  # noqa: E731
        self.anchors = [load(pem) for pem in _pem_blocks(anchors, b"CERTIFICATE")]
        self.pins = [load(pem) for pem in _pem_blocks(pins, b"CERTIFICATE")]
        self.crls = None if crls is None else [_load_crl(pem) for pem in _pem_blocks(crls, b"X509 CRL")]
        self.names = {name if ":" in name else name.lower() for name in names}
        self.max_age, self.skew, self.require_peer, self.format = max_age, skew, require_peer, format
        if not self.anchors and not self.pins:
            raise ValueError("nothing-trusted: anchors or pins are needed")
        if self.anchors and not self.names:
            raise ValueError("signer-name: names are needed with anchors")
        if format not in ("cms", "cms-sf"):
            raise ValueError("the format is cms or cms-sf")
        if max_age <= 0 or skew < 0:
            raise ValueError("max_age is 1 or more, skew 0 or more")

    def verify(self, values, peer=None, now=None):
        """The Client of the field's values, one for each line of it; Absent, Malformed or Refused.

        peer: the certificate in DER that the TLS client of the connection presented and that TLS
        verified. now: in Unix seconds.
        """
        if not values:
            raise Absent("header-absent")
        if len(values) > 1:
            raise Malformed("value-several")
        now = int(time.time()) if now is None else now
        data = _SignedData(self._decode(values[0]))
        if now - data.signing_time > self.max_age:
            raise Refused("stale")
        if data.signing_time - now > self.skew:
            raise Refused("from-the-future")
        data.check_attributes()

        signer = self._find_signer(data, peer)
        certificate, openssl = signer.load()
        key = self._check_use(certificate)
        if self.require_peer:
            # TLS has proved this key: a forged value costs one verification.
            data.check_signature(key)
        pin = next((pin for pin in self.pins if _der(pin) == signer.der), None)
        issuers = self._check_path(signer, openssl, certificate, data.certificates, pin, now)
        if not self.require_peer:
            data.check_signature(key)
        data.check_signing_certificates(signer.der, issuers)
        self._check_content(data.content, now)
        return Client(data.content, signer.der, data.signing_time)

    def _decode(self, value):
        if isinstance(value, str):
            value = value.encode("latin-1", "replace")
        if not value.strip(b" \t\r\n"):
            raise Malformed("value-empty")
        if len(value) > MAX_VALUE:
            raise Malformed("value-too-long")
        if self.format == "cms-sf":
            if len(value) < 2 or value[:1] != b":" or value[-1:] != b":":
                raise Malformed("value-byte-sequence")
            value = value[1:-1]
        if not re.fullmatch(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", value) or not value:
            raise Malformed("value-base64")
        decoded = base64.b64decode(value)
        if base64.b64encode(decoded) != value:
            raise Malformed("value-base64")
        return decoded

    def _find_signer(self, data, peer):
        named = lambda certificate: (certificate.issuer, certificate.serial) == data.identifier  # noqa: E731
        found = [certificate for certificate in data.certificates if named(certificate)]
        if len(found) > 1:
            raise Refused("signer-unknown")
        if self.require_peer:
            if not peer:
                raise Refused("peer-absent")
            signer = _Certificate(peer)
            if not named(signer) or found and found[0].der != peer:
                raise Refused("signer-not-peer")
        elif found:
            signer = found[0]
        else:
            pins = {_der(pin): None for pin in self.pins if named(_Certificate(_der(pin)))}
            if len(pins) != 1:
                raise Refused("signer-unknown")
            signer = _Certificate(next(iter(pins)))
        signer.check_key("signer-key-too-small")
        return signer

    def _check_use(self, certificate):
        """Key, key usages and names of the signer. Returns the key."""
        try:
            key = certificate.public_key()
            extensions = {extension.oid: extension.value for extension in certificate.extensions}
        except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
            raise Refused("signer-untrusted") from None
        usage = extensions.get(x509.oid.ExtensionOID.KEY_USAGE)
        purposes = extensions.get(x509.oid.ExtensionOID.EXTENDED_KEY_USAGE)
        purpose = x509.oid.ExtendedKeyUsageOID
        if usage is not None and not usage.digital_signature:
            raise Refused("signer-usage")
        if purposes is not None and purpose.SERVER_AUTH not in purposes and purpose.CLIENT_AUTH not in purposes:
            raise Refused("signer-usage")
        if self.names:
            alternative = extensions.get(x509.oid.ExtensionOID.SUBJECT_ALTERNATIVE_NAME, ())
            dns = {name.value.lower() for name in alternative if isinstance(name, x509.DNSName)}
            uris = [name.value for name in alternative if isinstance(name, x509.UniformResourceIdentifier)]
            if not dns & {name for name in self.names if ":" not in name} and not (
                len(uris) == 1 and ":" in uris[0] and uris[0] in self.names
            ):
                raise Refused("signer-name")
        return key

    def _check_path(self, signer, openssl, certificate, others, pin, now):
        """A path to an anchor, or the pin by itself. Returns the issuers, in DER."""
        store = crypto.X509Store()
        for anchor in [pin] if pin else self.anchors:
            store.add_cert(anchor)
        flags = crypto.X509StoreFlags.PARTIAL_CHAIN
        if self.crls is not None and not pin:
            for crl in self.crls:
                store.add_crl(crl)
            flags |= crypto.X509StoreFlags.CRL_CHECK | crypto.X509StoreFlags.CRL_CHECK_ALL
        store.set_flags(flags)
        store.set_time(datetime.datetime.fromtimestamp(now, datetime.timezone.utc).replace(tzinfo=None))
        if not pin and not self.anchors:
            raise Refused("signer-untrusted")
        untrusted = [] if pin else [other.load()[1] for other in others if other.der != signer.der]
        try:
            chain = crypto.X509StoreContext(store, openssl, untrusted).get_verified_chain()
        except crypto.X509StoreContextError as error:
            raise Refused(f"signer-untrusted: {error}") from None
        try:
            chain = [certificate, *(link.to_cryptography() for link in chain[1:])]
        except (ValueError, x509.InvalidVersion):
            raise Refused("signer-untrusted") from None
        for place, link in enumerate(chain):
            _check_strength(link, is_anchor=place == len(chain) - 1)
            if (place > 0 or not pin) and _is_ca(link) != (place > 0):
                raise Refused("signer-untrusted" if place else "signer-is-ca")
        return [_der(crypto.X509.from_cryptography(link)) for link in chain[1:]]

    @staticmethod
    def _check_content(der, now):
        """Exactly one certificate, as OpenSSL writes it. Its key and names are its own business."""
        try:
            certificate = crypto.load_certificate(crypto.FILETYPE_ASN1, der)
            valid = [certificate.get_notBefore(), certificate.get_notAfter()]
            times = [datetime.datetime.strptime(text.decode(), "%Y%m%d%H%M%SZ") for text in valid]
            not_before, not_after = (calendar.timegm(instant.timetuple()) for instant in times)
        except (AttributeError, ValueError, crypto.Error):
            raise Malformed("value-content") from None
        if _der(certificate) != der:
            raise Malformed("value-content")
        if now < not_before:
            raise Refused("certificate-not-yet-valid")
        if now >= not_after:
            raise Refused("certificate-expired")


def _der(certificate):
    return crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)


def _load_crl(pem):
    # pyOpenSSL 24.3 has no type for it any more, and takes cryptography's.
    if hasattr(crypto, "load_crl"):
        return crypto.load_crl(crypto.FILETYPE_PEM, pem)
    return x509.load_pem_x509_crl(pem)


def _is_ca(certificate):
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False


def _check_strength(certificate, is_anchor):
    """OpenSSL's security level 2, which pyOpenSSL cannot ask for: 112 bits."""
    try:
        key = certificate.public_key()
        hash_ = certificate.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        raise Refused("chain-weak") from None
    strong = (
        isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey))
        or isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048
        or isinstance(key, ec.EllipticCurvePublicKey) and key.key_size >= 224
    )
    if not strong or not is_anchor and hash_ is not None and hash_.name not in STRONG_HASHES:
        raise Refused("chain-weak")


def field_values(headers, name="Client-Cert"):
    """The values of a field in a list of pairs, as ASGI has it. A name that CGI would fold is another."""
    name = name.lower().encode()
    return [value for field, value in headers if field.lower() == name]


def _answer(refused):
    phrase = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden"}[refused.status]
    return f"{refused.status} {phrase}", f"{phrase}\n".encode()


class WSGI:
    """Middleware. The application finds a Client as environ["client_cert"], or None.

    required: without the field the answer is 401; otherwise the application goes on without a client.

    peer: a function of environ that gives the TLS client's certificate in DER, verified, or None. The
    default reads what mod_ssl exports to mod_wsgi (SSLOptions +StdEnvVars +ExportCertData, SSLVerifyClient
    require); gunicorn, waitress and Python's own server show no such thing.
    """

    def __init__(self, application, verifier, required=False, header="Client-Cert", peer=None, log=None):
        self.application, self.verifier, self.required = application, verifier, required
        self.variable = "HTTP_" + header.upper().replace("-", "_")
        self.peer, self.log = peer or _peer_of_environ, log

    def __call__(self, environ, start_response):
        # The variable of two lines has both, joined by a comma, which is no base64.
        value = environ.pop(self.variable, None)
        environ["client_cert"] = None
        try:
            environ["client_cert"] = self.verifier.verify(
                [] if value is None else [value], self.peer(environ) if self.verifier.require_peer else None)
        except Refused as refused:
            if self.required or not isinstance(refused, Absent):
                if self.log:
                    self.log(f"client certificate refused: {refused}")
                status, body = _answer(refused)
                start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
                return [body]
        return self.application(environ, start_response)


def _peer_of_environ(environ):
    if environ.get("SSL_CLIENT_VERIFY") != "SUCCESS":
        return None
    blocks = _pem_blocks(environ.get("SSL_CLIENT_CERT", "").encode("latin-1"), b"CERTIFICATE")
    return _der(crypto.load_certificate(crypto.FILETYPE_PEM, blocks[0])) if len(blocks) == 1 else None


class ASGI:
    """Middleware. The application finds a Client as scope["client_cert"], or None.

    peer: a function of scope, as for WSGI. The default reads ASGI's TLS extension; uvicorn, hypercorn and
    daphne do not have it, and every value is refused there unless the verifier's require_peer is False.
    """

    def __init__(self, application, verifier, required=False, header="Client-Cert", peer=None, log=None):
        self.application, self.verifier, self.required = application, verifier, required
        self.header, self.peer, self.log = header, peer or _peer_of_scope, log

    async def __call__(self, scope, receive, send):
        if scope["type"] not in ("http", "websocket"):
            return await self.application(scope, receive, send)
        values = field_values(scope["headers"], self.header)
        name = self.header.lower().encode()
        headers = [pair for pair in scope["headers"] if pair[0].lower() != name]
        scope = dict(scope, headers=headers, client_cert=None)
        try:
            scope["client_cert"] = self.verifier.verify(
                values, self.peer(scope) if self.verifier.require_peer else None)
        except Refused as refused:
            if self.required or not isinstance(refused, Absent):
                if self.log:
                    self.log(f"client certificate refused: {refused}")
                return await self._refuse(scope, receive, send, refused)
        return await self.application(scope, receive, send)

    @staticmethod
    async def _refuse(scope, receive, send, refused):
        if scope["type"] == "websocket":
            await receive()
            return await send({"type": "websocket.close", "code": 1008})
        _, body = _answer(refused)
        headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": refused.status, "headers": headers})
        return await send({"type": "http.response.body", "body": body})


def _peer_of_scope(scope):
    tls = scope.get("extensions", {}).get("tls") or {}
    chain = list(tls.get("client_cert_chain") or ())
    if tls.get("client_cert_error") or not chain:
        return None
    return _der(crypto.load_certificate(crypto.FILETYPE_PEM, chain[0].encode()))
