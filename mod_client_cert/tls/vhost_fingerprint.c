/* SPDX-License-Identifier: Apache-2.0 */

#include "tls/vhost_fingerprint.h"

#include <http_log.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "tls/verification_directives.h"

APLOG_USE_MODULE(client_cert);

/* What may be in parameters, of a context or of a store. */
static void add_parameters(apr_array_header_t *values, X509_VERIFY_PARAM *parameters)
{
    APR_ARRAY_PUSH(values, int64_t) = (int64_t)X509_VERIFY_PARAM_get_flags(parameters);
    APR_ARRAY_PUSH(values, int64_t) = X509_VERIFY_PARAM_get_inh_flags(parameters);
    APR_ARRAY_PUSH(values, int64_t) = X509_VERIFY_PARAM_get_depth(parameters);
    APR_ARRAY_PUSH(values, int64_t) = X509_VERIFY_PARAM_get_auth_level(parameters);
    APR_ARRAY_PUSH(values, int64_t) = (int64_t)X509_VERIFY_PARAM_get_time(parameters);
#if OPENSSL_VERSION_NUMBER >= 0x30500000L
    /* Before that version OpenSSL has no function to read it; none of mod_ssl's directives
     * changes it. */
    APR_ARRAY_PUSH(values, int64_t) = X509_VERIFY_PARAM_get_purpose(parameters);
#endif
}

/* @return 0 if the store has what is neither */
static int add_objects(X509_STORE *store, apr_array_header_t *cas, apr_array_header_t *crls)
{
    STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(store);
    int i;

    for (i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        X509_OBJECT *object = sk_X509_OBJECT_value(objects, i);
        X509 *ca = X509_OBJECT_get0_X509(object);
        X509_CRL *crl = X509_OBJECT_get0_X509_CRL(object);

        if (ca) {
            APR_ARRAY_PUSH(cas, X509 *) = ca;
        }
        else if (crl) {
            APR_ARRAY_PUSH(crls, X509_CRL *) = crl;
        }
        else {
            return 0;
        }
    }
    return 1;
}

static int make_fingerprint(const server_rec *s, SSL_CTX *ctx, uint8_t fingerprint[MCC_ID_LENGTH],
                            bool *known, apr_pool_t *p)
{
    const mcc_global_t *global = mcc_server_config_of(s)->global;
    apr_array_header_t *values = apr_array_make(p, 16, sizeof(int64_t));
    apr_array_header_t *cas = apr_array_make(p, 4, sizeof(X509 *));
    apr_array_header_t *crls = apr_array_make(p, 4, sizeof(X509_CRL *));
    X509_STORE *store = NULL;
    client_cert_vhost_context context;

    /* SSLOpenSSLConfCmd VerifyCAFile makes one of its own. */
    SSL_CTX_get0_verify_cert_store(ctx, &store);
    if (!store) {
        store = SSL_CTX_get_cert_store(ctx);
    }
    APR_ARRAY_PUSH(values, int64_t) = SSL_CTX_get_verify_mode(ctx);
    APR_ARRAY_PUSH(values, int64_t) = SSL_CTX_get_security_level(ctx);
    /* It clears no flag: OpenSSL has no other function that reads them. Suite B is among them. */
    APR_ARRAY_PUSH(values, int64_t) = SSL_CTX_clear_cert_flags(ctx, 0);
    APR_ARRAY_PUSH(values, int64_t) = EVP_default_properties_is_fips_enabled(NULL);
    add_parameters(values, SSL_CTX_get0_param(ctx));
    add_parameters(values, X509_STORE_get0_param(store));
    if (!add_objects(store, cas, crls)) {
        *known = false;
        return 1;
    }

    context.values = (const int64_t *)values->elts;
    context.value_count = (size_t)values->nelts;
    context.cas = (X509 *const *)cas->elts;
    context.ca_count = (size_t)cas->nelts;
    context.crls = (X509_CRL *const *)crls->elts;
    context.crl_count = (size_t)crls->nelts;
    return client_cert_vhosts_fingerprint(global->vhosts, mcc_tls_vhost_key(s), &context,
                                          fingerprint, known)
           == CLIENT_CERT_RESULT_OK;
}

int mcc_tls_fingerprint(const server_rec *s, SSL_CTX *ctx, uint8_t fingerprint[MCC_ID_LENGTH],
                        apr_pool_t *p)
{
    const mcc_global_t *global = mcc_server_config_of(s)->global;
    bool known = false;
    apr_pool_t *temporary;
    int done;

    if (apr_pool_create(&temporary, p) != APR_SUCCESS) {
        return 0;
    }
    done = make_fingerprint(s, ctx, fingerprint, &known, temporary);
    apr_pool_destroy(temporary);
    if (!done || (known && global->tls_directives_known)) {
        return done;
    }
    if (!known) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                     "not all of the CAs and CRLs for clients of %s (%s:%u) can be "
                     "read; it counts as equal to no other virtual host",
                     s->server_hostname ? s->server_hostname : "*",
                     s->defn_name ? s->defn_name : "main server", s->defn_line_number);
    }
    return RAND_bytes(fingerprint, MCC_ID_LENGTH) == 1;
}
