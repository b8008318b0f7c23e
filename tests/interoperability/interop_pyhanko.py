# SPDX-License-Identifier: Apache-2.0
import asyncio
import sys
from datetime import datetime, timezone
from importlib.metadata import version

from asn1crypto import cms, keys, pem, x509
from pyhanko.sign import signers
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.validation.generic_cms import async_validate_cms_signature
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore


def read(file):
    with open(file, "rb") as source:
        octets = source.read()
    return pem.unarmor(octets)[2] if pem.detect(octets) else octets


async def verify(root, file):
    data = cms.ContentInfo.load(read(file))["content"]
    context = ValidationContext(trust_roots=[x509.Certificate.load(read(root))])
    status = await async_validate_cms_signature(
        data, validation_context=context, key_usage_settings=KeyUsageConstraints(key_usage={"digital_signature"}))
    if not (status.intact and status.valid and status.trusted):
        raise ValueError(f"not verified: {status.summary()}")
    return data["encap_content_info"]["content"].native


async def sign(certificate, key, content, digest):
    store = SimpleCertificateStore()
    signer = signers.SimpleSigner(
        signing_cert=x509.Certificate.load(read(certificate)),
        signing_key=keys.PrivateKeyInfo.load(read(key)),
        cert_registry=store,
    )
    made = await signer.async_sign_general_data(read(content), digest, detached=False,
        signed_attr_settings=PdfCMSSignedAttributes(signing_time=datetime.now(timezone.utc)))
    return made.dump()


what, *files = sys.argv[1:]
try:
    if what == "version":
        print(version("pyHanko"))
    else:
        sys.stdout.buffer.write(asyncio.run((verify if what == "verify" else sign)(*files)))
except Exception as error:  # noqa: BLE001
    sys.exit(f"{type(error).__name__}: {error}")
