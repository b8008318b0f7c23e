/* SPDX-License-Identifier: Apache-2.0 */

/* Answers a request over TLS with the client's SSL_CLIENT_* twice: as mod_ssl
 * has them, and as the core has them for a copy of the certificate that it
 * signed and accepted, and that knows nothing of the connection. One line each:
 *
 *   env ssl|ours NAME=VALUE    the environment that a CGI script would get
 *   var ssl|ours NAME=VALUE    asked for by a name that stands in the file
 *                              TEST_NAMES; empty if there is none
 *   ext ssl|ours NAME=VALUE    an extension, asked for by a name that stands in
 *                              the file TEST_EXTENSIONS
 *   made ssl|ours NAME=VALUE   the variables that mod_ssl does not have; of it,
 *                              the name of the server, who signs
 *
 * Bytes other than printable ASCII are written as %XX. Whether SSLOptions has
 * ExportCertData is told by the path: it has the word cert, or not. What signs is
 * the certificate TEST_SIGNER.crt with TEST_SIGNER.key.
 *
 * The handler variables-compare does so for each certificate in the file
 * TEST_CERTIFICATES, in DER after its length in four octets, as though it were the
 * client's: it is read into the X509 that OpenSSL has for that. It answers
 *
 *   differs NAME=THEIRS OURS CERTIFICATE    (in hexadecimal)
 *   compared COUNT, COUNT of no use         certificates, at the end: of no use are those
 *                                           that OpenSSL or the core does not take
 */

#include <string.h>

#include <httpd.h>
#include <http_config.h>
#include <http_log.h>
#include <http_protocol.h>
#include <util_script.h>

#include <apr_strings.h>

#include <apr_optional_hooks.h>

#include <mod_ssl.h>
#include <mod_ssl_openssl.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "client_cert.h"

extern module AP_MODULE_DECLARE_DATA variables_test_module;

static APR_OPTIONAL_FN_TYPE(ssl_var_lookup) *ssl_variable;
static APR_OPTIONAL_FN_TYPE(ssl_ext_list) *ssl_extensions;

static void put(request_rec *r, const char *what, const char *text)
{
    ap_rputs(what, r);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c > ' ' && c < 0x7f && c != '%') {
            ap_rputc(c, r);
        }
        else {
            ap_rprintf(r, "%%%02X", c);
        }
    }
    ap_rputc('\n', r);
}

static void put_pair(request_rec *r, const char *what, const char *name,
                     const char *value)
{
    put(r, what, apr_pstrcat(r->pool, name, "=", value ? value : "", NULL));
}

static void put_environment(request_rec *r, const char *what, apr_table_t *env)
{
    char **line = ap_create_environment(r->pool, env);

    for (; *line; line++) {
        if (!strncmp(*line, "SSL_CLIENT_", 11)
            && strncmp(*line, "SSL_CLIENT_CERT_CHAIN_", 22)) {
            put(r, what, *line);
        }
    }
}

static void *allocate(void *pool, size_t size)
{
    return apr_palloc(pool, size);
}

/* The variables that are exported. */
static int put_list(request_rec *r, const client_cert_accepted *accepted,
                    int cert)
{
    apr_table_t *env = apr_table_make(r->pool, 64);
    const client_cert_variable *variables = NULL;
    size_t count = 0;
    size_t i;

    if (client_cert_accepted_variables(accepted, &variables, &count)
            != CLIENT_CERT_RESULT_OK) {
        return 0;
    }
    for (i = 0; i < count; i++) {
        const client_cert_variable *variable = &variables[i];

        if (strlen(variable->name) != variable->name_length
            || strlen(variable->value) != variable->value_length) {
            return 0;
        }
        if (!strncmp(variable->name, "CLIENT_CERT_", 12)) {
            put_pair(r, "made ours ", variable->name, variable->value);
        }
        else if (cert || strcmp(variable->name, "SSL_CLIENT_CERT")) {
            apr_table_addn(env, variable->name, variable->value);
        }
    }
    put_environment(r, "env ours ", env);
    return 1;
}

static int put_variable(request_rec *r, const client_cert_accepted *accepted,
                        const char *name)
{
    client_cert_allocator allocator = { allocate, r->pool };
    const char *value = ssl_variable(r->pool, r->server, r->connection, r,
                                     (char *)name);

    put_pair(r, "var ssl ", name, value);
    if (client_cert_accepted_variable(accepted, name, &allocator, &value)
            != CLIENT_CERT_RESULT_OK) {
        return 0;
    }
    put_pair(r, "var ours ", name, value);
    return 1;
}

static int put_extension(request_rec *r, const client_cert_accepted *accepted,
                         const char *name)
{
    client_cert_allocator allocator = { allocate, r->pool };
    apr_array_header_t *theirs = ssl_extensions(r->pool, r->connection, 1, name);
    const char *value = NULL;
    size_t count = 0;
    int i;

    for (i = 0; theirs && i < theirs->nelts; i++) {
        put_pair(r, "ext ssl ", name, APR_ARRAY_IDX(theirs, i, const char *));
    }
    if (client_cert_accepted_extensions(accepted, name, &allocator, &value, &count)
            != CLIENT_CERT_RESULT_OK) {
        return 0;
    }
    for (; count; count--) {
        put_pair(r, "ext ours ", name, value);
        value += strlen(value) + 1;
    }
    return 1;
}

