// SPDX-License-Identifier: Apache-2.0
'use strict';

// Takes the client's identity from the signed header Client-Cert of mod_client_cert (formats `cms` and
// `cms-sf`), with node:crypto alone. README.md has the options and what this refuses that the module
// takes.
//
//     const clientCert = require('./client-cert');
//     app.use(clientCert({ trust: fs.readFileSync('servers-ca.pem'), names: ['proxy.example'] }));
//     app.get('/', (req, res) => res.send(req.clientCert?.certificate.subject ?? 'no client'));

const crypto = require('node:crypto');
const asn1js = require('asn1js');
const { AsnParser, AsnSerializer, OctetString } = require('@peculiar/asn1-schema');
const cms = require('@peculiar/asn1-cms');
const x509 = require('@peculiar/asn1-x509');

const MAX_VALUE = 65_536;
const MAX_CERTIFICATES = 8;
const MAX_DEPTH = 32;

const DATA = '1.2.840.113549.1.7.1';
const CONTENT_TYPE = '1.2.840.113549.1.9.3';
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4';
const SIGNING_TIME = '1.2.840.113549.1.9.5';
const COUNTERSIGNATURE = '1.2.840.113549.1.9.6';
const SIGNING_CERTIFICATE = '1.2.840.113549.1.9.16.2.12';
const SIGNING_CERTIFICATE_V2 = '1.2.840.113549.1.9.16.2.47';
const ALGORITHM_PROTECTION = '1.2.840.113549.1.9.52';

// By OID; RSA's and those of digests may have NULL as parameters.
const DIGESTS = { '2.16.840.1.101.3.4.2.1': 'sha256', '2.16.840.1.101.3.4.2.2': 'sha384', '2.16.840.1.101.3.4.2.3': 'sha512' };
const RSA_SIGNATURES = { '1.2.840.113549.1.1.11': 'sha256', '1.2.840.113549.1.1.12': 'sha384', '1.2.840.113549.1.1.13': 'sha512' };
const EC_SIGNATURES = { '1.2.840.10045.4.3.2': 'sha256', '1.2.840.10045.4.3.3': 'sha384', '1.2.840.10045.4.3.4': 'sha512' };
const RSA = '1.2.840.113549.1.1.1';
const EC = '1.2.840.10045.2.1';
const ED25519 = '1.3.101.112';
const CURVES = ['06082a8648ce3d030107', '06052b81040022', '06052b81040023'];

/** A value that is malformed (status 400) or not trusted (403). */
class Refused extends Error {
    constructor(status, reason) {
        super(reason);
        this.status = status;
    }
}

const malformed = (reason) => new Refused(400, reason);
const refused = (reason) => new Refused(403, reason);
const need = (condition, reason) => { if (!condition) throw malformed(reason); };
const trust = (condition, reason) => { if (!condition) throw refused(reason); };
const hex = (octets) => Buffer.from(octets).toString('hex');

// DER. The library reads BER, and passes over what a type does not have.

/** One element in DER, as the library's tree. */
function parse(octets) {
    let parsed;
    try {
        parsed = asn1js.fromBER(octets);
    } catch {
        throw malformed('it is not ASN.1');
    }
    need(parsed.offset === octets.length && isDer(parsed.result), 'it is not DER');
    return parsed.result;
}

/** An element of such a tree as a value of this type, if the library would write it so. */
function read(type, element) {
    try {
        const value = AsnParser.fromASN(element, type);
        if (encode(value).equals(raw(element))) return value;
    } catch {
        // Refused below.
    }
    throw malformed(`it is no ${type.name} in DER`);
}

const raw = ({ valueBeforeDecodeView: { buffer, byteOffset, byteLength } }) => Buffer.from(buffer, byteOffset, byteLength);
const fields = (element) => {
    need(element instanceof asn1js.Sequence, 'an element is missing, or another one than is wanted');
    return element.valueBlock.value;
};

