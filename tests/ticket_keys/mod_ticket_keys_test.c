/* SPDX-License-Identifier: Apache-2.0 */

/* TestTicketKeyFile FILE: the keys of session tickets, 80 octets, for every
 * virtual host: what SSLSessionTicketKeyFile is for. In httpd 2.4.71 that reads
 * its HMAC key, with OpenSSL 3, from a stack frame that has ended
 * (ssl_init_ticket_key() in modules/ssl/ssl_engine_init.c; mended in trunk), so
 * that other processes, or the same after a restart, may have another. */

#include <httpd.h>
#include <http_config.h>

#include <apr_file_io.h>
#include <apr_optional_hooks.h>
#include <apr_strings.h>

#include <mod_ssl_openssl.h>

#define KEYS_LENGTH 80

static unsigned char keys[KEYS_LENGTH];

static const char *read_keys(cmd_parms *cmd, void *unused, const char *name)
{
    apr_file_t *file;

    (void)unused;
    if (apr_file_open(&file, name, APR_READ | APR_BINARY, APR_OS_DEFAULT, cmd->temp_pool)
            != APR_SUCCESS
        || apr_file_read_full(file, keys, KEYS_LENGTH, NULL) != APR_SUCCESS) {
        return apr_pstrcat(cmd->temp_pool, "TestTicketKeyFile: cannot read ", name, NULL);
    }
    apr_file_close(file);
    return NULL;
}

static int init_server(server_rec *s, apr_pool_t *p, int is_proxy, SSL_CTX *ctx)
{
    (void)s;
    (void)p;
    if (is_proxy) {
        return OK;
    }
    return SSL_CTX_set_tlsext_ticket_keys(ctx, keys, KEYS_LENGTH) ? OK : HTTP_INTERNAL_SERVER_ERROR;
}

static void register_hooks(apr_pool_t *pool)
{
    (void)pool;
    APR_OPTIONAL_HOOK(ssl, init_server, init_server, NULL, NULL, APR_HOOK_MIDDLE);
}

static const command_rec directives[] = {
    AP_INIT_TAKE1("TestTicketKeyFile", read_keys, NULL, RSRC_CONF, "the keys of session tickets"),
    { NULL }
};

AP_DECLARE_MODULE(ticket_keys_test) = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, directives, register_hooks,
#if defined(AP_MODULE_FLAG_NONE)
    AP_MODULE_FLAG_NONE
#endif
};
