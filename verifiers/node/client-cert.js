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

const MAX_VALUE = 65_536;
const MAX_CERTIFICATES = 8;

// Tags.
const [BIT_STRING, OCTET_STRING, OID, SEQUENCE, SET] = [0x03, 0x04, 0x06, 0x30, 0x31];

// Contents of OBJECT IDENTIFIERs, in hexadecimal.
const DATA = '2a864886f70d010701';
const SIGNED_DATA = '2a864886f70d010702';
const CONTENT_TYPE = '2a864886f70d010903';
const MESSAGE_DIGEST = '2a864886f70d010904';
const SIGNING_TIME = '2a864886f70d010905';
const COUNTERSIGNATURE = '2a864886f70d010906';
const SIGNING_CERTIFICATE = '2a864886f70d010910020c';
const SIGNING_CERTIFICATE_V2 = '2a864886f70d010910022f';
const ALGORITHM_PROTECTION = '2a864886f70d010934';
const KEY_USAGE = '551d0f';
const ALTERNATIVE_NAME = '551d11';
const BASIC_CONSTRAINTS = '551d13';
const NAME_CONSTRAINTS = '551d1e';
const POLICIES = '551d20';
const SUBJECT_KEY_ID = '551d0e';
const AUTHORITY_KEY_ID = '551d23';
const EXTENDED_KEY_USAGE = '551d25';
const PURPOSES = ['2b06010505070301', '2b06010505070302'];

// Contents of AlgorithmIdentifiers, without a NULL that may be there.
const DIGESTS = { '0609608648016503040201': 'sha256', '0609608648016503040202': 'sha384', '0609608648016503040203': 'sha512' };
const SIGNATURES = {
    '06092a864886f70d01010b': ['rsa', 'sha256'], '06092a864886f70d01010c': ['rsa', 'sha384'], '06092a864886f70d01010d': ['rsa', 'sha512'],
    '06082a8648ce3d040302': ['ec', 'sha256'], '06082a8648ce3d040303': ['ec', 'sha384'], '06082a8648ce3d040304': ['ec', 'sha512'],
    '06032b6570': ['ed25519', 'sha512'],
};
const RSA_ENCRYPTION = '06092a864886f70d010101';
const ED25519 = '06032b6570';
const CURVES = ['06072a8648ce3d020106082a8648ce3d030107', '06072a8648ce3d020106052b81040022', '06072a8648ce3d020106052b81040023'];

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
const hex = (octets) => octets.toString('hex');

// DER, and nothing that is not DER (X.690 sections 10 and 11).

/** The elements that follow one another in `octets`. */
function elements(octets) {
    const all = [];
    for (let at = 0; at < octets.length;) {
        const tag = octets[at];
        let body = at + 2;
        let length = octets[at + 1] ?? Infinity;
        if (length >= 0x80) {
            const count = length & 0x7f;
            body += count;
            length = count >= 1 && count <= 3 && body <= octets.length ? octets.readUIntBE(at + 2, count) : Infinity;
            need(length >= 0x80 && length >= 2 ** (8 * (count - 1)), 'it is not DER');
        }
        need((tag & 0x1f) !== 0x1f && length <= octets.length - body, 'it is not DER');
        all.push({ tag, raw: octets.subarray(at, body + length), contents: octets.subarray(body, body + length) });
        at = body + length;
    }
    return all;
}

/** Of an element with this tag. */
function children(element, tag) {
    need(element?.tag === tag, 'an element is missing, or another one than is wanted');
    return elements(element.contents);
}

function only(all) {
    need(all.length === 1, `there are ${all.length} elements where one is wanted`);
    return all[0];
}

/** Checks an element and all within it. */
function strict(element, deeper = 32) {
    const { tag, contents } = element;
    const [first, second] = contents;
    const last = contents.at(-1);
    const text = contents.toString('latin1');
    const checks = {
        1: () => contents.length === 1 && (first === 0 || first === 0xff),
        2: () => contents.length === 1 || (contents.length > 1 && !(first === 0 && second < 0x80) && !(first === 0xff && second >= 0x80)),
        3: () => first < 8 && (first === 0 || (contents.length > 1 && (last & ((1 << first) - 1)) === 0)),
        5: () => contents.length === 0,
        6: () => last < 0x80 && contents.every((octet, at) => octet !== 0x80 || (at > 0 && contents[at - 1] >= 0x80)),
        23: () => /^[0-9]{12}Z$/.test(text),
        24: () => /^[0-9]{14}(\.[0-9]*[1-9])?Z$/.test(text),
        28: () => contents.length % 4 === 0,
        30: () => contents.length % 2 === 0,
    };
    checks[10] = checks[2];
    const constructed = (tag & 0x20) !== 0;
    if (constructed) {
        need((tag & 0xc0) !== 0 || tag === SEQUENCE || tag === SET, 'it is not DER');
        need(deeper > 0, 'it is nested too deep');
        elements(contents).forEach((child) => strict(child, deeper - 1));
    } else if ((tag & 0xc0) === 0) {
        need(![0, 8, 11, 16, 17, 29].includes(tag) && (checks[tag]?.() ?? true), 'it is not DER');
    }
    return element;
}