/** Of what the library repeats as it came: lengths, strings in pieces, and values that have more than one encoding. */
function isDer(block, depth = 0) {
    const { tagClass, tagNumber, isConstructed } = block.idBlock;
    const octets = raw(block);
    const { length } = block.lenBlock;
    const isShortest = octets.length === length + (length < 0x80 ? 2 : 2 + Math.ceil(length.toString(16).length / 2));
    if (block.error || depth > MAX_DEPTH || tagNumber > 30 || !isShortest || block.lenBlock.isIndefiniteForm) return false;
    const isUniversal = tagClass === 1;
    if (isUniversal && isConstructed !== (tagNumber === 16 || tagNumber === 17)) return false;
    if (isConstructed) return block.valueBlock.value.every((child) => isDer(child, depth + 1));
    const contents = octets.subarray(octets.length - length);
    return !isUniversal || (IS_DER[tagNumber]?.(contents) ?? true);
}

const isInteger = ({ 0: first, 1: second, length }) => length === 1
    || (length > 1 && (first !== 0 || second >= 0x80) && (first !== 0xff || second < 0x80));
const IS_DER = {
    0: () => false,
    1: (contents) => ['00', 'ff'].includes(hex(contents)),
    2: isInteger,
    3: (contents) => contents[0] === 0 || (contents[0] < 8 && contents.length > 1 && (contents.at(-1) & ((1 << contents[0]) - 1)) === 0),
    5: (contents) => contents.length === 0,
    6: (contents) => contents.at(-1) < 0x80 && contents.every((octet, at) => octet !== 0x80 || contents[at - 1] >= 0x80),
    10: isInteger,
    23: (contents) => /^[0-9]{12}Z$/.test(contents.toString('latin1')),
    24: (contents) => /^[0-9]{14}(\.[0-9]*[1-9])?Z$/.test(contents.toString('latin1')),
    28: (contents) => contents.length % 4 === 0,
    30: (contents) => contents.length % 2 === 0,
};

const encode = (value) => Buffer.from(AsnSerializer.serialize(value));
const block = (value) => AsnSerializer.toASN(value);
const sequence = (...value) => new asn1js.Sequence({ value });
const tagged = (tagNumber, ...value) => new asn1js.Constructed({ idBlock: { tagClass: 3, tagNumber }, value });
const isAbsent = (parameters) => parameters === undefined;
const isAbsentOrNull = (parameters) => parameters === undefined || parameters === null;

/** In seconds. */
function readTime(time) {
    const date = time.getTime();
    // A date that there is not is written as another one, as which it was not read.
    need(encode(time).length === (time.utcTime ? 15 : 17), 'a time is malformed');
    return date.getTime() / 1000;
}

/** The name of a digest by its AlgorithmIdentifier. */
function readDigest({ algorithm, parameters }) {
    need(algorithm in DIGESTS && isAbsentOrNull(parameters), 'its digest is none that is taken');
    return DIGESTS[algorithm];
}

/** [type of key, digest] of a signature by its AlgorithmIdentifier. */
function signatureAlgorithm({ algorithm, parameters }, digest) {
    if (algorithm === RSA && parameters === null && digest) return ['rsa', digest];
    if (isAbsentOrNull(parameters) && algorithm in RSA_SIGNATURES) return ['rsa', RSA_SIGNATURES[algorithm]];
    if (isAbsent(parameters) && algorithm in EC_SIGNATURES) return ['ec', EC_SIGNATURES[algorithm]];
    return isAbsent(parameters) && algorithm === ED25519 ? ['ed25519', 'sha512'] : [];
}

