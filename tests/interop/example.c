/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The library from C, by its header alone: what mod_client_cert does with it, without httpd.
 *
 *     example             one walk through all of it, with keys and certificates of its own
 *     example KEY DIR     signs with a key of the type KEY (rsa2048, rsa4096, p256, p384, p521,
 *                         ed25519) and leaves root.pem, signer.pem, client.der and value.b64
 *                         in DIR
 */

#include "client_cert.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

/* Ends the program with a message, as a program that cannot go on does. */
static void fail(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static void check(const char *what, client_cert_result result)
{
    if (result != CLIENT_CERT_RESULT_OK)
        fail(what, client_cert_result_message(result));
}

static void expect(const char *what, client_cert_result result, client_cert_result expected)
{
    if (result != expected)
        fail(what, client_cert_result_message(result));
    printf("%s: %s\n", what, client_cert_result_message(result));
}

static void check_openssl(const char *what, int success)
{
    if (!success) {
        ERR_print_errors_fp(stderr);
        fail(what, "OpenSSL failed");
    }
}

/* What httpd would take from a pool: here each piece is freed by hand. */
static void *allocate(void *context, size_t size)
{
    size_t *calls = context;

    ++*calls;
    return malloc(size);
}

static EVP_PKEY *generate(const char *type)
{
    EVP_PKEY *key = NULL;

    if (strcmp(type, "rsa2048") == 0)
        key = EVP_RSA_gen(2048);
    else if (strcmp(type, "rsa4096") == 0)
        key = EVP_RSA_gen(4096);
    else if (strcmp(type, "p256") == 0)
        key = EVP_EC_gen("P-256");
    else if (strcmp(type, "p384") == 0)
        key = EVP_EC_gen("P-384");
    else if (strcmp(type, "p521") == 0)
        key = EVP_EC_gen("P-521");
    else if (strcmp(type, "ed25519") == 0)
        key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    else
        fail(type, "unknown type of key");
    check_openssl("generate a key", key != NULL);
    return key;
}

static void add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    check_openssl("make an extension", extension != NULL);
    check_openssl("add an extension", X509_add_ext(certificate, extension, -1));
    X509_EXTENSION_free(extension);
}

/* A certificate for `key`, self-signed if there is no `issuer`. */
static X509 *certify(const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, int ca)
{
    static long serial = 0;
    X509 *certificate = X509_new();
    X509_NAME *subject;
    const EVP_MD *digest = EVP_sha256();

    check_openssl("make a certificate", certificate != NULL);
    subject = X509_get_subject_name(certificate);
    if (issuer_key == NULL)
        issuer_key = key;
    if (issuer == NULL)
        issuer = certificate;
    if (EVP_PKEY_is_a(issuer_key, "ED25519"))
        digest = NULL;
    check_openssl("fill a certificate in",
                  X509_set_version(certificate, X509_VERSION_3)
                  && ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial)
                  && X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) != NULL
                  && X509_gmtime_adj(X509_getm_notAfter(certificate), 3600) != NULL
                  && X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                                (const unsigned char *)name, -1, -1, 0)
                  && X509_set_issuer_name(certificate, X509_get_subject_name(issuer))
                  && X509_set_pubkey(certificate, key));
    add_extension(certificate, issuer, NID_basic_constraints,
                  ca ? "critical,CA:TRUE" : "CA:FALSE");
    add_extension(certificate, issuer, NID_subject_key_identifier, "hash");
    if (issuer != certificate)
        add_extension(certificate, issuer, NID_authority_key_identifier, "keyid");
    check_openssl("sign a certificate", X509_sign(certificate, issuer_key, digest) > 0);
    return certificate;
}

/* Root, intermediate, and from the latter a signer and a client. */
typedef struct {
    EVP_PKEY *root_key, *intermediate_key, *signer_key, *client_key;
    X509 *root, *intermediate, *signer, *client;
} pki;