static int put_each(request_rec *r, const client_cert_accepted *accepted,
                    const char *names,
                    int (*put_one)(request_rec *r,
                                   const client_cert_accepted *accepted,
                                   const char *name))
{
    apr_file_t *file;
    char name[256];
    int good = 1;

    if (apr_file_open(&file, getenv(names), APR_READ | APR_BUFFERED,
                      APR_OS_DEFAULT, r->pool) != APR_SUCCESS) {
        return 0;
    }
    while (good && apr_file_gets(name, sizeof(name), file) == APR_SUCCESS) {
        name[strcspn(name, "\n")] = '\0';
        good = put_one(r, accepted, apr_pstrdup(r->pool, name));
    }
    apr_file_close(file);
    return good;
}

/* The certificate as an origin gets it: signed, and verified. */
static client_cert_result accept_copy(request_rec *r, X509 *certificate,
                                      client_cert_accepted **accepted)
{
    const char *signer_file = getenv("TEST_SIGNER");
    const char *certificate_file = apr_pstrcat(r->pool, signer_file, ".crt", NULL);
    const char *key_file = apr_pstrcat(r->pool, signer_file, ".key", NULL);
    client_cert_allocator allocator = { allocate, r->pool };
    client_cert_trust trust = { NULL, NULL, NULL };
    apr_int64_t now = apr_time_sec(apr_time_now());
    char reason[CLIENT_CERT_REASON_SIZE];
    client_cert_value value = { NULL, 0 };
    /* Read once; requests come one after another. */
    static client_cert_anchors *anchors;
    static client_cert_signer *signer;
    client_cert_client *client = NULL;
    client_cert_result result;

    *accepted = NULL;
    (void)((!signer && (result = client_cert_signer_from_file(certificate_file, key_file,
                                                              &signer)))
           || (!anchors && (result = client_cert_anchors_from_file(certificate_file,
                                                                   &anchors)))
           || (result = client_cert_client_new(certificate, NULL, 0, &client))
           || (result = client_cert_sign(signer, CLIENT_CERT_SIGNER_CERTS_SIGNER,
                                         client, CLIENT_CERT_FORMAT_CMS, now,
                                         &allocator, &value)));
    if (result == CLIENT_CERT_RESULT_OK) {
        trust.anchors = anchors;
        result = client_cert_verify(&trust, CLIENT_CERT_FORMAT_CMS, value.data,
                                    value.length, now, 300, 30, NULL, accepted,
                                    reason, sizeof(reason));
    }
    client_cert_client_free(client);
    return result;
}

static int handler(request_rec *r)
{
    int cert = strstr(r->uri, "cert") != NULL;
    client_cert_accepted *accepted;
    client_cert_result result;
    const char *pem;
    BIO *bio;
    X509 *client;
    int good;

    if (!r->handler || strcmp(r->handler, "variables-test")) {
        return DECLINED;
    }
    pem = ssl_variable(r->pool, r->server, r->connection, r,
                       (char *)"SSL_CLIENT_CERT");
    bio = BIO_new_mem_buf(pem, -1);
    client = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    result = accept_copy(r, client, &accepted);
    X509_free(client);
    if (result != CLIENT_CERT_RESULT_OK) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "not accepted: %s",
                      client_cert_result_message(result));
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    ap_set_content_type(r, "text/plain");
    put_environment(r, "env ssl ", r->subprocess_env);
    put_pair(r, "made ssl ", "CLIENT_CERT_SIGNER_S_DN",
             ssl_variable(r->pool, r->server, r->connection, r,
                          (char *)"SSL_SERVER_S_DN"));
    good = put_list(r, accepted, cert)
        && put_each(r, accepted, "TEST_NAMES", put_variable)
        && put_each(r, accepted, "TEST_EXTENSIONS", put_extension);
    client_cert_accepted_free(accepted);
    return good ? OK : HTTP_INTERNAL_SERVER_ERROR;
}

static void put_difference(request_rec *r, const char *name, const char *theirs,
                           const char *ours, const unsigned char *der, size_t length)
{
    size_t i;

    put(r, "differs ", apr_pstrcat(r->pool, name, "=", theirs, NULL));
    put(r, "  ours ", ours);
    ap_rputs("  certificate ", r);
    for (i = 0; i < length; i++) {
        ap_rprintf(r, "%02x", der[i]);
    }
    ap_rputc('\n', r);
}

static const char *joined(apr_pool_t *p, const char *all, const char *value)
{
    return apr_pstrcat(p, all, "|", value, NULL);
}