/** Which of the three types of key this is; undefined for a key that is not taken. */
function keyType({ algorithm: { algorithm, parameters }, subjectPublicKey }) {
    if (algorithm === EC) return parameters && CURVES.includes(hex(parameters)) ? 'ec' : undefined;
    if (algorithm === ED25519) return isAbsent(parameters) ? 'ed25519' : undefined;
    if (algorithm !== RSA || !isAbsentOrNull(parameters)) return undefined;
    const numbers = parse(Buffer.from(subjectPublicKey)).valueBlock.value ?? [];
    if (numbers.length !== 2 || !numbers.every((number) => number instanceof asn1js.Integer)) return undefined;
    const [modulus, exponent] = numbers.map((number) => number.toBigInt());
    const length = modulus > 0n ? modulus.toString(2).length : 0;
    return length >= 2048 && length <= 8192 && exponent > 1n && exponent < 2n ** 32n && exponent % 2n === 1n ? 'rsa' : undefined;
}

// Certificates, of which no key is decoded before it matters.

/** Those of proxies and their CAs, which come with every request. */
const known = new Map();

function readCertificate(der) {
    const name = hex(der);
    if (known.size > 64) known.clear();
    if (!known.has(name)) known.set(name, readNewCertificate(der));
    return known.get(name);
}

function readNewCertificate(der) {
    const { tbsCertificate, signatureAlgorithm: algorithm, signatureValue } = read(x509.Certificate, parse(der));
    const { issuer, serialNumber, subject, validity, subjectPublicKeyInfo, version, extensions = [] } = tbsCertificate;
    const byOid = Object.fromEntries(extensions.map(({ extnID, critical, extnValue }) => [extnID, { critical, value: extnValue.buffer }]));
    trust(Object.keys(byOid).length === extensions.length, 'a certificate of the path has an extension twice');
    return {
        der,
        issuerAndSerial: hex(encode(new cms.IssuerAndSerialNumber({ issuer, serialNumber }))),
        // As signingCertificate names it (RFC 5035 section 5).
        issuerSerial: encode(sequence(sequence(tagged(4, block(issuer))), new asn1js.Integer({ valueHex: serialNumber }))),
        issuer: hex(encode(issuer)),
        subject: hex(encode(subject)),
        serial: hex(serialNumber),
        notBefore: readTime(validity.notBefore),
        notAfter: readTime(validity.notAfter),
        version,
        key: encode(subjectPublicKeyInfo),
        keyType: keyType(subjectPublicKeyInfo),
        toBeSigned: encode(tbsCertificate),
        algorithm: tbsCertificate.signature.isEqual(algorithm) ? signatureAlgorithm(algorithm) : [],
        signature: Buffer.from(signatureValue),
        extensions: byOid,
    };
}

const extension = ({ extensions }, oid, type) => (extensions[oid] ? read(type, parse(Buffer.from(extensions[oid].value))) : undefined);

/** Whether a certificate is valid at `now`: the second of notAfter is out of it, as OpenSSL has it. */
const isValid = (certificate, now) => certificate.notBefore <= now && now < certificate.notAfter;

function hasUsage(certificate, flag) {
    const usage = extension(certificate, x509.id_ce_keyUsage, x509.KeyUsage);
    return !usage || (usage.toNumber() & flag) !== 0;
}

/** How many CAs may follow below this one; undefined if it is none. */
function pathLength(certificate) {
    const { cA, pathLenConstraint = Infinity } = extension(certificate, x509.id_ce_basicConstraints, x509.BasicConstraints) ?? {};
    return cA && pathLenConstraint >= 0 ? pathLenConstraint : undefined;
}

/** Whether its key may sign certificates, as OpenSSL decides it, or more readily. */
function mayIssue(certificate) {
    if (certificate.extensions[x509.id_ce_basicConstraints]) return pathLength(certificate) !== undefined;
    return certificate.version !== x509.Version.v3
        || (certificate.extensions[x509.id_ce_keyUsage] !== undefined && hasUsage(certificate, x509.KeyUsageFlags.keyCertSign));
}

