/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Our side of tests/interoperability/interoperability.py:
 *
 *     ours sign SIGNER.pem CLIENT.pem  prints a value of the format cms
 *     ours verify ANCHORS.pem NAME     reads one from standard input; prints the client's common
 *                                      name, or fails and prints the reason
 */

#include "client_cert.h"

#include <openssl/pem.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void check(const char *what, client_cert_result result)
{
    if (result != CLIENT_CERT_RESULT_OK) {
        printf("%s: %s\n", what, client_cert_result_message(result));
        exit(EXIT_FAILURE);
    }
}

static void *allocate(void *context, size_t size)
{
    (void)context;
    return malloc(size);
}

static int sign(const char *signer_file, const char *client_file)
{
    FILE *file = fopen(client_file, "r");
    X509 *certificate = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    client_cert_allocator allocator = { allocate, NULL };
    client_cert_signer *signer;
    client_cert_client *client;
    client_cert_value value;

    if (certificate == NULL)
        return EXIT_FAILURE;
    fclose(file);
    check("signer", client_cert_signer_from_file(signer_file, NULL, &signer));
    check("client", client_cert_client_new(certificate, NULL, 0, &client));
    check("sign", client_cert_sign(signer, CLIENT_CERT_SIGNER_CERTS_CHAIN, client,
                                   CLIENT_CERT_FORMAT_CMS, (int64_t)time(NULL), &allocator, &value));
    puts(value.data);
    free(value.data);
    client_cert_client_free(client);
    client_cert_signer_free(signer);
    X509_free(certificate);
    return EXIT_SUCCESS;
}

static int verify(const char *anchors_file, const char *name)
{
    static char value[70000];
    char reason[CLIENT_CERT_REASON_SIZE];
    const char *cn;
    size_t length = fread(value, 1, sizeof(value), stdin);
    client_cert_allocator allocator = { allocate, NULL };
    client_cert_anchors *anchors;
    client_cert_names *names;
    client_cert_trust trust = { 0 };
    client_cert_accepted *accepted;

    check("anchors", client_cert_anchors_from_file(anchors_file, &anchors));
    check("names", client_cert_names_new(&name, 1, &names));
    trust.anchors = anchors;
    trust.names = names;
    if (client_cert_verify(&trust, CLIENT_CERT_FORMAT_CMS, value, length, (int64_t)time(NULL), 300, 30,
                           NULL, &accepted, reason, sizeof(reason)) != CLIENT_CERT_RESULT_OK) {
        puts(reason);
        return EXIT_FAILURE;
    }
    check("name", client_cert_accepted_variable(accepted, "SSL_CLIENT_S_DN_CN", &allocator, &cn));
    puts(cn);
    free((void *)cn);
    client_cert_accepted_free(accepted);
    client_cert_names_free(names);
    client_cert_anchors_free(anchors);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "sign") == 0)
        return sign(argv[2], argv[3]);
    if (argc == 4 && strcmp(argv[1], "verify") == 0)
        return verify(argv[2], argv[3]);
    return EXIT_FAILURE;
}
