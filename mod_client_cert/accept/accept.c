/* SPDX-License-Identifier: Apache-2.0 */

#include "accept/accept.h"

#include <http_log.h>

#include <apr_strings.h>

#include "config/config.h"
#include "config/files.h"
#include "counters.h"
#include "headers/response_filter.h"
#include "request.h"
#include "tls/connection.h"

APLOG_USE_MODULE(client_cert);

/** An outcome, and the rules that it was determined by. */
typedef struct {
    mcc_accept_rules_t rules;
    mcc_accept_outcome_t outcome;
} known_outcome_t;

/* The request that the client sent, whose record holds the outcomes. */
static request_rec *first_request(request_rec *r)
{
    while (r->prev || r->main) {
        r = r->prev ? r->prev : r->main;
    }
    return r;
}

static void fail(mcc_accept_outcome_t *outcome, mcc_accept_state_t state, const char *reason)
{
    outcome->state = state;
    outcome->reason = outcome->kind = reason;
}

/* What was accepted for the request that the client sent. */
static apr_status_t free_accepted(void *request)
{
    const apr_array_header_t *outcomes = ((mcc_request_t *)request)->outcomes;
    int i;

    for (i = 0; outcomes && i < outcomes->nelts; i++) {
        known_outcome_t *known = APR_ARRAY_IDX(outcomes, i, known_outcome_t *);

        client_cert_client_free(known->outcome.verified);
        client_cert_accepted_free(known->outcome.accepted);
    }
    return APR_SUCCESS;
}

static void take(mcc_accept_outcome_t *outcome, client_cert_accepted *accepted)
{
    if (client_cert_accepted_client(accepted, &outcome->client) != CLIENT_CERT_RESULT_OK
        || client_cert_accepted_variables(accepted, &outcome->variables, &outcome->variable_count)
               != CLIENT_CERT_RESULT_OK) {
        client_cert_accepted_free(accepted);
        outcome->client = NULL;
        fail(outcome, MCC_ACCEPT_STATE_FAULT, "the verified client is not there");
        return;
    }
    outcome->accepted = accepted;
    outcome->state = MCC_ACCEPT_STATE_ACCEPTED;
}

static mcc_accept_state_t state_of(client_cert_result result)
{
    switch (client_cert_result_kind(result)) {
    case CLIENT_CERT_KIND_MALFORMED:
        return MCC_ACCEPT_STATE_MALFORMED;
    case CLIENT_CERT_KIND_REFUSED:
        return MCC_ACCEPT_STATE_REFUSED;
    default:
        return MCC_ACCEPT_STATE_FAULT;
    }
}

/* The reason has the particulars of this request. */
static void refuse(mcc_accept_outcome_t *outcome, client_cert_result result, const char *reason)
{
    fail(outcome, state_of(result), reason);
    outcome->result = result;
}

/* Without its CRLs a trust would be a looser one, not one without. */
static int is_unusable(const mcc_file_t *file, mcc_accept_outcome_t *outcome, apr_pool_t *p)
{
    if (!file || !mcc_file_is_unusable(file)) {
        return 0;
    }
    fail(outcome, MCC_ACCEPT_STATE_FAULT, apr_pstrcat(p, file->directive, " ", file->fault, NULL));
    outcome->kind = "whom to trust is not known";
    return 1;
}

/* Verify the accepted client by CAs of this server's own. */
static void verify_client(request_rec *r, const mcc_accept_rules_t *rules,
                          const apr_array_header_t *chain, apr_int64_t now,
                          mcc_accept_outcome_t *outcome, apr_pool_t *p)
{
    const mcc_global_t *global = mcc_server_config_of(r->server)->global;
    client_cert_client_trust trust = { rules->client_cas->client_cas,
                                       rules->client_crls ? rules->client_crls->crls : NULL };
    bool reused = false;
    char reason[CLIENT_CERT_REASON_SIZE];
    client_cert_result result;

    reason[0] = '\0';
    result = client_cert_verification_cache_verify_client(
        global->verification_cache, &trust, outcome->client, (const char *const *)chain->elts,
        (size_t)chain->nelts, now, &outcome->verified, &reused, reason, sizeof(reason));

    if (result == CLIENT_CERT_RESULT_OK) {
        ap_log_rerror(APLOG_MARK, APLOG_TRACE1, 0, r, "the client's own certificate is %s",
                      reused ? "one that was verified before" : "verified");
        outcome->client = outcome->verified;
        return;
    }
    client_cert_accepted_free(outcome->accepted);
    memset(outcome, 0, sizeof(*outcome));
    refuse(outcome, result, apr_pstrdup(p, reason));
    outcome->kind = client_cert_result_message(result);
}