/** There is none that we would have to understand. */
function checkCritical({ extensions }) {
    const known = [x509.id_ce_keyUsage, x509.id_ce_subjectAltName, x509.id_ce_basicConstraints, x509.id_ce_certificatePolicies, x509.id_ce_extKeyUsage];
    for (const [oid, { critical }] of Object.entries(extensions)) {
        trust(oid !== x509.id_ce_nameConstraints && (!critical || known.includes(oid)), `a certificate of the path has the extension ${oid}`);
    }
}

/** Whether the key of this certificate made the signature. It is decoded here, and once. */
function isSignedBy(certificate, [type, digest], message, signature) {
    try {
        certificate.publicKey ??= crypto.createPublicKey({ key: certificate.key, format: 'der', type: 'spki' });
        return crypto.verify(type === 'ed25519' ? null : digest, message, certificate.publicKey, signature) === true;
    } catch (error) {
        throw refused(`OpenSSL cannot use a key: ${error.message}`);
    }
}

const isIssuedBy = (certificate, issuer) => certificate.algorithm[0] === issuer.keyType && issuer.keyType !== undefined
    && isSignedBy(issuer, certificate.algorithm, certificate.toBeSigned, certificate.signature);

/** By their names: whether this one may have issued that. */
function mayHaveIssued(issuer, certificate) {
    if (issuer.subject !== certificate.issuer) return false;
    const named = extension(certificate, x509.id_ce_authorityKeyIdentifier, x509.AuthorityKeyIdentifier)?.keyIdentifier;
    const found = extension(issuer, x509.id_ce_subjectKeyIdentifier, x509.SubjectKeyIdentifier);
    return !named || !found || hex(named.buffer) === hex(found.buffer);
}

/** A CRL that one day ends. */
function readCrl(der) {
    const { tbsCertList, signatureAlgorithm: algorithm, signature } = read(x509.CertificateList, parse(der));
    const { issuer, thisUpdate, nextUpdate, revokedCertificates = [], crlExtensions = [] } = tbsCertList;
    need(nextUpdate, 'a CRL without nextUpdate would be good for ever');
    const extensions = [...crlExtensions, ...revokedCertificates.flatMap(({ crlEntryExtensions }) => crlEntryExtensions ?? [])];
    return {
        issuer: hex(encode(issuer)),
        notBefore: readTime(thisUpdate),
        notAfter: readTime(nextUpdate),
        revoked: new Set(revokedCertificates.map(({ userCertificate }) => hex(userCertificate))),
        // Neither a delta nor for some certificates or reasons only, nor with what would have to be understood.
        isComplete: !extensions.some(({ extnID, critical }) => critical || [x509.id_ce_deltaCRLIndicator, x509.id_ce_issuingDistributionPoint].includes(extnID)),
        toBeSigned: encode(tbsCertList),
        algorithm: tbsCertList.signature.isEqual(algorithm) ? signatureAlgorithm(algorithm) : [],
        signature: Buffer.from(signature),
    };
}

// A SignedData of the one profile that is taken, RFC 5652 section 5.

