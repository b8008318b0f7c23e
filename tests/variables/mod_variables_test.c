/* SPDX-License-Identifier: Apache-2.0 */

/* Answers a request over TLS with the client's SSL_CLIENT_* twice: as mod_ssl
 * has them, and as client_variables.c has them for a copy of the certificate
 * that knows nothing of the connection. One line each:
 *
 *   env ssl|ours NAME=VALUE    the environment that a CGI script would get
 *   var ssl|ours NAME=VALUE    asked for by a name that stands in the file
 *                              TEST_NAMES; empty if there is none
 *
 * Bytes other than printable ASCII are written as %XX. What SSLOptions applies
 * is told by the path: it has the word cert and the word legacy, or not. */

#include <string.h>

#include <httpd.h>
#include <http_config.h>
#include <http_protocol.h>
#include <util_script.h>

#include <apr_strings.h>

#include <mod_ssl.h>

#include <openssl/pem.h>

#include "client_variables.h"

static APR_OPTIONAL_FN_TYPE(ssl_var_lookup) *ssl_variable;

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

static void put_variables(request_rec *r, X509 *client, int legacy)
{
    apr_file_t *file;
    char name[256];

    if (apr_file_open(&file, getenv("TEST_NAMES"), APR_READ | APR_BUFFERED,
                      APR_OS_DEFAULT, r->pool) != APR_SUCCESS) {
        return;
    }
    while (apr_file_gets(name, sizeof(name), file) == APR_SUCCESS) {
        const char *value;

        name[strcspn(name, "\n")] = '\0';
        value = ssl_variable(r->pool, r->server, r->connection, r, name);
        put(r, "var ssl ", apr_pstrcat(r->pool, name, "=", value, NULL));
        value = mcc_client_variable(r->pool, client, name, legacy);
        put(r, "var ours ",
            apr_pstrcat(r->pool, name, "=", value ? value : "", NULL));
    }
    apr_file_close(file);
}

static int handler(request_rec *r)
{
    int cert = strstr(r->uri, "cert") != NULL;
    int legacy = strstr(r->uri, "legacy") != NULL;
    apr_table_t *ours;
    const char *pem;
    BIO *bio;
    X509 *client;

    if (!r->handler || strcmp(r->handler, "variables-test")) {
        return DECLINED;
    }
    pem = ssl_variable(r->pool, r->server, r->connection, r,
                       (char *)"SSL_CLIENT_CERT");
    bio = BIO_new_mem_buf(pem, -1);
    client = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    if (!client) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    ap_set_content_type(r, "text/plain");
    put_environment(r, "env ssl ", r->subprocess_env);
    ours = apr_table_make(r->pool, 64);
    mcc_client_variables_export(r->pool, ours, client, cert, legacy);
    put_environment(r, "env ours ", ours);
    put_variables(r, client, legacy);
    X509_free(client);
    return OK;
}

static void optional_functions(void)
{
    ssl_variable = APR_RETRIEVE_OPTIONAL_FN(ssl_var_lookup);
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