static void pki_make(pki *pki, const char *signer_type)
{
    pki->root_key = generate("p256");
    pki->intermediate_key = generate("p256");
    pki->signer_key = generate(signer_type);
    pki->client_key = generate("p256");
    pki->root = certify("Example Root", pki->root_key, NULL, NULL, 1);
    pki->intermediate = certify("Example Intermediate", pki->intermediate_key, pki->root,
                                pki->root_key, 1);
    pki->signer = certify("proxy.example", pki->signer_key, pki->intermediate,
                          pki->intermediate_key, 0);
    pki->client = certify("A Client", pki->client_key, pki->intermediate,
                          pki->intermediate_key, 0);
}

static void pki_free(pki *pki)
{
    X509_free(pki->client);
    X509_free(pki->signer);
    X509_free(pki->intermediate);
    X509_free(pki->root);
    EVP_PKEY_free(pki->client_key);
    EVP_PKEY_free(pki->signer_key);
    EVP_PKEY_free(pki->intermediate_key);
    EVP_PKEY_free(pki->root_key);
}

static FILE *create(const char *directory, const char *name)
{
    char path[4096];
    FILE *file;
    int length = snprintf(path, sizeof(path), "%s/%s", directory, name);

    if (length < 0 || (size_t)length >= sizeof(path))
        fail(directory, "name too long");
    file = fopen(path, "wb");
    if (file == NULL)
        fail(path, "cannot be created");
    return file;
}

static void close_file(FILE *file)
{
    if (fclose(file) != 0)
        fail("file", "cannot be written");
}

/* A handshake goes into a session and comes back from it. */
static client_cert_handshake *handshake_and_back(const pki *pki, const client_cert_signer *signer,
                                                 const client_cert_allocator *allocator)
{
    X509 *verified_chain[2];
    client_cert_handshake *full, *resumed;
    client_cert_bytes record;
    uint8_t vhost[32] = { 1 }, signer_id[32], read[32];

    verified_chain[0] = pki->intermediate;
    verified_chain[1] = pki->root;
    check("signer id", client_cert_signer_id(signer, signer_id));
    check("certificate id", client_cert_certificate_id(pki->signer, read));
    if (memcmp(signer_id, read, sizeof(read)) != 0)
        fail("signer id", "differs from the certificate's");

    check("full handshake", client_cert_handshake_new(vhost, signer_id, pki->client, verified_chain,
                                                      ELEMENTS(verified_chain), true, &full));
    check("write the record", client_cert_handshake_to_bytes(full, allocator, &record));
    client_cert_handshake_free(full);
    printf("record for the TLS session: %zu bytes\n", record.length);

    expect("record with another certificate",
           client_cert_handshake_from_bytes(record.data, record.length, pki->signer, &resumed),
           CLIENT_CERT_RESULT_HANDSHAKE_RECORD_MISMATCH);
    expect("record without its certificate",
           client_cert_handshake_from_bytes(record.data, record.length, NULL, &resumed),
           CLIENT_CERT_RESULT_HANDSHAKE_RECORD_MISMATCH);
    expect("record cut off",
           client_cert_handshake_from_bytes(record.data, record.length - 1, pki->client, &resumed),
           CLIENT_CERT_RESULT_HANDSHAKE_RECORD_MALFORMED);
    check("read the record",
          client_cert_handshake_from_bytes(record.data, record.length, pki->client, &resumed));
    free((void *)record.data);

    check("vhost", client_cert_handshake_vhost(resumed, read));
    if (memcmp(vhost, read, sizeof(read)) != 0)
        fail("vhost", "differs after resumption");
    check("signer", client_cert_handshake_signer_id(resumed, read));
    if (memcmp(signer_id, read, sizeof(read)) != 0)
        fail("signer", "differs after resumption");
    return resumed;
}

/* Handshakes that have no client to give. */
static void no_client(const pki *pki, int64_t now)
{
    client_cert_handshake *handshake;
    const client_cert_client *client;
    const uint8_t zero[32] = { 0 };

    check("no certificate",
          client_cert_handshake_new(zero, zero, NULL, NULL, 0, false, &handshake));
    expect("client of no certificate", client_cert_handshake_client(handshake, now, &client),
           CLIENT_CERT_RESULT_NO_CERTIFICATE);
    client_cert_handshake_free(handshake);

    check("unverified",
          client_cert_handshake_new(zero, zero, pki->client, NULL, 0, false, &handshake));
    expect("client not verified", client_cert_handshake_client(handshake, now, &client),
           CLIENT_CERT_RESULT_CERTIFICATE_UNVERIFIED);
    client_cert_handshake_free(handshake);

    check("expired",
          client_cert_handshake_new(zero, zero, pki->client, NULL, 0, true, &handshake));
    expect("client expired", client_cert_handshake_client(handshake, now + 7200, &client),
           CLIENT_CERT_RESULT_CERTIFICATE_EXPIRED);
    expect("client not yet valid", client_cert_handshake_client(handshake, now - 7200, &client),
           CLIENT_CERT_RESULT_CERTIFICATE_NOT_YET_VALID);
    client_cert_handshake_free(handshake);
}

