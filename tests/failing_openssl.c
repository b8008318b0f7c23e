/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Faults of OpenSSL's, for a server that is started with this as LD_PRELOAD:
 * while the file named by FAIL_OPENSSL has a line "FUNCTION N", each call of
 * that function by mod_client_cert fails, but for the first N. Calls by httpd,
 * mod_ssl and OpenSSL itself do what they always do.
 */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

/** How often a function was called since the file was last written. */
typedef struct {
    struct timespec written;
    int calls;
} counter;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int count(counter *counter, FILE *file)
{
    struct stat status;
    int calls;

    pthread_mutex_lock(&lock);
    if (!fstat(fileno(file), &status)
        && memcmp(&status.st_mtim, &counter->written, sizeof(counter->written))) {
        counter->written = status.st_mtim;
        counter->calls = 0;
    }
    calls = counter->calls++;
    pthread_mutex_unlock(&lock);
    return calls;
}

/* Whether the call that returns to this address is to fail. */
static int fails(const char *function, counter *counter, const void *caller)
{
    const char *name = getenv("FAIL_OPENSSL");
    FILE *file = name ? fopen(name, "r") : NULL;
    char line[128];
    int failing = 0;
    Dl_info info;

    if (!file) {
        return 0;
    }
    while (!failing && fgets(line, sizeof(line), file)) {
        char word[sizeof(line)];
        int spared = 0;

        failing = sscanf(line, "%s %d", word, &spared) >= 1
            && !strcmp(word, function) && dladdr(caller, &info) && info.dli_fname
            && strstr(info.dli_fname, "mod_client_cert")
            && count(counter, file) >= spared;
    }
    fclose(file);
    return failing;
}

/* A function that fails with `failure`, and says that there is no memory. */
#define FAILING(type, function, failure, parameters, arguments)                   \
    type function parameters                                                      \
    {                                                                             \
        static counter counter;                                                   \
        type(*real) parameters = (type(*) parameters)dlsym(RTLD_NEXT, #function); \
                                                                                  \
        if (fails(#function, &counter, __builtin_return_address(0))) {            \
            ERR_raise(ERR_LIB_CRYPTO, ERR_R_MALLOC_FAILURE);                      \
            return failure;                                                       \
        }                                                                         \
        return real arguments;                                                    \
    }

FAILING(int, X509_up_ref, 0, (X509 * certificate), (certificate))
FAILING(void *, CRYPTO_memdup, NULL,
        (const void *data, size_t size, const char *file, int line),
        (data, size, file, line))
FAILING(X509 *, d2i_X509, NULL, (X509 * *to, const unsigned char **from, long length),
        (to, from, length))
FAILING(int, i2d_X509, -1, (const X509 *certificate, unsigned char **to),
        (certificate, to))
FAILING(int, X509_verify_cert, -1, (X509_STORE_CTX * store), (store))
FAILING(EVP_MD_CTX *, EVP_MD_CTX_new, NULL, (void), ())
FAILING(int, EVP_DigestVerify, 0,
        (EVP_MD_CTX * context, const unsigned char *signature, size_t length,
         const unsigned char *message, size_t message_length),
        (context, signature, length, message, message_length))
/* These say no where they fail. */
FAILING(uint32_t, X509_get_key_usage, 0, (X509 * certificate), (certificate))
FAILING(uint32_t, X509_get_extended_key_usage, 0, (X509 * certificate), (certificate))
FAILING(uint32_t, X509_get_extension_flags, EXFLAG_INVALID | EXFLAG_SET,
        (X509 * certificate), (certificate))
FAILING(void *, X509_get_ext_d2i, NULL,
        (const X509 *certificate, int nid, int *critical, int *index),
        (certificate, nid, critical, index))
/* The openssl crate panics where it gets NULL of these. */
FAILING(ASN1_TIME *, X509_getm_notAfter, NULL, (const X509 *certificate),
        (certificate))