static void verify(request_rec *r, const mcc_accept_rules_t *rules, const char *value,
                   const apr_array_header_t *chain, mcc_accept_outcome_t *outcome, apr_pool_t *p)
{
    apr_int64_t now = apr_time_sec(apr_time_now());
    const client_cert_verification_cache *cache =
        mcc_server_config_of(r->server)->global->verification_cache;
    client_cert_trust trust = { rules->anchors ? rules->anchors->anchors : NULL,
                                rules->crls ? rules->crls->crls : NULL, rules->names };
    client_cert_accepted *accepted = NULL;
    bool reused = false;
    char reason[CLIENT_CERT_REASON_SIZE];
    client_cert_result result;
    client_cert_tls_identity peer;

    if (is_unusable(rules->anchors, outcome, p) || is_unusable(rules->crls, outcome, p)
        || is_unusable(rules->client_cas, outcome, p)
        || is_unusable(rules->client_crls, outcome, p)) {
        return;
    }
    /* Of sections that only this request puts together. */
    if (rules->client_crls && !rules->client_cas) {
        fail(outcome, MCC_ACCEPT_STATE_FAULT, "ClientCertClientTrust is missing here");
        return;
    }
    reason[0] = '\0';
    memset(&peer, 0, sizeof(peer));
    if (rules->needs_peer) {
        mcc_tls_identify(r, now, &peer);
        switch (peer.state) {
        case CLIENT_CERT_TLS_CLIENT_VERIFIED:
            break;
        case CLIENT_CERT_TLS_CLIENT_NONE:
            refuse(outcome, CLIENT_CERT_RESULT_PEER_MISSING,
                   client_cert_result_message(CLIENT_CERT_RESULT_PEER_MISSING));
            return;
        case CLIENT_CERT_TLS_CLIENT_UNVERIFIED:
            refuse(outcome, CLIENT_CERT_RESULT_PEER_UNVERIFIED,
                   apr_pstrcat(p, client_cert_result_message(CLIENT_CERT_RESULT_PEER_UNVERIFIED),
                               ": ", peer.reason, NULL));
            return;
        case CLIENT_CERT_TLS_CLIENT_FAULT:
            fail(outcome, MCC_ACCEPT_STATE_FAULT,
                 apr_pstrcat(p, "the TLS peer is not known: ", peer.reason, NULL));
            return;
        }
    }
    if (!rules->anchors) {
        fail(outcome, MCC_ACCEPT_STATE_FAULT, "ClientCertTrust is missing here");
        return;
    }
    if (rules->is_signed) {
        result = client_cert_verification_cache_verify(
            cache, &trust, rules->format, value, strlen(value), now, rules->max_age, rules->skew,
            peer.client, &accepted, &reused, reason, sizeof(reason));
    }
    else {
        result = client_cert_verification_cache_verify_peer(
            cache, &trust, rules->format, value, strlen(value), now, peer.client, &accepted,
            &reused, reason, sizeof(reason));
    }
    if (result == CLIENT_CERT_RESULT_OK) {
        ap_log_rerror(APLOG_MARK, APLOG_TRACE1, 0, r, "the forwarded client certificate is %s",
                      reused ? "one that was accepted before" : "accepted");
        take(outcome, accepted);
        if (rules->client_cas && outcome->state == MCC_ACCEPT_STATE_ACCEPTED) {
            verify_client(r, rules, chain, now, outcome, p);
        }
        return;
    }
    refuse(outcome, result, apr_pstrdup(p, reason));
    outcome->kind = client_cert_result_message(result);
}

