// SPDX-License-Identifier: Apache-2.0
'use strict';

// An application that greets the client whom the middleware shows: application.js PORT CERTIFICATE
// KEY CA. With Express where it is installed, and else by node:https alone.

const fs = require('node:fs');
const https = require('node:https');
const clientCert = require('../client-cert');

const [port, cert, key, ca] = process.argv.slice(2);
const read = (file) => fs.readFileSync(file);
const middleware = clientCert({ trust: read(ca), names: ['ttrp.example'] });

function greet(request, response) {
    const shown = request.headers['client-cert'] ?? request.rawHeaders.find((name) => /^client-cert$/i.test(name));
    response.statusCode = shown ? 500 : request.clientCert ? 200 : 401;
    const subject = request.clientCert?.certificate.subject.replaceAll('\n', ', ');
    response.end(request.clientCert ? `hello ${subject}\n` : 'who are you?\n');
}

let application;
try {
    application = require('express')();
    application.use(middleware);
    application.use(greet);
    console.log('with Express');
} catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    application = (request, response) => middleware(request, response, (fault) => {
        if (fault) response.writeHead(500).end();
        else greet(request, response);
    });
}
https.createServer({
    cert: read(cert), key: read(key), ca: read(ca), requestCert: true, rejectUnauthorized: false, maxHeaderSize: 131_072,
}, application).listen(Number(port), '127.0.0.1');
