/* SPDX-License-Identifier: Apache-2.0 */

#include "forward/forward.h"

#include <http_log.h>
#include <http_protocol.h>

#include <apr_strings.h>

#include <openssl/err.h>

#include "accept/accept.h"
#include "allocator.h"
#include "config/config.h"
#include "config/files.h"
#include "counters.h"
#include "headers/request_cleaning.h"
#include "headers/response_filter.h"
#include "headers/response_head_filter.h"
#include "request.h"
#include "tls/connection.h"

APLOG_USE_MODULE(client_cert);

/* A cached value is not copied: the request holds a reference, and is logged before it releases
 * that. */
static apr_status_t free_shared_value(void *shared)
{
    client_cert_shared_value_free(shared);
    return APR_SUCCESS;
}

static apr_status_t free_variables(void *made)
{
    client_cert_variables_free(made);
    return APR_SUCCESS;
}

/* All entries of OpenSSL's error queue, the oldest first: the latest often says only that a
 * function below failed. */
static void log_openssl_errors(request_rec *r)
{
    const char *data = NULL;
    int flags = 0;
    unsigned long code;
    char text[256];

    while ((code = ERR_get_error_all(NULL, NULL, NULL, &data, &flags))) {
        ERR_error_string_n(code, text, sizeof(text));
        if (!(flags & ERR_TXT_STRING)) {
            data = "";
        }
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "OpenSSL: %s%s%s", text, *data ? ": " : "",
                      data);
    }
}

/* ProxyPass and [P] set proxyreq; mod_proxy sets it for SetHandler "proxy:…" only in its
 * handler. A forward proxy's request is for a third party's server, and TRACE would return the
 * headers to the client. */
static int goes_to_backend(const request_rec *r)
{
    if (r->method_number == M_TRACE) {
        return 0;
    }
    if (r->proxyreq == PROXYREQ_NONE) {
        /* As httpd has it. */
        const char *handler = r->handler ? r->handler : r->content_type;

        return handler && !ap_cstr_casecmpn(handler, "proxy:", 6);
    }
    return r->proxyreq == PROXYREQ_REVERSE;
}

static const char *signer_names(const mcc_server_config_t *server)
{
    return server->signer.file ? server->signer.file->names : "server";
}

/* Said here, since nothing else tells of it before the value is too old. */
static void warn_of_renewal(request_rec *r, const mcc_server_config_t *server, const char *header,
                            client_cert_result why)
{
    log_openssl_errors(r);
    ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                  "ClientCertForward: the value of header \"%s\" could not be "
                  "renewed: %s (ClientCertSigner %s); the one at hand is sent "
                  "until its ClientCertSignatureLifetime ends; this is said once "
                  "a minute",
                  header, client_cert_result_message(why), signer_names(server));
}

static const char *set_value(request_rec *r, const mcc_server_config_t *server,
                             const mcc_forward_line_t *line, const client_cert_signer *signer,
                             uint32_t certs, uint32_t lifetime, const client_cert_client *client,
                             apr_int64_t now, client_cert_result *result)
{
    const client_cert_signature_cache *cache = server->global->signature_cache;
    client_cert_allocator allocator = mcc_pool_allocator(r->pool);
    client_cert_value made = { NULL, 0 };
    client_cert_shared_value *shared = NULL;
    const char *value = NULL;
    size_t length = 0;
    bool reused = false;
    client_cert_result renewal = CLIENT_CERT_RESULT_OK;
    const char *how = "sent";
    client_cert_counter counter = CLIENT_CERT_COUNTER_UNSIGNED;

    if (!line->is_signed) {
        *result = client_cert_encode(client, line->format, &allocator, &made);
    }
    else if (cache && lifetime) {
        *result =
            client_cert_signature_cache_sign(cache, signer, certs, client, line->format, now,
                                             lifetime, &shared, &value, &length, &reused, &renewal);
        how = reused ? "reused" : "signed";
        counter = reused ? CLIENT_CERT_COUNTER_REUSED : CLIENT_CERT_COUNTER_SIGNED;
        if (renewal != CLIENT_CERT_RESULT_OK) {
            warn_of_renewal(r, server, line->header, renewal);
        }
        if (shared) {
            apr_pool_cleanup_register(r->pool, shared, free_shared_value, apr_pool_cleanup_null);
        }
    }
    else {
        *result = client_cert_sign(signer, certs, client, line->format, now, &allocator, &made);
        how = "signed";
        counter = CLIENT_CERT_COUNTER_SIGNED;
    }
    if (*result != CLIENT_CERT_RESULT_OK) {
        return NULL;
    }
    mcc_count(r, counter);
    mcc_request_send(r, line->header, value ? value : made.data, value ? length : made.length);
    ap_log_rerror(APLOG_MARK, APLOG_TRACE1, 0, r, "header \"%s\": %s, %" APR_SIZE_T_FMT " bytes",
                  line->header, how, value ? length : made.length);
    return how;
}

