/* SPDX-License-Identifier: Apache-2.0 */

#include "accept/accept.h"

#include <http_log.h>

#include <apr_time.h>

#include "config/config.h"
#include "counters.h"
#include "headers/headers.h"
#include "request.h"
#include "tls/connection.h"

APLOG_USE_MODULE(client_cert);

/** An outcome, and the rules that it was determined by. */
typedef struct {
    client_cert_accept_rules rules;
    client_cert_accept_outcome outcome;
} known_outcome_t;

/* The request that the client sent, whose record holds the outcomes. */
static request_rec *first_request(request_rec *r)
{
    while (r->prev || r->main) {
        r = r->prev ? r->prev : r->main;
    }
    return r;
}

/* What was accepted for the request that the client sent. */
static apr_status_t free_accepted(void *request)
{
    const apr_array_header_t *outcomes = ((mcc_request_t *)request)->outcomes;
    int i;

    for (i = 0; outcomes && i < outcomes->nelts; i++) {
        client_cert_accept_outcome_free(&APR_ARRAY_IDX(outcomes, i, known_outcome_t *)->outcome);
    }
    return APR_SUCCESS;
}

/* What stands until the core has said what became of the request. */
static const client_cert_accept_outcome not_determined = {
    .state = CLIENT_CERT_ACCEPT_STATE_FAULT,
    .status = HTTP_INTERNAL_SERVER_ERROR,
    .note = "failed",
    .line = "the forwarded client certificate cannot be verified",
    .level = CLIENT_CERT_LEVEL_ERROR,
    .reason = "the client is not known",
};

/* Determine the outcome. */
static void decide(request_rec *r, const mcc_request_t *request, known_outcome_t *known)
{
    const mcc_global_t *global = mcc_server_config_of(r->server)->global;
    const apr_array_header_t *captured = request->captured;
    client_cert_accept_facts facts = {
        .rules = &known->rules,
        .chain_header =
            global->whole.chain_name ? (uint32_t)global->whole.chain_name->number : UINT32_MAX,
        .cache = global->verification_cache,
        .now = apr_time_sec(apr_time_now()),
        .counters = global->counters,
        .stripe = (apr_uint64_t)r->connection->id,
    };
    size_t i;

    if (captured && captured->nelts) {
        facts.fields = (const client_cert_captured_field *)captured->elts;
        facts.field_count = (size_t)captured->nelts;
        if (known->rules.needs_peer) {
            mcc_tls_identify(r, facts.now, &facts.peer);
        }
    }
    known->outcome = not_determined;
    (void)client_cert_accept(&facts, &known->outcome);
    for (i = 0; i < sizeof(known->outcome.verified) / sizeof(known->outcome.verified[0]); i++) {
        if (known->outcome.verified[i]) {
            ap_log_rerror(APLOG_MARK, APLOG_TRACE1, 0, r, "%s", known->outcome.verified[i]);
        }
    }
}

/* The outcome for this configuration, determined if it is not known yet. */
static const client_cert_accept_outcome *outcome_for(request_rec *r, const mcc_dir_config_t *dir)
{
    request_rec *first = first_request(r);
    mcc_request_t *request = mcc_request_of(first);
    client_cert_accept_rules rules = mcc_accept_rules_of(&dir->accept);
    known_outcome_t *known;
    int i;

    if (!request->outcomes) {
        request->outcomes = apr_array_make(first->pool, 1, sizeof(known_outcome_t *));
    }
    for (i = 0; i < request->outcomes->nelts; i++) {
        known = APR_ARRAY_IDX(request->outcomes, i, known_outcome_t *);
        if (!memcmp(&known->rules, &rules, sizeof(rules))) {
            return &known->outcome;
        }
    }
    known = apr_palloc(first->pool, sizeof(*known));
    known->rules = rules;
    decide(r, request, known);
    APR_ARRAY_PUSH(request->outcomes, known_outcome_t *) = known;
    return &known->outcome;
}

static const client_cert_accept_outcome *decide_outcome(request_rec *r)
{
    static const client_cert_accept_outcome off = { .state = CLIENT_CERT_ACCEPT_STATE_OFF };
    const mcc_dir_config_t *dir = mcc_dir_config_of(r);
    mcc_request_t *request;

    if (!dir || !mcc_accepts(&dir->accept)) {
        return &off;
    }
    request = mcc_request_of(r);
    request->outcome = outcome_for(r, dir);
    request->outcome_conf = r->per_dir_config;
    return request->outcome;
}

const client_cert_accept_outcome *mcc_accept_outcome_of(request_rec *r)
{
    const mcc_request_t *request = mcc_request_known(r);

    return request && request->outcome && request->outcome_conf == r->per_dir_config
               ? request->outcome
               : decide_outcome(r);
}

