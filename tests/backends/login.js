// SPDX-License-Identifier: Apache-2.0
'use strict';

// An application that lets in who the proxy says a client is, by headers of single variables:
// login.js PORT.

require('http').createServer((request, response) => {
    const { 'x-ssl-client-verify': verify, 'x-ssl-client-s-dn-cn': name } = request.headers;
    const known = verify === 'SUCCESS' && name;
    response.writeHead(known ? 200 : 401, { 'Content-Type': 'text/plain' });
    // Node has the octets of a header as the characters of ISO 8859-1.
    response.end(known ? `hello ${Buffer.from(name, 'latin1').toString('utf8')}\n` : 'who are you?\n');
}).listen(Number(process.argv[2]), '127.0.0.1');