static client_cert_result set_chain(request_rec *r, const client_cert_client *client)
{
    client_cert_allocator allocator = mcc_pool_allocator(r->pool);
    client_cert_value value = { NULL, 0 };
    client_cert_result result = client_cert_encode_chain(client, &allocator, &value);

    if (result == CLIENT_CERT_RESULT_OK && value.length) {
        mcc_request_send(r, MCC_CLIENT_CERT_CHAIN, value.data, value.length);
        mcc_count(r, CLIENT_CERT_COUNTER_CHAIN);
    }
    return result;
}

/* The same for an accepted client, whatever the TLS peer is. NULL, and why, if there is none. */
static const client_cert_signer *signer_of(const request_rec *r, const mcc_server_config_t *server,
                                           const char **why)
{
    if (server->signer.file) {
        *why = server->signer.file->fault;
        return server->signer.file->signer;
    }
    return mcc_tls_signer(r, why);
}

/* No header that was set stays for an error document's redirect. */
static int send_failure(request_rec *r)
{
    mcc_request_send_nothing(r);
    apr_table_setn(r->notes, MCC_NOTE_FORWARD, "failed");
    mcc_count(r, CLIENT_CERT_COUNTER_FORWARD_ERROR);
    return HTTP_INTERNAL_SERVER_ERROR;
}

static int fail(request_rec *r, const mcc_server_config_t *server, const char *header,
                const char *reason)
{
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                  "ClientCertForward: no value for header \"%s\": %s "
                  "(ClientCertSigner %s); the request is not forwarded",
                  header, reason, signer_names(server));
    return send_failure(r);
}

static int fail_to_identify(request_rec *r, const char *reason)
{
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                  "ClientCertForward: who the client is could not be found out: "
                  "%s; the request is not forwarded",
                  reason);
    return send_failure(r);
}

static void send_variables(request_rec *r, const client_cert_variable *variables, size_t count)
{
    mcc_count_times(r, CLIENT_CERT_COUNTER_VARIABLE, count);
    for (; count; count--, variables++) {
        mcc_request_send(r, variables->name, variables->value, variables->value_length);
        ap_log_rerror(APLOG_MARK, APLOG_TRACE1, 0, r,
                      "header \"%s\": sent, %" APR_SIZE_T_FMT " bytes", variables->name,
                      variables->value_length);
    }
}

static int fail_with_variable(request_rec *r, const char *header, client_cert_result result)
{
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                  "ClientCertForwardVariable: no value for header \"%s\": %s; the request is not "
                  "forwarded",
                  header ? header : "", client_cert_result_message(result));
    return send_failure(r);
}

/* The headers with a variable of a verified client. */
static int set_variables(request_rec *r, const client_cert_variable_headers *headers,
                         const client_cert_client *client, const client_cert_accepted *accepted,
                         apr_int64_t now)
{
    const client_cert_variable *variables = NULL;
    client_cert_variables *made = NULL;
    const char *failed = NULL;
    client_cert_result result;
    size_t count = 0;

    result = accepted ? client_cert_variable_headers_of_accepted(headers, accepted, &made,
                                                                 &variables, &count, &failed)
                      : client_cert_variable_headers_of_client(headers, client, now, &made,
                                                               &variables, &count, &failed);
    if (result != CLIENT_CERT_RESULT_OK) {
        return fail_with_variable(r, failed, result);
    }
    /* A handshake for the connection's next request may come before this one is logged. */
    apr_pool_cleanup_register(r->pool, made, free_variables, apr_pool_cleanup_null);
    send_variables(r, variables, count);
    return DECLINED;
}

