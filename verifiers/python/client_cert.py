# SPDX-License-Identifier: Apache-2.0

"""Verifies the signed Client-Cert field (docs/format.md), for WSGI and ASGI.

    verifier = Verifier(anchors=open("ca.pem", "rb").read(), names=["proxy.example"])
    application = WSGI(application, verifier)

Copy this file, or install it. It needs Python 3.9, asn1crypto 1.5, cryptography 38 and pyOpenSSL 23, or newer (Debian:
python3-asn1crypto and python3-openssl).
"""

import base64
import datetime
import hashlib
import re
import time

from asn1crypto import cms, core, parser, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, ed448, padding, rsa
from OpenSSL import crypto

MAX_VALUE = 65_536
MAX_CERTIFICATES = 8
MAX_DEPTH = 32
MAX_OID = 64  # What a number of many octets costs asn1crypto grows with their square.

CURVES = {("named", "secp256r1"), ("named", "secp384r1"), ("named", "secp521r1")}
NULL = core.Null().dump()
DIGESTS = {"sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}
# By asn1crypto's names: the kind of key, the digest that is named with it, and what its parameters may be.
SIGNATURES = {
    "rsassa_pkcs1v15": ("rsa", None, (NULL,)),
    **{f"{digest}_rsa": ("rsa", digest, (b"", NULL)) for digest in DIGESTS},
    **{f"{digest}_ecdsa": ("ec", digest, (b"",)) for digest in DIGESTS},
    "ed25519": ("ed25519", "sha512", (b"",)),
}
# Below security level 2 are SHA-1 and MD5 (OpenSSL's SSL_CTX_set_security_level).
STRONG_HASHES = {"sha224", "sha256", "sha384", "sha512", "sha3-224", "sha3-256", "sha3-384", "sha3-512"}
# What asn1crypto raises for what it cannot read.
UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, NotImplementedError)


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


def _check_der(octets, depth=0):
    """Elements, down to the leaves, are as asn1crypto would write them; it reads BER."""
    while octets:
        class_, constructed, tag, _, contents, _ = parser.parse(octets)
        element = parser.emit(class_, constructed, tag, contents)
        if not octets.startswith(element) or tag > 30 or depth > MAX_DEPTH:
            raise Malformed("value-ber")
        octets = octets[len(element) :]
        if class_ == 0 and tag == core.ObjectIdentifier.tag and len(contents) > MAX_OID:
            raise Malformed("value-der")
        if class_ == 0 and constructed != (tag in (core.Sequence.tag, core.Set.tag)):
            raise Malformed("value-ber")
        if constructed:
            _check_der(contents, depth + 1)
        elif class_ == 0 and core.load(element).dump(force=True) != element:
            raise Malformed("value-der")


def _encode(info):
    """As asn1crypto writes what it has read. That has none of what it passed over, which is after the last field that
    it knows, and has sets in order; those of certificates may have another."""
    data = info["content"]
    fields = b"".join(data[name].dump(force=name != "certificates") for name in data)
    explicit = parser.emit(2, 1, 0, parser.emit(0, 1, core.Sequence.tag, fields))
    return parser.emit(0, 1, core.Sequence.tag, info["content_type"].dump() + explicit)


def _name(certificate):
    """Issuer and serial number, as they stand there."""
    return certificate["issuer"].dump(), certificate["serial_number"].dump()