/* The values of a request's headers. */
static void values(const client_cert_signer *signer, const client_cert_client *client, int64_t now,
                   const client_cert_allocator *allocator, X509 *certificate)
{
    client_cert_value value;
    client_cert_shared_value *kept;
    client_cert_variable_headers *headers;
    const client_cert_variable *variables;
    client_cert_variables *made;
    const char *text, *other;
    client_cert_signature_cache *cache;
    size_t bound, text_length, count;
    bool reused;
    client_cert_result renewal;
    int i, length = i2d_X509(certificate, NULL);

    check_openssl("length of a certificate", length > 0);
    check("Client-Cert, unsigned",
          client_cert_encode(client, CLIENT_CERT_FORMAT_RFC9440, allocator, &value));
    printf("Client-Cert, unsigned: %zu bytes\n", value.length);
    free(value.data);
    check("Client-Cert-Chain", client_cert_encode_chain(client, allocator, &value));
    printf("Client-Cert-Chain: %zu bytes\n", value.length);
    free(value.data);

    check("variable headers", client_cert_variable_headers_new(&headers));
    check("variable", client_cert_variable_headers_add(headers, "X-Name", "SSL_CLIENT_S_DN", &other));
    check("variable", client_cert_variable_headers_add(headers, "X-Verify", "SSL_CLIENT_VERIFY", &other));
    if (client_cert_variable_headers_add(headers, "x_name", "SSL_CLIENT_I_DN", &other)
            != CLIENT_CERT_RESULT_INVALID_PARAMETER
        || strcmp(other, "X-Name"))
        fail("variable", "has the name of another");
    check("variables of a client",
          client_cert_variable_headers_of_client(headers, client, now, &made, &variables, &count,
                                                 &other));
    for (; count; --count, ++variables)
        printf("%s: %s\n", variables->name, variables->value);
    client_cert_variables_free(made);
    check("variables without a client",
          client_cert_variable_headers_without_client(headers, false, &variables, &count));
    if (count != 1 || strcmp(variables->name, "X-Verify") || strcmp(variables->value, "NONE"))
        fail("variables without a client", "are not SSL_CLIENT_VERIFY");
    client_cert_variable_headers_free(headers);

    check("length", client_cert_signer_value_length(signer, CLIENT_CERT_SIGNER_CERTS_CHAIN,
                                                    CLIENT_CERT_FORMAT_CMS_SF, (size_t)length,
                                                    &bound));
    check("Client-Cert, signed",
          client_cert_sign(signer, CLIENT_CERT_SIGNER_CERTS_CHAIN, client,
                           CLIENT_CERT_FORMAT_CMS_SF, now, allocator, &value));
    printf("Client-Cert, signed: %zu bytes, at most %zu\n", value.length, bound);
    if (value.length > bound || strlen(value.data) != value.length)
        fail("length", "is not what was said");
    free(value.data);

    check("cache", client_cert_signature_cache_new(1 << 20, &cache));
    for (i = 0; i < 3; ++i) {
        check("Client-Cert, from the cache",
              client_cert_signature_cache_sign(cache, signer, CLIENT_CERT_SIGNER_CERTS_SIGNER, client,
                                     CLIENT_CERT_FORMAT_CMS, now + i * 40, 60, &kept, &text,
                                     &text_length, &reused, &renewal));
        printf("Client-Cert after %d seconds: %s, %zu bytes\n", i * 40,
               reused ? "reused" : "signed", text_length);
        if (strlen(text) != text_length)
            fail("length", "is not the value's");
        client_cert_shared_value_free(kept);
        if (reused != (i == 1))
            fail("cache", "used a value again that it should not, or not one that it should");
    }
    client_cert_signature_cache_free(cache);
}