function readSignedData(der) {
    const tree = parse(der);
    need(read(cms.ContentInfo, tree).contentType === cms.id_signedData, 'it is no SignedData');
    const [version, digests, encapsulated, ...rest] = fields(tree.valueBlock.value[1].valueBlock.value[0]);
    const signers = rest.pop();
    const set = rest[0]?.idBlock.tagClass === 3 && rest[0].idBlock.tagNumber === 0 ? rest.shift().valueBlock.value ?? [] : undefined;
    need(signers && rest.length === 0, 'its fields are not those of the profile');
    need(hex(raw(version)) === '020101', 'its version is not 1');
    const { eContentType, eContent } = read(cms.EncapsulatedContentInfo, encapsulated);
    need(eContentType === DATA && eContent?.single, 'its content is not of the type data, or detached');
    const [named, ...others] = read(cms.DigestAlgorithmIdentifiers, digests);
    const [signer, ...more] = read(cms.SignerInfos, signers);
    need(named && signer && others.length + more.length === 0, 'it has not one digest algorithm and one signer');
    need(!set || (set.length > 0 && set.length <= MAX_CERTIFICATES), 'it has no certificates, or too many');
    // One that is there twice counts once.
    const certificates = [...new Map((set ?? []).map((element) => [hex(raw(element)), raw(element)])).values()];

    const sid = signer.sid.issuerAndSerialNumber;
    need(signer.version === 1 && sid, 'its signer is not named by issuer and serial number');
    need(signer.signedAttrs?.length > 0 && !signer.unsignedAttrs, 'its SignerInfo is not that of the profile');
    const digest = readDigest(signer.digestAlgorithm);
    need(readDigest(named) === digest, 'it names two digest algorithms');
    const attributes = readAttributes(signer.signedAttrs);
    const [contentType, messageDigest, signingTime] = [CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME].map((type) => attributes[type]);
    need(contentType && messageDigest && signingTime, 'contentType, messageDigest or signingTime is missing');
    trust(contentType.equals(encode(new asn1js.ObjectIdentifier({ value: DATA }))), 'the attribute contentType is not that of the content');
    const time = read(x509.Time, parse(signingTime));
    // RFC 5652 section 11.3: UTCTime for the years that it can express.
    const year = time.getTime().getUTCFullYear();
    need(time.utcTime || year < 1950 || year >= 2050, 'signingTime is malformed');
    return {
        content: Buffer.from(eContent.single.buffer),
        certificates: certificates.map(readCertificate),
        issuerAndSerial: hex(encode(sid)),
        digest,
        algorithm: signatureAlgorithm(signer.signatureAlgorithm, digest),
        signature: Buffer.from(signer.signature.buffer),
        // In the SignerInfo the SET OF is implicitly tagged.
        signed: encode(new asn1js.Set({ value: signer.signedAttrs.map(block) })),
        messageDigest: Buffer.from(read(OctetString, parse(messageDigest)).buffer),
        signingTime: readTime(time),
        signingCertificates: [[attributes[SIGNING_CERTIFICATE_V2], 'sha256'], [attributes[SIGNING_CERTIFICATE], 'sha1']].filter(([value]) => value),
        protection: attributes[ALGORITHM_PROTECTION],
        // RFC 6211 section 2.
        protects: encode(sequence(block(signer.digestAlgorithm), tagged(1, ...block(signer.signatureAlgorithm).valueBlock.value))),
    };
}

/** {OID: octets of the value}: each with one value, in the order of a SET OF, none twice. */
function readAttributes(attributes) {
    const found = Object.create(null);
    let before = Buffer.alloc(0);
    for (const attribute of attributes) {
        const { attrType, attrValues } = attribute;
        const octets = encode(attribute);
        need(!(attrType in found) && Buffer.compare(before, octets) <= 0, 'the signed attributes are unsorted, or one is there twice');
        need(attrType !== COUNTERSIGNATURE && attrValues.length === 1, 'a signed attribute is malformed');
        found[attrType] = attrValues[0] === null ? Buffer.from([5, 0]) : Buffer.from(attrValues[0]);
        before = octets;
    }
    return found;
}

/** signingCertificateV2 (RFC 5035) or its predecessor: first the signer's certificate, then others of its path. */
function checkSigningCertificate([attribute, usual], signer, path) {
    const [list, ...policies] = fields(parse(attribute));
    const ids = fields(list);
    need(ids.length > 0 && ids.length <= MAX_CERTIFICATES && policies.length === 0, 'signingCertificate is malformed, or has policies');
    let among = [signer];
    for (const id of ids) {
        const parts = fields(id);
        const named = usual === 'sha256' && parts[0] instanceof asn1js.Sequence ? parts.shift() : undefined;
        const digest = named ? readDigest(read(x509.AlgorithmIdentifier, named)) : usual;
        const [hash, issuerSerial, ...more] = parts;
        need(hash instanceof asn1js.OctetString && more.length === 0, 'signingCertificate is malformed');
        if (issuerSerial) fields(issuerSerial);
        const isOf = (one) => crypto.createHash(digest).update(one.der).digest().equals(Buffer.from(hash.getValue()))
            && (!issuerSerial || raw(issuerSerial).equals(one.issuerSerial));
        trust(among.some(isOf), 'signingCertificate names other certificates');
        among = path;
    }
}

