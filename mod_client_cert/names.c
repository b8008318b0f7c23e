/* SPDX-License-Identifier: Apache-2.0 */

#include "names.h"

#include <httpd.h>

#include <apr_lib.h>

/* Not toupper: the locale has no say in HTTP. */
static unsigned char folded(unsigned char c)
{
    if (c >= 'a' && c <= 'z') {
        return (unsigned char)(c - 'a' + 'A');
    }
    if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) {
        return c;
    }
    return '_';
}

/* Whether nothing follows but what no name can end in. httpd takes such a name
 * with HttpProtocolOptions Unsafe only, and some backends trim it. */
static int ends(const char *rest)
{
    while (*rest && ap_scan_http_token(rest) == rest) {
        rest++;
    }
    return !*rest;
}

int mcc_names_equal(const char *a, const char *b)
{
    while (*a && *b) {
        if (folded((unsigned char)*a) != folded((unsigned char)*b)) {
            return 0;
        }
        a++;
        b++;
    }
    return ends(a) && ends(b);
}

void mcc_names_init(mcc_names *names, apr_pool_t *p)
{
    names->list = apr_array_make(p, 4, sizeof(const char *));
    names->first = names->second = 0;
}

int mcc_names_search(const mcc_names *names, const char *name)
{
    int i;

    for (i = 0; i < names->list->nelts; i++) {
        if (mcc_names_equal(APR_ARRAY_IDX(names->list, i, const char *), name)) {
            return 1;
        }
    }
    return 0;
}

const char *mcc_next_token(apr_pool_t *p, const char **list)
{
    while (**list) {
        const char *token;

        while (**list == ',' || **list == ';') {
            (*list)++;
        }
        token = ap_get_token(p, list, 0);
        if (*token) {
            return token;
        }
    }
    return NULL;
}

int mcc_names_listed(const mcc_names *names, apr_pool_t *p, const char *list)
{
    const char *name;

    while ((name = mcc_next_token(p, &list))) {
        if (mcc_names_contain(names, name)) {
            return 1;
        }
    }
    return 0;
}

/* The characters that fold to the same, as mcc_names has them: many fold to '_',
 * and nothing but the end does to the end. */
static apr_uint32_t bits_of(char character)
{
    const unsigned char c = (unsigned char)character;

    return c && folded(c) == '_' ? ~(apr_uint32_t)0 : (apr_uint32_t)1 << (c & 31);
}

void mcc_names_add(mcc_names *names, const char *name)
{
    if (!mcc_names_contain(names, name)) {
        APR_ARRAY_PUSH(names->list, const char *) = name;
        names->first |= bits_of(name[0]);
        names->second |= bits_of(name[1]);
    }
}

int mcc_name_is_token(const char *name)
{
    return *name && !*ap_scan_http_token(name);
}

/* Framing, routing, hop-by-hop, conditions and credentials: sending a
 * certificate under one of these names would change what the request means. And
 * those of responses, from which ours are removed. */
static const char *const reserved_names[] = {
    "Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language",
    "Accept-Patch", "Accept-Ranges", "Access-Control-Allow-Credentials",
    "Access-Control-Allow-Headers", "Access-Control-Allow-Methods",
    "Access-Control-Allow-Origin", "Access-Control-Expose-Headers",
    "Access-Control-Max-Age", "Access-Control-Request-Headers",
    "Access-Control-Request-Method", "Age", "Allow", "Alt-Svc",
    "Authentication-Info", "Authorization", "Cache-Control", "Connection",
    "Content-Disposition", "Content-Encoding", "Content-Language",
    "Content-Length", "Content-Location", "Content-MD5", "Content-Range",
    "Content-Security-Policy", "Content-Type", "Cookie", "Date", "Depth",
    "Destination", "Digest", "Early-Data", "ETag", "Expect", "Expires",
    "Forwarded", "From", "Host", "HTTP2-Settings", "If", "If-Match",
    "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since",
    "Keep-Alive", "Last-Modified", "Link", "Location", "Lock-Token",
    "Max-Forwards", "Origin", "Overwrite", "Pragma", "Proxy",
    "Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization",
    "Proxy-Connection", "Range", "Referer", "Referrer-Policy", "Refresh",
    "Retry-After", "Sec-WebSocket-Accept", "Sec-WebSocket-Extensions",
    "Sec-WebSocket-Key", "Sec-WebSocket-Protocol", "Sec-WebSocket-Version",
    "Server", "Set-Cookie", "Status", "Strict-Transport-Security", "TE",
    "Timeout", "Trailer", "Transfer-Encoding", "Upgrade", "User-Agent", "Vary",
    "Via", "Warning", "WWW-Authenticate", "X-Accel-Redirect",
    "X-Content-Type-Options", "X-Forwarded-For", "X-Forwarded-Host",
    "X-Forwarded-Proto", "X-Forwarded-Server", "X-Frame-Options", "X-Sendfile",
    "X-XSS-Protection",
};

int mcc_name_is_reserved(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof(reserved_names) / sizeof(reserved_names[0]); i++) {
        if (mcc_names_equal(reserved_names[i], name)) {
            return 1;
        }
    }
    return 0;
}