/** A Time (RFC 5280 section 4.1.2.5), in seconds. */
function readTime({ tag, contents }) {
    const text = contents.toString('latin1');
    need((tag === 23 && /^[0-9]{12}Z$/.test(text)) || (tag === 24 && /^[0-9]{14}Z$/.test(text)), 'a time is malformed');
    const digits = tag === 24 ? text : (text < '50' ? '20' : '19') + text;
    const [, year, ...rest] = /^(....)(..)(..)(..)(..)(..)Z$/.exec(digits);
    const iso = `${year}-${rest[0]}-${rest[1]}T${rest[2]}:${rest[3]}:${rest[4]}.000Z`;
    const time = new Date(iso);
    need(!Number.isNaN(time.getTime()) && time.toISOString() === iso, 'a time is none that there is');
    return { seconds: time.getTime() / 1000, year: Number(year) };
}

/** The name of a digest by its AlgorithmIdentifier. */
function readDigest(identifier) {
    need(identifier?.tag === SEQUENCE, 'its digest algorithm is malformed');
    const digest = DIGESTS[hex(identifier.contents).replace(/^(.{22})0500$/, '$1')];
    need(digest, 'its digest is none that is taken');
    return digest;
}

/** [type of key, digest] of a signature by the contents of its AlgorithmIdentifier. */
function signatureAlgorithm(contents, digest) {
    const identifier = hex(contents);
    if (identifier === `${RSA_ENCRYPTION}0500` && digest) return ['rsa', digest];
    return SIGNATURES[identifier.replace(/^(06092a864886f70d01010[bcd])0500$/, '$1')] ?? [];
}

/** Which of the three types of key this is; undefined for a key that is not taken. */
function keyType(key) {
    const [algorithm, bits, ...more] = children(key, SEQUENCE);
    need(bits?.tag === BIT_STRING && more.length === 0, 'a key is malformed');
    const identifier = hex(algorithm.contents);
    if (CURVES.includes(identifier)) return 'ec';
    if (identifier === ED25519) return 'ed25519';
    if (identifier !== RSA_ENCRYPTION && identifier !== `${RSA_ENCRYPTION}0500`) return undefined;
    const numbers = children(only(elements(bits.contents.subarray(1))), SEQUENCE);
    if (numbers.length !== 2 || numbers.some(({ tag, contents }) => tag !== 2 || !contents.length || contents[0] >= 0x80)) return undefined;
    const [modulus, exponent] = numbers.map(({ contents }) => BigInt(`0x${hex(contents)}`));
    const length = modulus.toString(2).length;
    return length >= 2048 && length <= 8192 && exponent > 1n && exponent < 2n ** 32n && exponent % 2n === 1n ? 'rsa' : undefined;
}

// Certificates, of which no key is decoded before it matters.

function readCertificate(der) {
    const parts = children(only(elements(der)), SEQUENCE);
    need(parts.length === 3 && parts[2].tag === BIT_STRING && parts[2].contents[0] === 0, 'that is no certificate');
    // OpenSSL writes a certificate with its tbsCertificate as it came, the rest in DER.
    strict(parts[1]);
    strict(parts[2]);
    const fields = children(parts[0], SEQUENCE);
    const version = fields[0]?.tag === 0xa0 ? fields.shift() : undefined;
    need(fields.length >= 6, 'that is no certificate');
    const [serial, algorithm, issuer, validity, subject, key, ...rest] = fields;
    const [notBefore, notAfter] = children(validity, SEQUENCE).map((time) => readTime(time).seconds);
    return {
        der,
        issuerAndSerial: hex(issuer.raw) + hex(serial.raw),
        issuer: hex(issuer.raw),
        subject: hex(subject.raw),
        notBefore,
        notAfter,
        version: version ? hex(only(elements(version.contents)).contents) : '00',
        key: key.raw,
        keyType: keyType(key),
        toBeSigned: parts[0].raw,
        algorithm: algorithm.raw.equals(parts[1].raw) ? signatureAlgorithm(algorithm.contents) : [],
        signature: parts[2].contents.subarray(1),
        extensions: () => readExtensions(rest.find(({ tag }) => tag === 0xa3)),
    };
}