/** Verifies values; knows nothing of requests. */
class Verifier {
    /**
     * @param {string|Buffer} options.trust PEM certificates, each a CA to which the signer must lead, or
     *     the signer itself, pinned
     * @param {string|Buffer} options.crls PEM CRLs, of which each certificate of the signer's path that is no
     *     anchor needs one in force. Undefined for no CRLs; a pinned signer needs none
     * @param {string[]} options.names the signer must have one of these as a subjectAltName: a dNSName,
     *     or its only URI. They may be missing only where no anchor is a CA
     * @param {'cms'|'cms-sf'} options.format
     * @param {number} options.maxAge of a signature, in seconds
     * @param {number} options.skew how far in the future a signature may lie, in seconds
     */
    constructor({ trust: pem, crls, names = [], format = 'cms', maxAge = 300, skew = 30 }) {
        const blocks = (text, label) => [...String(text).matchAll(new RegExp(`-----BEGIN ${label}-----([^-]+)-----END ${label}-----`, 'g'))]
            .map(([, base64]) => Buffer.from(base64, 'base64'));
        this.anchors = blocks(pem, 'CERTIFICATE').map((der) => readCertificate(new crypto.X509Certificate(der).raw));
        this.crls = crls === undefined ? undefined : blocks(crls, 'X509 CRL').map(readCrl);
        if (this.crls?.length === 0) throw new TypeError('there is no CRL among the CRLs');
        this.names = new Set(names.map((name) => {
            if (/^[a-z][a-z0-9+.-]*:[!-~]+$/i.test(name)) return name;
            if (/^[\w-]+(\.[\w-]+)*$/.test(name)) return name.toLowerCase();
            throw new TypeError(`neither a dNSName nor a URI: ${name}`);
        }));
        if (!this.anchors.length) throw new TypeError('there is no trust anchor');
        if (!this.names.size && this.anchors.some(mayIssue)) throw new TypeError('a CA issues to others, too: names are needed');
        if (!['cms', 'cms-sf'].includes(format) || !(maxAge > 0) || !(skew >= 0)) throw new TypeError('format, maxAge or skew is wrong');
        Object.assign(this, { format, maxAge, skew });
    }