static void find_out(request_rec *r, const mcc_accept_rules_t *rules,
                     const apr_array_header_t *captured, mcc_accept_outcome_t *outcome,
                     apr_pool_t *p)
{
    const mcc_accepted_name_t *chain_name = mcc_server_config_of(r->server)->global->chain_name;
    apr_array_header_t *chain = NULL;
    const char *value = NULL;
    int count = 0;
    int i;

    if (rules->client_cas) {
        chain = apr_array_make(p, 1, sizeof(const char *));
    }
    memset(outcome, 0, sizeof(*outcome));
    outcome->state = MCC_ACCEPT_STATE_NONE;
    for (i = 0; captured && i < captured->nelts; i++) {
        const mcc_captured_t *field = &APR_ARRAY_IDX(captured, i, mcc_captured_t);

        if ((uint32_t)field->header->number == rules->header) {
            value = field->value;
            count++;
        }
        else if (chain && field->header == chain_name) {
            APR_ARRAY_PUSH(chain, const char *) = field->value;
        }
    }
    if (count == 1) {
        verify(r, rules, value, chain, outcome, p);
    }
    else if (count) {
        refuse(outcome, CLIENT_CERT_RESULT_VALUE_SEVERAL,
               client_cert_result_message(CLIENT_CERT_RESULT_VALUE_SEVERAL));
    }
}

static void count(const request_rec *r, const mcc_accept_outcome_t *outcome)
{
    switch (outcome->state) {
    case MCC_ACCEPT_STATE_OFF:
        break;
    case MCC_ACCEPT_STATE_NONE:
        mcc_count(r, CLIENT_CERT_COUNTER_ACCEPTED_NONE);
        break;
    case MCC_ACCEPT_STATE_ACCEPTED:
        mcc_count(r, CLIENT_CERT_COUNTER_ACCEPTED);
        break;
    case MCC_ACCEPT_STATE_MALFORMED:
    case MCC_ACCEPT_STATE_REFUSED:
        mcc_count_refusal(r, outcome->result);
        break;
    case MCC_ACCEPT_STATE_FAULT:
        mcc_count(r, CLIENT_CERT_COUNTER_ACCEPT_ERROR);
        break;
    }
}

/* The outcome for this configuration, determined if it is not known yet. */
static const mcc_accept_outcome_t *outcome_for(request_rec *r, const mcc_dir_config_t *dir)
{
    request_rec *first = first_request(r);
    mcc_request_t *request = mcc_request_of(first);
    mcc_accept_rules_t rules = mcc_accept_rules_of(&dir->accept);
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
    find_out(r, &rules, request->captured, &known->outcome, first->pool);
    APR_ARRAY_PUSH(request->outcomes, known_outcome_t *) = known;
    count(r, &known->outcome);
    return &known->outcome;
}