/** {OID: {critical, value}}; what OpenSSL would not let stand is refused. */
function readExtensions(field) {
    const read = {};
    for (const extension of field ? children(only(elements(field.contents)), SEQUENCE) : []) {
        const parts = children(extension, SEQUENCE);
        const critical = parts[1]?.tag === 1;
        need(parts.length === (critical ? 3 : 2) && parts[0].tag === OID && parts.at(-1).tag === OCTET_STRING, 'an extension is malformed');
        const oid = hex(parts[0].contents);
        trust(!(oid in read), 'a certificate of the path has an extension twice');
        read[oid] = { critical: critical && parts[1].contents[0] !== 0, value: parts.at(-1).contents };
    }
    return read;
}

const extension = (extensions, oid) => (extensions[oid] ? strict(only(elements(extensions[oid].value))) : undefined);

/** Whether a certificate is valid at `now`: the second of notAfter is out of it, as OpenSSL has it. */
const isValid = (certificate, now) => certificate.notBefore <= now && now < certificate.notAfter;

function hasUsage(extensions, bit) {
    const usage = extension(extensions, KEY_USAGE);
    return !usage || (usage.tag === BIT_STRING && ((usage.contents[1] ?? 0) & bit) !== 0);
}

/** How many CAs may follow below this one; undefined if it is none. */
function pathLength(extensions) {
    const constraints = extension(extensions, BASIC_CONSTRAINTS);
    const [ca, length] = constraints ? children(constraints, SEQUENCE) : [];
    if (ca?.tag !== 1 || ca.contents[0] === 0) return undefined;
    if (!length) return Infinity;
    need(length.tag === 2 && length.contents.length <= 4 && length.contents[0] < 0x80, 'basicConstraints are malformed');
    return length.contents.readUIntBE(0, length.contents.length);
}

/** Whether its key may sign certificates, as OpenSSL decides it, or more readily. */
function mayIssue(certificate) {
    const extensions = certificate.extensions();
    if (extensions[BASIC_CONSTRAINTS]) return pathLength(extensions) !== undefined;
    return certificate.version !== '02' || (extensions[KEY_USAGE] !== undefined && hasUsage(extensions, 0x04));
}

/** There is none that we would have to understand. */
function checkCritical(extensions) {
    const known = [KEY_USAGE, ALTERNATIVE_NAME, BASIC_CONSTRAINTS, POLICIES, EXTENDED_KEY_USAGE];
    for (const [oid, { critical }] of Object.entries(extensions)) {
        trust(oid !== NAME_CONSTRAINTS && (!critical || known.includes(oid)), `a certificate of the path has the extension ${oid}`);
    }
}

/** Whether `key`, a SubjectPublicKeyInfo, made this signature. */
function isSignedBy(key, [type, digest], message, signature) {
    try {
        const publicKey = crypto.createPublicKey({ key, format: 'der', type: 'spki' });
        return crypto.verify(type === 'ed25519' ? null : digest, message, publicKey, signature) === true;
    } catch (error) {
        throw refused(`OpenSSL cannot use a key: ${error.message}`);
    }
}

const isIssuedBy = (certificate, issuer) => certificate.algorithm[0] === issuer.keyType && issuer.keyType !== undefined
    && isSignedBy(issuer.key, certificate.algorithm, certificate.toBeSigned, certificate.signature);

/** By their names: whether this one may have issued that. */
function mayHaveIssued(issuer, certificate) {
    if (issuer.subject !== certificate.issuer) return false;
    const wanted = extension(certificate.extensions(), AUTHORITY_KEY_ID);
    const named = wanted?.tag === SEQUENCE && elements(wanted.contents).find(({ tag }) => tag === 0x80);
    const found = extension(issuer.extensions(), SUBJECT_KEY_ID);
    return !named || !found || named.contents.equals(found.contents);
}

// A SignedData of the one profile that is taken, RFC 5652 section 5.