class _Certificate:
    """Its issuer and serial number, and a key that OpenSSL may be given to decode."""

    def __init__(self, der):
        self.der = der
        try:
            certificate = asn1_x509.Certificate.load(der, strict=True)["tbs_certificate"]
            self.name = _name(certificate)
            self.key = certificate["subject_public_key_info"]
            self.kind = self.key["algorithm"]["algorithm"].native
        except UNREADABLE:
            raise Malformed("value-certificates") from None

    def check_key(self, small="chain-weak"):
        """RSA of 2,048 to 8,192 bits with a short, odd exponent; P-256, P-384, P-521; Ed25519."""
        try:
            if self.kind == "rsa":
                numbers = self.key["public_key"].parsed
                modulus, exponent = numbers["modulus"].native, numbers["public_exponent"].native
                if 0 < modulus < 1 << 2047:
                    raise Refused(small)
                good = 0 < modulus < 1 << 8192 and 3 <= exponent < 1 << 32 and exponent % 2
            else:
                good = self.kind == "ed25519" or self.kind == "ec" and self.key.curve in CURVES
        except UNREADABLE:
            good = False
        if not good:
            raise Refused("signer-key-unsupported")

    def load(self):
        try:
            return x509.load_der_x509_certificate(self.der), crypto.load_certificate(crypto.FILETYPE_ASN1, self.der)
        except (ValueError, x509.InvalidVersion, UnsupportedAlgorithm, crypto.Error):
            raise Malformed("value-certificates") from None


class _SignedData:
    """What a value says, of which nothing is verified."""

    def __init__(self, der):
        try:
            _check_der(der)
            info = cms.ContentInfo.load(der, strict=True)
            self._read(info)
            if _encode(info) != der:
                raise ValueError
        except UNREADABLE:
            raise Malformed("value-der") from None

    def _read(self, info):
        def need(condition, reason):
            if not condition:
                raise Malformed(reason)

        need(info["content_type"].native == "signed_data", "value-not-signed-data")
        data = info["content"]
        need(data["version"].native == "v1", "value-version")
        need(len(data["digest_algorithms"]) == 1, "value-digest-algorithm")
        encapsulated = data["encap_content_info"]
        need(encapsulated["content_type"].native == "data", "value-content-type")
        need(not isinstance(encapsulated["content"], core.Void), "value-detached")
        self.content = encapsulated["content"].native
        need(isinstance(data["crls"], core.Void), "value-crls")
        need(len(data["signer_infos"]) == 1, "value-signers")

        signer = data["signer_infos"][0]
        need(signer["version"].native == "v1", "value-version")
        need(signer["sid"].name == "issuer_and_serial_number", "value-signer-identifier")
        self.identifier = _name(signer["sid"].chosen)
        self.digest = _digest(signer["digest_algorithm"])
        need(self.digest == _digest(data["digest_algorithms"][0]), "value-digest-algorithm")
        self.algorithms = [signer[name].contents for name in ("digest_algorithm", "signature_algorithm")]
        algorithm = signer["signature_algorithm"]
        kind, digest, allowed = SIGNATURES.get(algorithm["algorithm"].native, (None, None, ()))
        need(algorithm["parameters"].dump() in allowed, "value-signature-algorithm")
        self.key_kind, self.named_digest = kind, digest
        self.signature = signer["signature"].native
        need(len(signer["signed_attrs"]) > 0, "value-no-signed-attributes")
        need(isinstance(signer["unsigned_attrs"], core.Void), "value-unsigned-attributes")
        self._read_attributes(signer["signed_attrs"])
        self.certificates = self._read_certificates(data["certificates"])

    def _read_attributes(self, attributes):
        # RFC 5652, 5.4: signed with the tag of a SET OF, in DER.
        self.signed = bytes([0x31]) + attributes.dump()[1:]
        values = {attribute["type"].native: attribute["values"] for attribute in attributes}
        if len(values) < len(attributes):
            raise Malformed("value-attribute-twice")
        if not {"content_type", "message_digest", "signing_time"} <= values.keys():
            raise Malformed("value-attribute-missing")
        if "counter_signature" in values or any(len(several) != 1 for several in values.values()):
            raise Malformed("value-attribute-malformed")
        try:
            self.content_type = values["content_type"][0].native
            self.message_digest = values["message_digest"][0].native
            self.signing_time = _time(values["signing_time"][0].chosen)
            self.signing_certificates = [
                _signing_certificates(values[kind][0])
                for kind in ("signing_certificate_v2", "signing_certificate") if kind in values]
            self.protected = None
            if "cms_algorithm_protection" in values:
                protection = values["cms_algorithm_protection"][0]
                self.protected = [protection[name].contents for name in ("digest_algorithm", "signature_algorithm")]
                if not isinstance(protection["mac_algorithm"], core.Void):
                    raise ValueError
        except UNREADABLE:
            raise Malformed("value-attribute-malformed") from None

    def _read_certificates(self, choices):
        if isinstance(choices, core.Void):
            return []
        if any(choice.name != "certificate" for choice in choices):
            raise Malformed("value-certificates")
        if not 1 <= len(choices) <= MAX_CERTIFICATES:
            raise Malformed("value-certificate-count")
        certificates = [_Certificate(der) for der in dict.fromkeys(choice.dump() for choice in choices)]
        for certificate in certificates:
            certificate.check_key("signer-key-too-small" if certificate.name == self.identifier else "chain-weak")
        return certificates

    def check_attributes(self):
        if self.protected not in (None, self.algorithms):
            raise Refused("algorithm-protection-mismatch")
        if self.content_type != "data":
            raise Refused("content-type-mismatch")
        if self.message_digest != hashlib.new(self.digest, self.content).digest():
            raise Refused("digest-mismatch")

    def check_signature(self, key):
        hash_ = DIGESTS[self.digest]()
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