static int compare(request_rec *r, SSL *ssl, const apr_array_header_t *names,
                   const apr_array_header_t *extensions, const unsigned char *der,
                   size_t length, apr_pool_t *p)
{
    client_cert_allocator allocator = { allocate, p };
    const unsigned char *at = der;
    X509 *certificate = d2i_X509(NULL, &at, (long)length);
    X509 *peer = SSL_get0_peer_certificate(ssl);
    client_cert_accepted *accepted = NULL;
    int good =
        certificate && accept_copy(r, certificate, &accepted) == CLIENT_CERT_RESULT_OK;
    int i, j;

    at = der;
    good = good && d2i_X509(&peer, &at, (long)length) == peer;
    for (i = 0; good && i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *);
        const char *theirs = ssl_variable(p, r->server, r->connection, r, (char *)name);
        const char *ours = NULL;

        good = client_cert_accepted_variable(accepted, name, &allocator, &ours)
               == CLIENT_CERT_RESULT_OK;
        theirs = theirs ? theirs : "";
        if (good && strcmp(theirs, ours ? ours : "")) {
            put_difference(r, name, theirs, ours ? ours : "", der, length);
        }
    }
    for (i = 0; good && i < extensions->nelts; i++) {
        const char *name = APR_ARRAY_IDX(extensions, i, const char *);
        apr_array_header_t *list = ssl_extensions(p, r->connection, 1, name);
        const char *theirs = "", *ours = "", *value = NULL;
        size_t count = 0;

        for (j = 0; list && j < list->nelts; j++) {
            theirs = joined(p, theirs, APR_ARRAY_IDX(list, j, const char *));
        }
        good = client_cert_accepted_extensions(accepted, name, &allocator, &value, &count)
               == CLIENT_CERT_RESULT_OK;
        for (; good && count; count--, value += strlen(value) + 1) {
            ours = joined(p, ours, value);
        }
        if (good && strcmp(theirs, ours)) {
            put_difference(r, name, theirs, ours, der, length);
        }
    }
    client_cert_accepted_free(accepted);
    X509_free(certificate);
    ERR_clear_error();
    return good;
}

static apr_array_header_t *lines_of(request_rec *r, const char *variable)
{
    apr_array_header_t *lines = apr_array_make(r->pool, 64, sizeof(const char *));
    apr_file_t *file;
    char line[256];

    if (apr_file_open(&file, getenv(variable), APR_READ | APR_BUFFERED, APR_OS_DEFAULT,
                      r->pool) == APR_SUCCESS) {
        while (apr_file_gets(line, sizeof(line), file) == APR_SUCCESS) {
            line[strcspn(line, "\n")] = '\0';
            APR_ARRAY_PUSH(lines, const char *) = apr_pstrdup(r->pool, line);
        }
        apr_file_close(file);
    }
    return lines;
}

static int compare_all(request_rec *r)
{
    SSL *ssl = ap_get_module_config(r->connection->conn_config, &variables_test_module);
    const apr_array_header_t *names = lines_of(r, "TEST_NAMES");
    const apr_array_header_t *extensions = lines_of(r, "TEST_EXTENSIONS");
    unsigned counts[] = { 0, 0 };
    unsigned char head[4];
    apr_file_t *file;
    apr_pool_t *p;

    if (!r->handler || strcmp(r->handler, "variables-compare")) {
        return DECLINED;
    }
    if (!ssl || !names->nelts || !extensions->nelts
        || apr_file_open(&file, getenv("TEST_CERTIFICATES"), APR_READ | APR_BUFFERED,
                         APR_OS_DEFAULT, r->pool) != APR_SUCCESS) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    ap_set_content_type(r, "text/plain");
    apr_pool_create(&p, r->pool);
    while (apr_file_read_full(file, head, sizeof(head), NULL) == APR_SUCCESS) {
        size_t length = (size_t)head[0] << 24 | head[1] << 16 | head[2] << 8 | head[3];
        unsigned char *der = apr_palloc(p, length);

        if (apr_file_read_full(file, der, length, NULL) != APR_SUCCESS) {
            return HTTP_INTERNAL_SERVER_ERROR;
        }
        counts[!compare(r, ssl, names, extensions, der, length, p)]++;
        apr_pool_clear(p);
    }
    ap_rprintf(r, "compared %u, %u of no use\n", counts[0], counts[1]);
    return OK;
}

static int remember_ssl(conn_rec *c, SSL *ssl, int is_proxy)
{
    if (!is_proxy) {
        ap_set_module_config(c->conn_config, &variables_test_module, ssl);
    }
    return DECLINED;
}

static void optional_functions(void)
{
    ssl_variable = APR_RETRIEVE_OPTIONAL_FN(ssl_var_lookup);
    ssl_extensions = APR_RETRIEVE_OPTIONAL_FN(ssl_ext_list);
}

static void register_hooks(apr_pool_t *p)
{
    (void)p;
    ap_hook_optional_fn_retrieve(optional_functions, NULL, NULL,
                                 APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(ssl, pre_handshake, remember_ssl, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(handler, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(compare_all, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(variables_test) = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks, 0
};
