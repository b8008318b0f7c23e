// SPDX-License-Identifier: Apache-2.0

import crypto from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';

import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';

pkijs.setEngine('node', new pkijs.CryptoEngine({ name: 'node', crypto: crypto.webcrypto }));

const [what, ...files] = process.argv.slice(2);
const octets = (buffer) => buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.length);
const fromPem = (file) => Buffer.from(fs.readFileSync(file, 'latin1').replace(/-----.*?-----|\s/g, ''), 'base64');
const certificate = (file) => pkijs.Certificate.fromBER(octets(fromPem(file)));

async function verify(root, file) {
    const info = pkijs.ContentInfo.fromBER(octets(fs.readFileSync(file)));
    const data = new pkijs.SignedData({ schema: info.content });
    const result = await data.verify({ signer: 0, checkChain: true, trustedCerts: [certificate(root)], extendedMode: true });
    if (!result.signatureVerified || !result.signerCertificateVerified) throw new Error(`not verified: ${result.message || 'no message'}`);
    return Buffer.from(data.encapContentInfo.eContent.getValue());
}

async function sign(certificateFile, keyFile, contentFile, digest) {
    const content = fs.readFileSync(contentFile);
    const signer = certificate(certificateFile);
    const hash = digest.replace('sha', 'SHA-');
    const type = crypto.createPrivateKey(fs.readFileSync(keyFile));
    const curve = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' }[type.asymmetricKeyDetails.namedCurve];
    const algorithm = type.asymmetricKeyType === 'rsa' ? { name: 'RSASSA-PKCS1-v1_5', hash }
        : curve ? { name: 'ECDSA', namedCurve: curve } : { name: 'Ed25519' };
    const key = await crypto.webcrypto.subtle.importKey('pkcs8', octets(fromPem(keyFile)), algorithm, false, ['sign']);
    const messageDigest = crypto.createHash(digest).update(content).digest();
    const attribute = (oid, value) => new pkijs.Attribute({ type: oid, values: [value] });
    const data = new pkijs.SignedData({
        version: 1,
        encapContentInfo: new pkijs.EncapsulatedContentInfo({ eContentType: pkijs.ContentInfo.DATA }),
        signerInfos: [new pkijs.SignerInfo({
            version: 1,
            sid: new pkijs.IssuerAndSerialNumber({ issuer: signer.issuer, serialNumber: signer.serialNumber }),
            signedAttrs: new pkijs.SignedAndUnsignedAttributes({
                type: 0,
                attributes: [
                    attribute('1.2.840.113549.1.9.3', new asn1js.ObjectIdentifier({ value: pkijs.ContentInfo.DATA })),
                    attribute('1.2.840.113549.1.9.5', new asn1js.UTCTime({ valueDate: new Date() })),
                    attribute('1.2.840.113549.1.9.4', new asn1js.OctetString({ valueHex: octets(messageDigest) })),
                ],
            }),
        })],
        certificates: [signer],
    });
    // The constructor would put it in pieces, which is BER.
    data.encapContentInfo.eContent = new asn1js.OctetString({ valueHex: octets(content) });
    await data.sign(key, 0, hash, undefined);
    return Buffer.from(new pkijs.ContentInfo({ contentType: pkijs.ContentInfo.SIGNED_DATA, content: data.toSchema(true) }).toSchema().toBER());
}

try {
    if (what === 'version') {
        const require = createRequire(import.meta.url);
        console.log(JSON.parse(fs.readFileSync(require.resolve('pkijs').replace(/(node_modules\/pkijs)\/.*/, '$1/package.json'))).version);
    } else {
        process.stdout.write(await (what === 'verify' ? verify : sign)(...files));
    }
} catch (error) {
    console.error(`${error.message || error}`);
    process.exit(1);
}