    /**
     * @param {string[]} values as many as the request has of the header
     * @param {Buffer|undefined|'none'} peer the certificate (DER) that the TLS peer presented and that
     *     was verified; 'none' to do without, where the runtime does not show it
     * @param {number} now in seconds
     * @returns {{certificate: crypto.X509Certificate, signer: crypto.X509Certificate, signingTime: Date}|undefined}
     *     the client; undefined if the request has no such header
     * @throws {Refused} the reason not to believe the value
     */
    verify(values, peer, now = Math.floor(Date.now() / 1000)) {
        if (values.length === 0) return undefined;
        need(values.length === 1, `the header is there ${values.length} times`);
        trust(peer, 'the TLS peer presented no certificate, or none that verified');
        const data = readSignedData(this.#decode(values[0]));
        trust(data.certificates.every((certificate) => certificate.keyType), 'a certificate in it has a key that is not taken');
        const age = now - data.signingTime;
        trust(age <= this.maxAge && age >= -this.skew, `it was signed ${age} seconds ago`);
        trust(crypto.createHash(data.digest).update(data.content).digest().equals(data.messageDigest), 'messageDigest is not the digest of the content');

        trust(!data.protection || data.protection.equals(data.protects), 'CMSAlgorithmProtection names other algorithms');
        const signer = this.#signer(data, peer === 'none' ? undefined : readCertificate(peer));
        const [type, digest] = data.algorithm;
        trust(type && type === signer.keyType && digest === data.digest, 'the signature algorithm is not for the signer\'s key and this digest');
        this.#checkUse(signer);
        const path = this.#path(signer, data.certificates, now);
        trust(isSignedBy(signer, data.algorithm, data.signed, data.signature), 'the signature is not the signer\'s');
        data.signingCertificates.forEach((attribute) => checkSigningCertificate(attribute, signer, path));
        const [certificate, by] = [data.content, signer.der].map((der) => {
            try {
                const found = new crypto.X509Certificate(der);
                if (found.raw.equals(der)) return found;
            } catch {
                // Refused below.
            }
            throw malformed('OpenSSL cannot read a certificate, or would write it otherwise');
        });
        const [notBefore, notAfter] = [certificate.validFrom, certificate.validTo].map((time) => Date.parse(time) / 1000);
        trust(isValid({ notBefore, notAfter }, now), 'the client\'s certificate is not valid now');
        return { certificate, signer: by, signingTime: new Date(data.signingTime * 1000) };
    }

    #decode(value) {
        need(value.length > 0 && value.length <= MAX_VALUE, `it is empty, or longer than ${MAX_VALUE}`);
        let base64 = value;
        if (this.format === 'cms-sf') {
            need(/^:[^:]*:$/.test(value), 'it is no Byte Sequence');
            base64 = value.slice(1, -1);
        }
        const octets = Buffer.from(base64, 'base64');
        // Buffer takes much that is not base64.
        need(octets.length > 0 && octets.toString('base64') === base64, 'it is not base64 to the letter');
        return octets;
    }

    /** The one that the value names: with a peer the peer and no other. */
    #signer(data, peer) {
        const isNamed = (certificate) => certificate.issuerAndSerial === data.issuerAndSerial;
        const named = data.certificates.filter(isNamed);
        if (peer) {
            trust(isNamed(peer) && named.every(({ der }) => der.equals(peer.der)), 'the signer is not the TLS peer');
            return peer;
        }
        const found = named.length ? named : this.anchors.filter(isNamed);
        trust(found.length === 1, 'who signed cannot be told');
        return found[0];
    }

    #checkUse(signer) {
        const purposes = extension(signer, x509.id_ce_extKeyUsage, x509.ExtendedKeyUsage);
        trust(hasUsage(signer, x509.KeyUsageFlags.digitalSignature)
            && (!purposes || purposes.includes(x509.id_kp_serverAuth) || purposes.includes(x509.id_kp_clientAuth)),
        'the signer\'s certificate is not for signatures of a server or client');
        const all = extension(signer, x509.id_ce_subjectAltName, x509.SubjectAlternativeName) ?? [];
        const of = (type) => all.map((name) => name[type]).filter((name) => name !== undefined);
        const [dnsNames, uris] = [of('dNSName').map((name) => name.toLowerCase()), of('uniformResourceIdentifier')];
        // A colon tells the one kind from the other; of several URIs none counts.
        const found = [...dnsNames.filter((name) => !name.includes(':')), ...(uris.length === 1 ? uris : []).filter((uri) => uri.includes(':'))];
        trust(!this.names.size || found.some((name) => this.names.has(name)), `the signer has none of the trusted names, but [${found}]`);
    }

    /** Verifies the signer's certification path, and returns it without the signer. */
    #path(signer, certificates, now) {
        checkCritical(signer);
        if (this.anchors.some(({ der }) => der.equals(signer.der))) {
            trust(isValid(signer, now), 'the pinned signer is not valid now');
            return [];
        }
        trust(!mayIssue(signer), 'the signer is a CA');
        // By names first: what a made-up value costs is one verification with an anchor's key.
        const chain = [signer];
        let anchors;
        for (;;) {
            const last = chain.at(-1);
            anchors = this.anchors.filter((anchor) => mayHaveIssued(anchor, last));
            if (anchors.length) break;
            const above = certificates.find((one) => !chain.includes(one) && mayHaveIssued(one, last));
            trust(above, 'the signer does not lead to a trusted CA');
            chain.push(above);
        }
        const anchor = anchors.find((one) => isValid(one, now) && isIssuedBy(chain.at(-1), one));
        trust(anchor, 'the signer does not lead to a trusted CA that is valid now');
        const path = [...chain, anchor];
        for (let place = path.length - 1; place >= 0; place--) {
            const one = path[place];
            trust(isValid(one, now), 'a certificate of the path is not valid now');
            if (place < path.length - 1) trust(isIssuedBy(one, path[place + 1]), 'a certificate of the path is not signed by the one above it, or weakly');
            if (place === 0) break;
            checkCritical(one);
            const below = path.slice(1, place).filter(({ issuer, subject }) => issuer !== subject).length;
            trust((pathLength(one) ?? -1) >= below && hasUsage(one, x509.KeyUsageFlags.keyCertSign), 'a certificate of the path is no CA, or not for such a path');
        }
        this.#checkRevocation(path, now);
        return path.slice(1);
    }

    /** Asks of each certificate of a path, which was verified, whether its issuer revoked it. */
    #checkRevocation(path, now) {
        if (!this.crls) return;
        for (const [place, one] of path.entries()) {
            const issuer = path[place + 1] ?? one;
            const inForce = this.crls.filter((crl) => crl.issuer === one.issuer && crl.isComplete && isValid(crl, now)
                && hasUsage(issuer, x509.KeyUsageFlags.cRLSign) && isIssuedBy(crl, issuer));
            // An anchor needs no CRL, but it may have revoked itself.
            trust(inForce.length > 0 || issuer === one, 'there is no CRL for a certificate of the path, or none in force');
            trust(!inForce.some(({ revoked }) => revoked.has(one.serial)), 'a certificate of the path is revoked');
        }
    }
}

