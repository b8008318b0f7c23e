// SPDX-License-Identifier: Apache-2.0
'use strict';

// Verifies values that come on standard input, one case a line: see tests/verifiers/cases.py.

const crypto = require('node:crypto');
const readline = require('node:readline');
const { Verifier, Refused } = require('../client-cert');

const list = (field) => (field === '-' ? [] : field.split(',').map((one) => Buffer.from(one, 'base64')));
const pem = (label) => (der) => `-----BEGIN ${label}-----\n${der.toString('base64')}\n-----END ${label}-----\n`;

function answer([, format, now, maxAge, skew, anchors, names, peer, values, crls]) {
    let verifier;
    try {
        verifier = new Verifier({
            trust: list(anchors).map(pem('CERTIFICATE')).join(''), crls: crls === '-' ? undefined : list(crls).map(pem('X509 CRL')).join(''), names: names === '-' ? [] : names.split(' '), format,
            maxAge: Number(maxAge), skew: Number(skew),
        });
    } catch (error) {
        return `configuration\t${error.message}`;
    }
    try {
        const client = verifier.verify(list(values).map((value) => value.toString('latin1')), peer === 'none' ? 'none' : list(peer)[0], Number(now));
        if (!client) return 'absent';
        const digests = [client.certificate, client.signer].map(({ raw }) => crypto.createHash('sha256').update(raw).digest('hex'));
        return ['accepted', ...digests, client.signingTime.getTime() / 1000].join('\t');
    } catch (error) {
        if (!(error instanceof Refused)) throw error;
        return `${error.status === 400 ? 'malformed' : 'refused'}\t${error.message}`;
    }
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
    const fields = line.split('\t');
    console.log(`${fields[0]}\t${answer(fields).replace(/[\r\n]/g, ' ')}`);
});
