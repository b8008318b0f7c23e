/* SPDX-License-Identifier: Apache-2.0 */

/*
 * An OpenSSL provider that is the default one in all but this: while the file
 * named by REFUSE_TO_SIGN exists, it makes no signature. It loads the default
 * provider into a library context of its own and hands its algorithms out, with
 * a check in front of whatever signs: a key store that went away.
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/provider.h>

#define MAX_ALGORITHMS 128
#define MAX_FUNCTIONS 64

typedef struct {
    OSSL_LIB_CTX *context;
    OSSL_PROVIDER *real;
} refusing;

/* The provider context has to be the default provider's own, since its functions
 * get it; ours is found here. */
static refusing the;

static int refuses(void)
{
    const char *file = getenv("REFUSE_TO_SIGN");

    if (!file || access(file, F_OK) != 0) {
        return 0;
    }
    ERR_raise_data(ERR_LIB_USER, 1, "the key store went away");
    return 1;
}

/* A wrapper gets no argument that tells the algorithm, so there is one set of
 * wrappers for each. */
#define SIGNERS(name)                                                              \
    static OSSL_FUNC_signature_sign_fn *name##_sign;                               \
    static OSSL_FUNC_signature_digest_sign_fn *name##_digest_sign;                 \
    static OSSL_FUNC_signature_digest_sign_final_fn *name##_digest_sign_final;     \
    static int name##_sign_checked(void *ctx, unsigned char *sig, size_t *siglen,  \
                                   size_t sigsize, const unsigned char *tbs,       \
                                   size_t tbslen)                                  \
    {                                                                              \
        return (!sig || !refuses())                                                \
               && name##_sign(ctx, sig, siglen, sigsize, tbs, tbslen);             \
    }                                                                              \
    static int name##_digest_sign_checked(void *ctx, unsigned char *sig,           \
                                          size_t *siglen, size_t sigsize,          \
                                          const unsigned char *tbs, size_t tbslen) \
    {                                                                              \
        return (!sig || !refuses())                                                \
               && name##_digest_sign(ctx, sig, siglen, sigsize, tbs, tbslen);      \
    }                                                                              \
    static int name##_digest_sign_final_checked(void *ctx, unsigned char *sig,     \
                                                size_t *siglen, size_t sigsize)    \
    {                                                                              \
        return (!sig || !refuses())                                                \
               && name##_digest_sign_final(ctx, sig, siglen, sigsize);             \
    }                                                                              \
    static OSSL_DISPATCH name##_functions[MAX_FUNCTIONS];                          \
    static void name##_wrap(const OSSL_DISPATCH *from)                             \
    {                                                                              \
        OSSL_DISPATCH *to = name##_functions;                                      \
        for (; from->function_id; from++, to++) {                                  \
            *to = *from;                                                           \
            switch (from->function_id) {                                           \
            case OSSL_FUNC_SIGNATURE_SIGN:                                         \
                name##_sign = (OSSL_FUNC_signature_sign_fn *)from->function;       \
                to->function = (void (*)(void))name##_sign_checked;                \
                break;                                                             \
            case OSSL_FUNC_SIGNATURE_DIGEST_SIGN:                                  \
                name##_digest_sign                                                 \
                    = (OSSL_FUNC_signature_digest_sign_fn *)from->function;        \
                to->function = (void (*)(void))name##_digest_sign_checked;         \
                break;                                                             \
            case OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL:                            \
                name##_digest_sign_final                                           \
                    = (OSSL_FUNC_signature_digest_sign_final_fn *)from->function;  \
                to->function = (void (*)(void))name##_digest_sign_final_checked;   \
                break;                                                             \
            }                                                                      \
        }                                                                          \
    }

SIGNERS(rsa)
SIGNERS(ecdsa)
SIGNERS(ed25519)

static OSSL_ALGORITHM signatures[MAX_ALGORITHMS + 1];

/* Of the names, which colons separate, the first. */
static int is_called(const OSSL_ALGORITHM *algorithm, const char *name)
{
    size_t length = strlen(name);

    return !strncmp(algorithm->algorithm_names, name, length)
           && strchr(":", algorithm->algorithm_names[length]);
}

/* Others that sign with the same keys: OpenSSL 3.4 and newer have RSA-SHA256,
 * ECDSA-SHA384, Ed25519ph and the like. They are left out. */
static int is_variant(const OSSL_ALGORITHM *algorithm)
{
    return !strncmp(algorithm->algorithm_names, "RSA", 3)
           || !strncmp(algorithm->algorithm_names, "ECDSA", 5)
           || !strncmp(algorithm->algorithm_names, "ED25519", 7);
}

static void wrap_signatures(const OSSL_ALGORITHM *from)
{
    OSSL_ALGORITHM *to = signatures;

    for (; from->algorithm_names && to < signatures + MAX_ALGORITHMS; from++) {
        *to = *from;
        if (is_called(from, "RSA")) {
            rsa_wrap(from->implementation);
            to->implementation = rsa_functions;
        }
        else if (is_called(from, "ECDSA")) {
            ecdsa_wrap(from->implementation);
            to->implementation = ecdsa_functions;
        }
        else if (is_called(from, "ED25519")) {
            ed25519_wrap(from->implementation);
            to->implementation = ed25519_functions;
        }
        else if (is_variant(from)) {
            continue;
        }
        to++;
    }
}

static const OSSL_ALGORITHM *query(void *provctx, int operation, int *no_cache)
{
    const OSSL_ALGORITHM *algorithms
        = OSSL_PROVIDER_query_operation(the.real, operation, no_cache);

    (void)provctx;
    if (operation != OSSL_OP_SIGNATURE || !algorithms) {
        return algorithms;
    }
    if (!signatures[0].algorithm_names) {
        wrap_signatures(algorithms);
    }
    return signatures;
}

/* TLS learns its groups this way. */
static int get_capabilities(void *provctx, const char *capability,
                            OSSL_CALLBACK *callback, void *arg)
{
    (void)provctx;
    return OSSL_PROVIDER_get_capabilities(the.real, capability, callback, arg);
}

static void teardown(void *provctx)
{
    (void)provctx;
    OSSL_PROVIDER_unload(the.real);
    OSSL_LIB_CTX_free(the.context);
    the.real = NULL;
    the.context = NULL;
}

static const OSSL_DISPATCH functions[] = {
    { OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))teardown },
    { OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query },
    { OSSL_FUNC_PROVIDER_GET_CAPABILITIES, (void (*)(void))get_capabilities },
    { 0, NULL }
};

OSSL_provider_init_fn OSSL_provider_init;

int OSSL_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
                       const OSSL_DISPATCH **out, void **provctx)
{
    (void)handle;
    (void)in;
    the.context = OSSL_LIB_CTX_new();
    the.real = the.context ? OSSL_PROVIDER_load(the.context, "default") : NULL;
    if (!the.real) {
        OSSL_LIB_CTX_free(the.context);
        return 0;
    }
    *provctx = OSSL_PROVIDER_get0_provider_ctx(the.real);
    *out = functions;
    return 1;
}