function readSignedData(der) {
    const [type, explicit, ...more] = children(only(elements(der)), SEQUENCE);
    need(type?.tag === OID && hex(type.contents) === SIGNED_DATA && more.length === 0, 'it is no SignedData');
    const fields = children(only(children(explicit, 0xa0)), SEQUENCE);
    const set = fields[3]?.tag === 0xa0 ? fields.splice(3, 1)[0] : undefined;
    need(fields.length === 4, 'its fields are not those of the profile');
    const [version, digests, encapsulated, signers] = fields.map((field) => strict(field));
    const isVersion1 = (element) => need(hex(element.raw) === '020101', 'its version is not 1');
    isVersion1(version);
    const [contentType, content, ...rest] = children(encapsulated, SEQUENCE);
    need(contentType?.tag === OID && hex(contentType.contents) === DATA, 'its content is not of the type data');
    need(content && rest.length === 0, 'its content is detached');
    const octets = only(children(content, 0xa0));
    need(octets.tag === OCTET_STRING, 'its content is no OCTET STRING');

    const signer = children(only(children(signers, SET)), SEQUENCE);
    need(signer.length === 6 && signer[4].tag === SEQUENCE && signer[5].tag === OCTET_STRING, 'its SignerInfo is not that of the profile');
    isVersion1(signer[0]);
    const sid = children(signer[1], SEQUENCE);
    need(sid.length === 2 && sid[0].tag === SEQUENCE && sid[1].tag === 2, 'its signer is not named by issuer and serial number');
    const digest = readDigest(signer[2]);
    need(readDigest(only(children(digests, SET))) === digest, 'it names two digest algorithms');
    const attributes = readAttributes(signer[3]);
    need(attributes[CONTENT_TYPE]?.tag === OID, 'contentType is missing, or malformed');
    trust(hex(attributes[CONTENT_TYPE].contents) === DATA, 'the attribute contentType is not that of the content');
    need(attributes[MESSAGE_DIGEST]?.tag === OCTET_STRING, 'messageDigest is missing, or malformed');
    need(attributes[SIGNING_TIME], 'signingTime is missing');
    const time = readTime(attributes[SIGNING_TIME]);
    // RFC 5652 section 11.3: UTCTime for the years that it can express.
    need(attributes[SIGNING_TIME].tag === 23 || time.year < 1950 || time.year >= 2050, 'signingTime is malformed');
    if (attributes[ALGORITHM_PROTECTION]) {
        const both = children(attributes[ALGORITHM_PROTECTION], SEQUENCE);
        need(both.length === 2 && both[0].tag === SEQUENCE && both[1].tag === 0xa1, 'CMSAlgorithmProtection is malformed');
        trust(both[0].raw.equals(signer[2].raw) && both[1].contents.equals(signer[4].contents), 'CMSAlgorithmProtection names other algorithms');
    }
    const certificates = set ? elements(set.contents) : [];
    need(!set || (certificates.length > 0 && certificates.length <= MAX_CERTIFICATES), 'it has no certificates, or too many');
    return {
        content: octets.contents,
        // One that is there twice counts once.
        certificates: [...new Map(certificates.map(({ raw }) => [hex(raw), readCertificate(raw)])).values()],
        issuerAndSerial: hex(sid[0].raw) + hex(sid[1].raw),
        digest,
        algorithm: signatureAlgorithm(signer[4].contents, digest),
        signature: signer[5].contents,
        // In the SignerInfo the SET OF is implicitly tagged.
        signed: Buffer.concat([Buffer.from([SET]), signer[3].raw.subarray(1)]),
        messageDigest: attributes[MESSAGE_DIGEST].contents,
        signingTime: time.seconds,
        signingCertificates: [[attributes[SIGNING_CERTIFICATE_V2], 'sha256'], [attributes[SIGNING_CERTIFICATE], 'sha1']].filter(([value]) => value),
    };
}

/** {OID: value}: each with one value, in the order of a SET OF, none twice. */
function readAttributes(field) {
    const read = Object.create(null);
    let before = Buffer.alloc(0);
    for (const attribute of children(field, 0xa0)) {
        const [type, values, ...more] = children(attribute, SEQUENCE);
        need(type?.tag === OID && more.length === 0, 'a signed attribute is malformed');
        const oid = hex(type.contents);
        need(!(oid in read) && Buffer.compare(before, attribute.raw) <= 0, 'the signed attributes are unsorted, or one is there twice');
        need(oid !== COUNTERSIGNATURE, 'it has a countersignature that is signed');
        read[oid] = only(children(values, SET));
        before = attribute.raw;
    }
    return read;
}