/* SSL_CLIENT_VERIFY of a client that is not verified, which there is always. */
static int set_verify_variable(request_rec *r, const mcc_forward_config_t *conf, int presented)
{
    const client_cert_variable *variables = NULL;
    client_cert_result result;
    size_t count = 0;

    if (!conf->variables || !conf->variables->headers) {
        return DECLINED;
    }
    result = client_cert_variable_headers_without_client(conf->variables->headers, presented,
                                                         &variables, &count);
    if (result != CLIENT_CERT_RESULT_OK) {
        return fail_with_variable(r, NULL, result);
    }
    send_variables(r, variables, count);
    /* A backend that hears of it may answer otherwise than to a client without a certificate. */
    if (count && presented) {
        mcc_response_depends_on_client(r);
    }
    return DECLINED;
}

static int forward_without_client(request_rec *r, const mcc_forward_config_t *conf, int presented)
{
    int status = set_verify_variable(r, conf, presented);

    if (status == DECLINED) {
        mcc_count(r, presented ? CLIENT_CERT_COUNTER_FORWARDED_UNVERIFIED
                               : CLIENT_CERT_COUNTER_FORWARDED_NONE);
    }
    return status;
}

/* The backend's answer, often a bare 400, would not say why. */
static void warn_of_large_values(request_rec *r)
{
    const apr_array_header_t *sent = mcc_request_of(r)->sent;
    int i;

    if (!mcc_connection_first_large_value(r->connection)) {
        return;
    }
    for (i = 0; i < sent->nelts; i++) {
        const mcc_field_t *field = &APR_ARRAY_IDX(sent, i, mcc_field_t);
        size_t length = strlen(field->value);

        if (length > MCC_LARGE_VALUE) {
            ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                          "ClientCertForward: header \"%s\" has a value of %" APR_SIZE_T_FMT
                          " bytes, more than most servers take: "
                          "the backend may need a larger limit (httpd: "
                          "LimitRequestFieldSize), or the client a smaller "
                          "certificate%s; this is said once for a connection",
                          field->name, length,
                          strcmp(field->name, MCC_CLIENT_CERT_CHAIN)
                              ? ", or a signature fewer certificates "
                                "(ClientCertSignerCerts)"
                              : "");
        }
    }
}

/* The headers with a certificate.
 * @param note set to how they were made, for the log */
static int set_certificates(request_rec *r, const mcc_server_config_t *server,
                            const mcc_forward_config_t *conf, const client_cert_client *client,
                            apr_int64_t now, const char **note)
{
    const char *why = NULL;
    const client_cert_signer *signer = signer_of(r, server, &why);
    uint32_t certs =
        conf->signer_certs < 0 ? CLIENT_CERT_SIGNER_CERTS_CHAIN : (uint32_t)conf->signer_certs;
    uint32_t lifetime = server->signer.lifetime;
    client_cert_result result = CLIENT_CERT_RESULT_OK;
    size_t i;

    for (i = 0; i < conf->lines->count; i++) {
        const mcc_forward_line_t *line = &conf->lines->lines[i];
        const char *how;

        if (!signer && line->is_signed) {
            return fail(r, server, line->header, why);
        }
        how = set_value(r, server, line, signer, certs, lifetime, client, now, &result);
        if (!how) {
            if (result == CLIENT_CERT_RESULT_SIGNING_FAILED) {
                log_openssl_errors(r);
            }
            return fail(r, server, line->header, client_cert_result_message(result));
        }
        /* One note for several headers: a signature made outweighs one reused, and both outweigh
         * an unsigned value. */
        if (!strcmp(how, "signed") || !strcmp(*note, "sent")) {
            *note = how;
        }
    }
    if (conf->chain > 0) {
        result = set_chain(r, client);
        if (result != CLIENT_CERT_RESULT_OK) {
            return fail(r, server, MCC_CLIENT_CERT_CHAIN, client_cert_result_message(result));
        }
    }
    return DECLINED;
}

