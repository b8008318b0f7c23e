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
 * the certificate TEST_SIGNER.crt with TEST_SIGNER.key. */

#include <string.h>

#include <httpd.h>
#include <http_config.h>
#include <http_log.h>
#include <http_protocol.h>
#include <util_script.h>

#include <apr_strings.h>

#include <mod_ssl.h>

#include <openssl/pem.h>

#include "client_cert.h"

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
    client_cert_anchors *anchors = NULL;
    client_cert_signer *signer = NULL;
    client_cert_client *client = NULL;
    client_cert_result result;

    *accepted = NULL;
    (void)((result = client_cert_signer_from_file(certificate_file, key_file,
                                                  &signer))
           || (result = client_cert_anchors_from_file(certificate_file, &anchors))
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
    client_cert_anchors_free(anchors);
    client_cert_signer_free(signer);
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
    ap_hook_handler(handler, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(variables_test) = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks, 0
};