/** signingCertificateV2 (RFC 5035) or its predecessor: first the signer's certificate, then others of its path. */
function checkSigningCertificate([attribute, usual], signer, path) {
    const [list, ...policies] = children(attribute, SEQUENCE);
    const ids = children(list, SEQUENCE);
    need(ids.length > 0 && ids.length <= MAX_CERTIFICATES && policies.length === 0, 'signingCertificate is malformed, or has policies');
    let among = [signer];
    for (const id of ids) {
        const parts = children(id, SEQUENCE);
        const digest = usual === 'sha256' && parts[0]?.tag === SEQUENCE ? readDigest(parts.shift()) : usual;
        const [hash, named, ...more] = parts;
        need(hash?.tag === OCTET_STRING && more.length === 0, 'signingCertificate is malformed');
        let issuerAndSerial;
        if (named) {
            const [names, serial, ...rest] = children(named, SEQUENCE);
            need(serial && rest.length === 0, 'signingCertificate is malformed');
            issuerAndSerial = hex(only(children(only(children(names, SEQUENCE)), 0xa4)).raw) + hex(serial.raw);
        }
        const isOf = (one) => crypto.createHash(digest).update(one.der).digest().equals(hash.contents)
            && (!issuerAndSerial || issuerAndSerial === one.issuerAndSerial);
        trust(among.some(isOf), 'signingCertificate names other certificates');
        among = path;
    }
}

/** Verifies values; knows nothing of requests. */
class Verifier {
    /**
     * @param {string|Buffer} options.trust PEM certificates, each a CA to which the signer must lead, or
     *     the signer itself, pinned
     * @param {string[]} options.names the signer must have one of these as a subjectAltName: a dNSName,
     *     or its only URI. They may be missing only where no anchor is a CA
     * @param {'cms'|'cms-sf'} options.format
     * @param {number} options.maxAge of a signature, in seconds
     * @param {number} options.skew how far in the future a signature may lie, in seconds
     */
    constructor({ trust: pem, names = [], format = 'cms', maxAge = 300, skew = 30 }) {
        const blocks = String(pem).match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
        this.anchors = blocks.map((block) => readCertificate(new crypto.X509Certificate(block).raw));
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

        const signer = this.#signer(data, peer === 'none' ? undefined : readCertificate(peer));
        const [type, digest] = data.algorithm;
        trust(type && type === signer.keyType && digest === data.digest, 'the signature algorithm is not for the signer\'s key and this digest');
        this.#checkUse(signer);
        const path = this.#path(signer, data.certificates, now);
        trust(isSignedBy(signer.key, data.algorithm, data.signed, data.signature), 'the signature is not the signer\'s');
        const client = readCertificate(data.content);
        trust(isValid(client, now), 'the client\'s certificate is not valid now');
        data.signingCertificates.forEach((attribute) => checkSigningCertificate(attribute, signer, path));
        const [certificate, by] = [client, signer].map(({ der }) => {
            try {
                const read = new crypto.X509Certificate(der);
                if (read.raw.equals(der)) return read;
            } catch {
                // Refused below.
            }
            throw malformed('OpenSSL cannot read a certificate, or would write it otherwise');
        });
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
        const extensions = signer.extensions();
        const purposes = extension(extensions, EXTENDED_KEY_USAGE);
        trust(hasUsage(extensions, 0x80)
            && (!purposes || children(purposes, SEQUENCE).some(({ contents }) => PURPOSES.includes(hex(contents)))),
        'the signer\'s certificate is not for signatures of a server or client');
        const alternative = extension(extensions, ALTERNATIVE_NAME);
        const all = alternative ? children(alternative, SEQUENCE) : [];
        const of = (wanted) => all.filter(({ tag }) => tag === wanted).map(({ contents }) => contents.toString('latin1'));
        const [dnsNames, uris] = [of(0x82).map((name) => name.toLowerCase()), of(0x86)];
        // A colon tells the one kind from the other; of several URIs none counts.
        const found = [...dnsNames.filter((name) => !name.includes(':')), ...(uris.length === 1 ? uris : []).filter((uri) => uri.includes(':'))];
        trust(!this.names.size || found.some((name) => this.names.has(name)), `the signer has none of the trusted names, but [${found}]`);
    }

    /** Verifies the signer's certification path, and returns it without the signer. */
    #path(signer, certificates, now) {
        checkCritical(signer.extensions());
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
            const extensions = one.extensions();
            checkCritical(extensions);
            const below = path.slice(1, place).filter(({ issuer, subject }) => issuer !== subject).length;
            trust((pathLength(extensions) ?? -1) >= below && hasUsage(extensions, 0x04), 'a certificate of the path is no CA, or not for such a path');
        }
        return path.slice(1);
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
    const unknown = Object.keys(options).filter((name) => !['trust', 'names', 'format', 'maxAge', 'skew'].includes(name));
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