int mcc_accept_capture(request_rec *r)
{
    const mcc_server_config_t *server = mcc_server_config_of(r->server);
    request_rec *first;
    mcc_request_t *request;
    const apr_array_header_t *fields;
    int i;

    if (!server->part.accepts) {
        return DECLINED;
    }
    /* Once, from what the client sent: later values are this module's own. */
    first = first_request(r);
    request = mcc_request_of(first);
    if (request->captured) {
        return DECLINED;
    }
    request->captured = apr_array_make(first->pool, 1, sizeof(client_cert_captured_field));
    /* The environment has strings that live as long as what is accepted, and
     * others' cleanups may read it: those registered later go first. */
    apr_pool_cleanup_register(first->pool, request, free_accepted, apr_pool_cleanup_null);
    fields = apr_table_elts(r->headers_in);
    for (i = 0; i < fields->nelts; i++) {
        const apr_table_entry_t *field = &APR_ARRAY_IDX(fields, i, apr_table_entry_t);
        /* Each name that is accepted is one of ours. */
        const client_cert_accepted_name *header =
            mcc_names_may_contain(&server->global->our_names, field->key)
                ? client_cert_settings_accepted_name(server->global->settings, field->key)
                : NULL;

        if (header) {
            client_cert_captured_field *captured = apr_array_push(request->captured);

            captured->name = header->name;
            captured->value = field->val;
            captured->header = (uint32_t)header->number;
        }
    }
    for (i = 0; i < request->captured->nelts; i++) {
        apr_table_unset(r->headers_in,
                        APR_ARRAY_IDX(request->captured, i, client_cert_captured_field).name);
    }
    return DECLINED;
}

void mcc_accept_give_back(request_rec *r)
{
    const mcc_request_t *request = mcc_request_known(first_request(r));
    int i;

    for (i = 0; request && request->captured && i < request->captured->nelts; i++) {
        const client_cert_captured_field *field =
            &APR_ARRAY_IDX(request->captured, i, client_cert_captured_field);

        apr_table_addn(r->headers_in, field->name, field->value);
    }
}

/* Whether the location reads this header. */
static int reads(const mcc_dir_config_t *dir, uint32_t header,
                 const client_cert_accepted_name *chain_name)
{
    return mcc_accepts(&dir->accept)
           && (header == (uint32_t)dir->accept.header
               || (chain_name && header == (uint32_t)chain_name->number && dir->accept.client_cas));
}

/* Captured headers that this location does not accept count as unsolicited ones
 * (ClientCertIncoming). */
static int turn_away_uninvited(request_rec *r, const mcc_request_t *request)
{
    const mcc_dir_config_t *dir = mcc_dir_config_of(r);
    int found = 0;
    int i;

    if (!request->captured) {
        return OK;
    }
    for (i = 0; i < request->captured->nelts; i++) {
        const client_cert_captured_field *field =
            &APR_ARRAY_IDX(request->captured, i, client_cert_captured_field);

        if (!reads(dir, field->header, mcc_server_config_of(r->server)->global->whole.chain_name)) {
            ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "header \"%s\" stripped from the request",
                          field->name);
            mcc_count(r, CLIENT_CERT_COUNTER_STRIPPED_OWN);
            found = 1;
        }
    }
    return found && mcc_request_reject(r) ? HTTP_BAD_REQUEST : OK;
}

/* The error document of a refused request is served as to a client without an identity. */
static int answers_refusal(const request_rec *r)
{
    while ((r = r->prev ? r->prev : r->main)) {
        const mcc_request_t *request = mcc_request_known(r);

        if (request && request->refused) {
            return 1;
        }
    }
    return 0;
}

int mcc_accept_enforce(request_rec *r)
{
    const client_cert_accept_outcome *outcome;
    if (!mcc_server_config_of(r->server)->part.accepts) {
        return DECLINED;
    }
    if (!r->main && !r->prev && turn_away_uninvited(r, mcc_request_of(r)) != OK) {
        return HTTP_BAD_REQUEST;
    }
    outcome = mcc_accept_outcome_of(r);
    if (outcome->state == CLIENT_CERT_ACCEPT_STATE_OFF) {
        return DECLINED;
    }
    apr_table_setn(r->notes, MCC_NOTE_ACCEPT, outcome->note);
    if (outcome->accepted) {
        mcc_response_depends_on_client(r);
    }
    if (outcome->status) {
        if (answers_refusal(r)) {
            return DECLINED;
        }
        mcc_request_of(r)->refused = 1;
    }
    if (outcome->line) {
        mcc_log_line(r, outcome->level, outcome->line);
    }
    return outcome->status ? (int)outcome->status : DECLINED;
}

static authz_status check_authorization(request_rec *r, const char *args, const void *parsed)
{
    (void)args;
    (void)parsed;
    return mcc_accept_outcome_of(r)->state == CLIENT_CERT_ACCEPT_STATE_ACCEPTED ? AUTHZ_GRANTED
                                                                                : AUTHZ_DENIED;
}

static const char *parse_authorization(cmd_parms *cmd, const char *args, const void **parsed)
{
    (void)cmd;
    (void)parsed;
    return *args ? "'Require client-cert' takes no arguments" : NULL;
}

const authz_provider mcc_accept_authorization = { check_authorization, parse_authorization };