def _digest(identifier):
    digest = identifier["algorithm"].native
    if digest not in DIGESTS or identifier["parameters"].dump() not in (b"", NULL):
        raise Malformed("value-digest-algorithm")
    return digest


def _time(choice):
    """RFC 5652, 11.3: UTCTime until 2049, to the second."""
    moment = choice.native
    if len(choice.contents) != (13 if 1950 <= moment.year < 2050 else 15):
        raise ValueError
    return int((moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)).total_seconds())


def _signing_certificates(attribute):
    """The digest, its name, and the issuer and serial number of each."""
    found = []
    for identifier in attribute["certs"]:
        digest = _digest(identifier["hash_algorithm"]) if isinstance(identifier, tsp.ESSCertIDv2) else "sha1"
        found.append((digest, identifier["cert_hash"].native, identifier["issuer_serial"].dump()))
    if not 1 <= len(found) <= MAX_CERTIFICATES:
        raise ValueError
    return found


def _is_of(identifier, der):
    digest, value, issuer_serial = identifier
    issuer, serial = _Certificate(der).name
    names = parser.emit(0, 1, 16, parser.emit(2, 1, 4, issuer))
    return hashlib.new(digest, der).digest() == value and issuer_serial in (b"", parser.emit(0, 1, 16, names + serial))


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
        if self.require_peer and not peer:
            raise Refused("peer-absent")
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
        named = lambda certificate: certificate.name == data.identifier  # noqa: E731
        found = [certificate for certificate in data.certificates if named(certificate)]
        if len(found) > 1:
            raise Refused("signer-unknown")
        if self.require_peer:
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
            # Not by what is true: a CRL of cryptography's that revokes nothing is not.
            for crl in (crl for crl in self.crls if crl is not None):
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
            times = [datetime.datetime.strptime(text.decode() + "+0000", "%Y%m%d%H%M%SZ%z") for text in valid]
            not_before, not_after = (instant.timestamp() for instant in times)
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
    """None for a delta, which alone says nothing."""
    crl = x509.load_pem_x509_crl(pem)
    # cryptography 42 has another name for it.
    if (crl.next_update_utc if hasattr(crl, "next_update_utc") else crl.next_update) is None:
        # To OpenSSL it would be good for ever.
        raise ValueError("crls-malformed: a CRL without nextUpdate")
    if any(extension.oid == x509.oid.ExtensionOID.DELTA_CRL_INDICATOR for extension in crl.extensions):
        # Before 3.0.20 OpenSSL takes it for a whole one.
        return None
    # pyOpenSSL 24.3 has no type for it any more, and takes cryptography's.
    return crypto.load_crl(crypto.FILETYPE_PEM, pem) if hasattr(crypto, "load_crl") else crl


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