static void walk_through(void)
{
    static const char *const types[] = { "rsa2048", "p256", "p384", "p521", "ed25519" };
    size_t i, calls = 0;
    client_cert_allocator allocator;
    int64_t now = (int64_t)time(NULL);

    allocator.allocate = allocate;
    allocator.context = &calls;
    printf("client_cert %s\n", client_cert_version());
    for (i = 0; i < ELEMENTS(types); ++i) {
        pki pki;
        X509 *chain[2];
        client_cert_signer *signer;
        client_cert_handshake *handshake;
        const client_cert_client *client;

        printf("-- %s\n", types[i]);
        pki_make(&pki, types[i]);
        chain[0] = pki.root;
        chain[1] = pki.intermediate;
        expect("signer with another's key",
               client_cert_signer_new(pki.signer, pki.root_key, NULL, 0, &signer),
               CLIENT_CERT_RESULT_SIGNER_KEY_MISMATCH);
        expect("signer from nowhere",
               client_cert_signer_from_file("/nonexistent", NULL, &signer),
               CLIENT_CERT_RESULT_FILE_UNREADABLE);
        check("signer", client_cert_signer_new(pki.signer, pki.signer_key, chain, ELEMENTS(chain),
                                               &signer));
        check("signer's validity", client_cert_signer_check_validity(signer, now));
        handshake = handshake_and_back(&pki, signer, &allocator);
        check("client", client_cert_handshake_client(handshake, now, &client));
        check("client's validity", client_cert_client_check_validity(client, now));
        values(signer, client, now, &allocator, pki.client);
        no_client(&pki, now);
        client_cert_handshake_free(handshake);
        client_cert_signer_free(signer);
        pki_free(&pki);
        if (ERR_peek_error() != 0)
            fail("OpenSSL's error queue", "is not empty");
    }
    printf("ok, %zu results allocated\n", calls);
}

/* As ClientCertSigner FILE does: the signer comes from a PEM file. */
static void sign_into(const char *type, const char *directory)
{
    pki pki;
    X509 *chain[2];
    FILE *file;
    char path[4096];
    size_t calls = 0;
    int length;
    client_cert_allocator allocator;
    client_cert_signer *signer;
    client_cert_client *client;
    client_cert_value value;

    allocator.allocate = allocate;
    allocator.context = &calls;
    pki_make(&pki, type);
    chain[0] = pki.intermediate;
    chain[1] = pki.root;

    file = create(directory, "root.pem");
    check_openssl("write the root", PEM_write_X509(file, pki.root));
    close_file(file);
    file = create(directory, "client.der");
    check_openssl("write the client", i2d_X509_fp(file, pki.client));
    close_file(file);
    file = create(directory, "signer.pem");
    check_openssl("write the signer",
                  PEM_write_X509(file, pki.signer)
                  && PEM_write_PrivateKey(file, pki.signer_key, NULL, NULL, 0, NULL, NULL)
                  && PEM_write_X509(file, pki.intermediate));
    close_file(file);

    length = snprintf(path, sizeof(path), "%s/signer.pem", directory);
    if (length < 0 || (size_t)length >= sizeof(path))
        fail(directory, "name too long");
    check(path, client_cert_signer_from_file(path, NULL, &signer));
    check("client", client_cert_client_new(pki.client, chain, ELEMENTS(chain), &client));
    check("sign", client_cert_sign(signer, CLIENT_CERT_SIGNER_CERTS_CHAIN, client,
                                   CLIENT_CERT_FORMAT_CMS, (int64_t)time(NULL), &allocator,
                                   &value));
    file = create(directory, "value.b64");
    if (fwrite(value.data, 1, value.length, file) != value.length)
        fail("value.b64", "cannot be written");
    close_file(file);

    free(value.data);
    client_cert_client_free(client);
    client_cert_signer_free(signer);
    pki_free(&pki);
}

int main(int argc, char **argv)
{
    if (argc == 1)
        walk_through();
    else if (argc == 3)
        sign_into(argv[1], argv[2]);
    else
        fail("usage", "example [KEY DIR]");
    return EXIT_SUCCESS;
}