static const mcc_accept_outcome_t *decide_outcome(request_rec *r)
{
    static const mcc_accept_outcome_t off = { .state = MCC_ACCEPT_STATE_OFF };
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

const mcc_accept_outcome_t *mcc_accept_outcome_of(request_rec *r)
{
    const mcc_request_t *request = mcc_request_known(r);

    return request && request->outcome && request->outcome_conf == r->per_dir_config
               ? request->outcome
               : decide_outcome(r);
}

void mcc_accept_capture(request_rec *r)
{
    const mcc_server_config_t *server = mcc_server_config_of(r->server);
    request_rec *first;
    mcc_request_t *request;
    const apr_array_header_t *fields;
    int i;

    if (!server->accepts) {
        return;
    }
    /* Once, from what the client sent: later values are this module's own. */
    first = first_request(r);
    request = mcc_request_of(first);
    if (request->captured) {
        return;
    }
    request->captured = apr_array_make(first->pool, 1, sizeof(mcc_captured_t));
    /* The environment has strings that live as long as what is accepted, and
     * others' cleanups may read it: those registered later go first. */
    apr_pool_cleanup_register(first->pool, request, free_accepted, apr_pool_cleanup_null);
    fields = apr_table_elts(r->headers_in);
    for (i = 0; i < fields->nelts; i++) {
        const apr_table_entry_t *field = &APR_ARRAY_IDX(fields, i, apr_table_entry_t);
        /* Each name that is accepted is one of ours. */
        const mcc_accepted_name_t *header =
            mcc_names_may_contain(&server->global->our_names, field->key)
                ? client_cert_settings_accepted_name(server->global->settings, field->key)
                : NULL;

        if (header) {
            mcc_captured_t *captured = apr_array_push(request->captured);

            captured->header = header;
            captured->value = field->val;
        }
    }
    for (i = 0; i < request->captured->nelts; i++) {
        apr_table_unset(r->headers_in,
                        APR_ARRAY_IDX(request->captured, i, mcc_captured_t).header->name);
    }
}

void mcc_accept_give_back(request_rec *r)
{
    const mcc_request_t *request = mcc_request_known(first_request(r));
    int i;

    for (i = 0; request && request->captured && i < request->captured->nelts; i++) {
        const mcc_captured_t *field = &APR_ARRAY_IDX(request->captured, i, mcc_captured_t);

        apr_table_addn(r->headers_in, field->header->name, field->value);
    }
}

/* Whether the location reads this header. */
static int reads(const mcc_dir_config_t *dir, const mcc_accepted_name_t *header,
                 const mcc_accepted_name_t *chain_name)
{
    return mcc_accepts(&dir->accept)
           && (header->number == dir->accept.header
               || (header == chain_name && dir->accept.client_cas));
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
        const mcc_accepted_name_t *header =
            APR_ARRAY_IDX(request->captured, i, mcc_captured_t).header;

        if (!reads(dir, header, mcc_server_config_of(r->server)->global->chain_name)) {
            ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "header \"%s\" stripped from the request",
                          header->name);
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
    const mcc_accept_outcome_t *outcome;
    const char *note = "refused";
    int status = HTTP_FORBIDDEN;
    int level = APLOG_INFO;

    if (!mcc_server_config_of(r->server)->accepts) {
        return DECLINED;
    }
    if (!r->main && !r->prev && turn_away_uninvited(r, mcc_request_of(r)) != OK) {
        return HTTP_BAD_REQUEST;
    }
    outcome = mcc_accept_outcome_of(r);
    switch (outcome->state) {
    case MCC_ACCEPT_STATE_OFF:
        return DECLINED;
    case MCC_ACCEPT_STATE_NONE:
        apr_table_setn(r->notes, MCC_NOTE_ACCEPT, "none");
        ap_log_rerror(APLOG_MARK, APLOG_TRACE1, 0, r,
                      "no forwarded client certificate came with the request");
        return DECLINED;
    case MCC_ACCEPT_STATE_ACCEPTED:
        apr_table_setn(r->notes, MCC_NOTE_ACCEPT, "accepted");
        mcc_response_depends_on_client(r);
        return DECLINED;
    case MCC_ACCEPT_STATE_MALFORMED:
        status = HTTP_BAD_REQUEST;
        break;
    case MCC_ACCEPT_STATE_REFUSED:
        break;
    case MCC_ACCEPT_STATE_FAULT:
        status = HTTP_INTERNAL_SERVER_ERROR;
        level = APLOG_ERR;
        note = "failed";
        break;
    }
    apr_table_setn(r->notes, MCC_NOTE_ACCEPT, note);
    if (answers_refusal(r)) {
        return DECLINED;
    }
    mcc_request_of(r)->refused = 1;
    ap_log_rerror(APLOG_MARK, level, 0, r,
                  outcome->state == MCC_ACCEPT_STATE_FAULT
                      ? "the forwarded client certificate cannot be verified: %s"
                      : "the forwarded client certificate is refused: %s",
                  outcome->reason);
    return status;
}

int mcc_accept_sections_unknown(request_rec *r)
{
    const mcc_request_t *request = mcc_request_known(r);

    return mcc_server_config_of(r->server)->accepts && !(request && request->located);
}