/**
 * Middleware for Express, or for node:http: `(request, response, next)`. Sets `request.clientCert` to the
 * client (see Verifier.verify) or to undefined, and removes the header. Answers 400 or 403 itself.
 *
 * @param {object} options those of Verifier, and
 * @param {string} options.header default 'Client-Cert'
 * @param {'required'|'none'} options.peer 'none' where TLS ends before Node: the signature is all there is
 * @param {function(string)} options.log gets the reason of a refusal
 */
function clientCert({ header = 'Client-Cert', peer = 'required', log = console.info, ...options }) {
    const unknown = Object.keys(options).filter((name) => !['trust', 'crls', 'names', 'format', 'maxAge', 'skew'].includes(name));
    if (unknown.length || !['required', 'none'].includes(peer)) throw new TypeError(`unknown option: ${unknown} ${peer}`);
    const verifier = new Verifier(options);
    const name = header.toLowerCase();
    return (request, response, next) => {
        const values = [];
        // request.headers joins what came twice.
        for (let at = request.rawHeaders.length - 2; at >= 0; at -= 2) {
            if (request.rawHeaders[at].toLowerCase() === name) values.push(request.rawHeaders.splice(at, 2)[1]);
        }
        delete request.headers[name];
        request.clientCert = undefined;
        try {
            const { socket } = request;
            const presented = socket.authorized === true ? socket.getPeerX509Certificate?.()?.raw : undefined;
            request.clientCert = verifier.verify(values, peer === 'none' ? 'none' : presented);
        } catch (error) {
            if (!(error instanceof Refused)) {
                next(error);
                return;
            }
            log(`${header}: ${error.message}`);
            response.statusCode = error.status;
            response.end();
            return;
        }
        next();
    };
}

module.exports = clientCert;
Object.assign(module.exports, { Verifier, Refused });
