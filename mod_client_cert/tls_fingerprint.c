/* SPDX-License-Identifier: Apache-2.0 */

#include "tls_fingerprint.h"

#include <stdlib.h>
#include <string.h>

#include <http_config.h>
#include <http_main.h>

#include <apr_strings.h>

#include <openssl/evp.h>

static int compare_digests(const void *a, const void *b)
{
    return memcmp(a, b, MCC_ID_LENGTH);
}

/* The digests of all CAs and CRLs, in an order that does not depend on the
 * one in which OpenSSL happens to keep them. */
static int digest_store(EVP_MD_CTX *md, X509_STORE *store, apr_pool_t *p)
{
    STACK_OF(X509_OBJECT) *objects;
    unsigned char *digests;
    int count;
    int kept = 0;
    int i;

    if (!store) {
        return 1;
    }
    objects = X509_STORE_get0_objects(store);
    count = sk_X509_OBJECT_num(objects);
    if (count <= 0) {
        return 1;
    }
    digests = apr_palloc(p, (apr_size_t)count * MCC_ID_LENGTH);
    for (i = 0; i < count; i++) {
        const X509_OBJECT *object = sk_X509_OBJECT_value(objects, i);
        unsigned char *digest = digests + (apr_size_t)kept * MCC_ID_LENGTH;
        X509 *ca = X509_OBJECT_get0_X509(object);
        X509_CRL *crl = X509_OBJECT_get0_X509_CRL((X509_OBJECT *)object);
        int done = 0;

        if (ca) {
            done = X509_digest(ca, EVP_sha256(), digest, NULL);
        }
        else if (crl) {
            done = X509_CRL_digest(crl, EVP_sha256(), digest, NULL);
        }
        if (!done) {
            return 0;
        }
        kept++;
    }
    qsort(digests, (size_t)kept, MCC_ID_LENGTH, compare_digests);
    return EVP_DigestUpdate(md, digests, (size_t)kept * MCC_ID_LENGTH);
}

static int digest_string(EVP_MD_CTX *md, const char *string)
{
    const char *text = string ? string : "";

    return EVP_DigestUpdate(md, text, strlen(text) + 1);
}

static int compare_strings(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What is in a directory of CAs or CRLs, of which OpenSSL loads each when it
 * first needs it. */
static int digest_directory(EVP_MD_CTX *md, const char *path, apr_pool_t *p)
{
    apr_array_header_t *entries = apr_array_make(p, 16, sizeof(const char *));
    apr_finfo_t info;
    apr_dir_t *directory;
    int done = 1;
    int i;

    if (apr_dir_open(&directory, path, p) != APR_SUCCESS) {
        return digest_string(md, path);
    }
    while (apr_dir_read(&info, APR_FINFO_NAME, directory) == APR_SUCCESS) {
        const char *name = apr_pstrcat(p, path, "/", info.name, NULL);

        /* Hash directories are made of symbolic links. */
        if (apr_stat(&info, name, APR_FINFO_MIN, p) == APR_SUCCESS
            && info.filetype == APR_REG) {
            APR_ARRAY_PUSH(entries, const char *) =
                apr_psprintf(p, "%s %" APR_OFF_T_FMT " %" APR_TIME_T_FMT, name,
                             info.size, info.mtime);
        }
    }
    apr_dir_close(directory);
    qsort(entries->elts, (size_t)entries->nelts, sizeof(const char *),
          compare_strings);
    for (i = 0; done && i < entries->nelts; i++) {
        done = digest_string(md, APR_ARRAY_IDX(entries, i, const char *));
    }
    return done;
}

static int is_about_verification(const char *directive)
{
    static const char *const prefixes[] = {
        "SSLCA", "SSLOCSP", "SSLOpenSSLConfCmd", "SSLVerify"
    };
    size_t i;

    for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (!ap_cstr_casecmpn(directive, prefixes[i], strlen(prefixes[i]))) {
            return 1;
        }
    }
    return 0;
}

/* mod_ssl keeps to itself what some directives say, so what all virtual hosts
 * say counts: a change to any of them costs a full handshake, no more. */
static int digest_directives(EVP_MD_CTX *md, const ap_directive_t *directive,
                             apr_pool_t *p)
{
    int done = 1;

    for (; done && directive; directive = directive->next) {
        const char *name = directive->directive;

        if (is_about_verification(name)) {
            done = digest_string(md, name) && digest_string(md, directive->args);
        }
        if (done && (!ap_cstr_casecmp(name, "SSLCACertificatePath")
                     || !ap_cstr_casecmp(name, "SSLCARevocationPath"))) {
            const char *args = directive->args;
            const char *path = ap_server_root_relative(p, ap_getword_conf(p,
                                                                          &args));

            done = path && digest_directory(md, path, p);
        }
        done = done && digest_directives(md, directive->first_child, p);
    }
    return done;
}

static int server_ordinal(const server_rec *s, const server_rec *base)
{
    const server_rec *other;
    int ordinal = 0;

    for (other = base; other && other != s; other = other->next) {
        ordinal++;
    }
    return ordinal;
}

int mcc_tls_fingerprint(const server_rec *s, SSL_CTX *ctx,
                        uint8_t fingerprint[MCC_ID_LENGTH], apr_pool_t *p)
{
    const server_addr_rec *address;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    unsigned long flags = X509_VERIFY_PARAM_get_flags(SSL_CTX_get0_param(ctx));
    X509_STORE *store = SSL_CTX_get_cert_store(ctx);
    X509_STORE *verify_store = NULL; /* SSLOpenSSLConfCmd VerifyCAFile */
    int done;

    SSL_CTX_get0_verify_cert_store(ctx, &verify_store);
    if (store) {
        flags |= X509_VERIFY_PARAM_get_flags(X509_STORE_get0_param(store));
    }
    done = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL)
        && digest_string(md, apr_psprintf(p, "%d %s:%u %d %lu",
                                          server_ordinal(s, ap_server_conf),
                                          s->server_hostname
                                              ? s->server_hostname : "",
                                          s->port, SSL_CTX_get_verify_mode(ctx),
                                          flags));
    for (address = s->addrs; done && address; address = address->next) {
        done = digest_string(md, address->virthost)
            && digest_string(md, apr_itoa(p, address->host_port));
    }
    done = done && digest_store(md, store, p)
        && digest_store(md, verify_store, p)
        && digest_directives(md, ap_conftree, p)
        && EVP_DigestFinal_ex(md, fingerprint, NULL);
    EVP_MD_CTX_free(md);
    return done;
}