/* A verified client; accepted is NULL if it is a TLS client. */
static int forward(request_rec *r, const mcc_server_config_t *server,
                   const mcc_forward_config_t *conf, const client_cert_client *client,
                   const client_cert_accepted *accepted, apr_int64_t now)
{
    const char *note = "sent";
    int status = DECLINED;

    if (conf->lines && conf->lines->count) {
        status = set_certificates(r, server, conf, client, now, &note);
    }
    if (status == DECLINED && conf->variables && conf->variables->headers) {
        status = set_variables(r, conf->variables->headers, client, accepted, now);
    }
    if (status != DECLINED) {
        return status;
    }
    if (mcc_request_of(r)->large) {
        warn_of_large_values(r);
    }
    mcc_response_depends_on_client(r);
    apr_table_setn(r->notes, MCC_NOTE_FORWARD, note);
    mcc_count(r, CLIENT_CERT_COUNTER_FORWARDED);
    return DECLINED;
}

int mcc_forward_fixups(request_rec *r)
{
    const mcc_server_config_t *server = mcc_server_config_of(r->server);
    const mcc_dir_config_t *dir = mcc_dir_config_of(r);
    int proxied = goes_to_backend(r);
    int wanted = proxied && mcc_forwards(&dir->forward);
    const mcc_accept_outcome_t *accepted;
    client_cert_tls_identity identity;
    apr_int64_t now;

    if (proxied || r->proxyreq != PROXYREQ_NONE) {
        mcc_head_filter_install(r);
    }
    /* A subrequest starts with a copy of its parent's headers, ours among them.
     * What other modules set is looked for before the request leaves, backend.c. */
    if (r->main) {
        mcc_headers_remove(r, r->headers_in, &server->global->our_names);
    }
    if (r->main || r->prev) {
        mcc_headers_remove_variables(r, &server->global->our_names, 0);
    }
    if (!wanted) {
        return DECLINED;
    }
    mcc_request_send_nothing(r);
    mcc_headers_clean_connection_field(r, r->headers_in, &server->global->our_names);

    now = apr_time_sec(apr_time_now());
    mcc_tls_identify(r, now, &identity);
    accepted = mcc_accept_outcome_of(r);
    if (accepted->state != MCC_ACCEPT_STATE_OFF) {
        /* The TLS peer is a proxy in front of this server, and is never forwarded in place of
         * the client that it forwards. */
        identity.client = accepted->client;
        identity.state = accepted->client ? CLIENT_CERT_TLS_CLIENT_VERIFIED
                         : accepted->state == MCC_ACCEPT_STATE_FAULT ? CLIENT_CERT_TLS_CLIENT_FAULT
                                                                     : CLIENT_CERT_TLS_CLIENT_NONE;
        identity.reason = accepted->reason;
    }
    switch (identity.state) {
    case CLIENT_CERT_TLS_CLIENT_VERIFIED:
        return forward(r, server, &dir->forward, identity.client, accepted->accepted, now);
    case CLIENT_CERT_TLS_CLIENT_NONE:
        apr_table_setn(r->notes, MCC_NOTE_FORWARD, "none");
        return forward_without_client(r, &dir->forward, 0);
    case CLIENT_CERT_TLS_CLIENT_FAULT:
        return fail_to_identify(r, identity.reason);
    case CLIENT_CERT_TLS_CLIENT_UNVERIFIED:
        break;
    }
    apr_table_setn(r->notes, MCC_NOTE_FORWARD, "unverified");
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "the client's certificate is not forwarded: %s",
                  identity.reason);
    return forward_without_client(r, &dir->forward, 1);
}

int mcc_forward_protocol_switch(conn_rec *c, request_rec *r, server_rec *s, const char *protocol)
{
    (void)s;
    (void)protocol;
    if (r) {
        mcc_tls_connection_refresh(c);
        mcc_request_send_nothing(r);
        mcc_accept_give_back(r);
    }
    return DECLINED;
}
