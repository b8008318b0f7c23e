/* SPDX-License-Identifier: Apache-2.0 */

#include "config/files.h"

#include <string.h>

#include <http_core.h>
#include <http_log.h>

#include <apr_strings.h>
#include <apr_time.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "config/directive_util.h"

APLOG_USE_MODULE(client_cert);

/* All files of a configuration. */
struct mcc_files {
    apr_hash_t *by_name;
    apr_hash_t *by_content;  /* (mcc_file_t) whose objects others may have as well */
    apr_array_header_t *all; /**< (mcc_file_t *) in the order of the directives */
};

/* httpd may unload this module between two configurations, and load another
 * build of it. So what lies in httpd's own memory in between is of the types
 * below and of APR's, with no pointer into this module: no function, no literal.
 * With another layout goes another key. */
#define RETAINED_KEY "mod_client_cert: last good files, 1"

/* Octets that could be used, of one file or of two. */
typedef struct {
    unsigned char *octets[2];
    apr_size_t length[2];
    apr_time_t read_at;
} good_octets_t;

/* Those of all files of one configuration, by directive and names. */
typedef struct {
    apr_pool_t *pool;  /* NULL if there are none */
    apr_hash_t *files; /* (good_octets *) */
} generation_t;

typedef struct {
    int number; /* of the configuration that `last` belongs to */
    generation_t last;
    generation_t next; /* of the one that is being read */
} retained_files_t;

static retained_files_t *retained(void)
{
    retained_files_t *found = ap_retained_data_get(RETAINED_KEY);

    return found ? found : ap_retained_data_create(RETAINED_KEY, sizeof(*found));
}

static int config_number(void)
{
    return ap_state_query(AP_SQ_CONFIG_GEN);
}

int mcc_restarts(void)
{
    /* httpd -t and the first of a start's two readings are number 0, the second
     * is number 1. */
    return config_number() > 1;
}

/* Those of a configuration, made when they are first asked for. */
static mcc_files_t *files_of(const server_rec *s, apr_pool_t *pconf)
{
    mcc_global_t *global = mcc_server_config_of(s)->global;

    if (!global->files) {
        global->files = apr_palloc(pconf, sizeof(*global->files));
        global->files->by_name = apr_hash_make(pconf);
        global->files->by_content = apr_hash_make(pconf);
        global->files->all = apr_array_make(pconf, 4, sizeof(mcc_file_t *));
    }
    return global->files;
}

static void forget(generation_t *old)
{
    apr_hash_index_t *i;

    if (!old->pool) {
        return;
    }
    for (i = apr_hash_first(old->pool, old->files); i; i = apr_hash_next(i)) {
        good_octets_t *good = apr_hash_this_val(i);

        OPENSSL_cleanse(good->octets[0], good->length[0]);
        OPENSSL_cleanse(good->octets[1], good->length[1]);
    }
    apr_pool_destroy(old->pool);
    memset(old, 0, sizeof(*old));
}

static const char *key_of(const mcc_file_t *file, apr_pool_t *p)
{
    return apr_pstrcat(p, file->directive, "\n", file->name, "\n", file->key_name, NULL);
}

/* The next configuration may fall back to these. Not the one that httpd reads
 * only to see whether it can start. */
static void remember(const mcc_file_t *file, const good_octets_t *good, apr_pool_t *process_pool)
{
    generation_t *next = &retained()->next;
    good_octets_t *copy;
    int i;

    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return;
    }
    if (!next->pool) {
        apr_pool_create(&next->pool, process_pool);
        next->files = apr_hash_make(next->pool);
    }
    copy = apr_hash_get(next->files, key_of(file, next->pool), APR_HASH_KEY_STRING);
    if (copy) {
        OPENSSL_cleanse(copy->octets[0], copy->length[0]);
        OPENSSL_cleanse(copy->octets[1], copy->length[1]);
    }
    copy = apr_pmemdup(next->pool, good, sizeof(*good));
    for (i = 0; i < 2; i++) {
        copy->octets[i] = apr_pmemdup(next->pool, good->octets[i], good->length[i]);
    }
    apr_hash_set(next->files, key_of(file, next->pool), APR_HASH_KEY_STRING, copy);
}

static const good_octets_t *last_good(const mcc_file_t *file, apr_pool_t *ptemp)
{
    const retained_files_t *all = retained();

    /* Without this module in the configuration between, there is no last. */
    if (!all->last.pool || all->number + 1 != config_number()) {
        return NULL;
    }
    return apr_hash_get(all->last.files, key_of(file, ptemp), APR_HASH_KEY_STRING);
}

static apr_status_t free_signer(void *signer)
{
    client_cert_signer_free(signer);
    return APR_SUCCESS;
}

static apr_status_t free_anchors(void *anchors)
{
    client_cert_anchors_free(anchors);
    return APR_SUCCESS;
}

static apr_status_t free_crls(void *crls)
{
    client_cert_crls_free(crls);
    return APR_SUCCESS;
}

/* What octets are known by: what is made of them depends on nothing else. */
typedef struct {
    unsigned char digest[2][32];
    mcc_file_kind_t kind;
} content_key_t;

static int set_content_key(content_key_t *key, mcc_file_kind_t kind, const good_octets_t *octets)
{
    int done = 1;
    int i;

    memset(key, 0, sizeof(*key));
    key->kind = kind;
    for (i = 0; done && i < 2; i++) {
        done = !octets->octets[i]
               || EVP_Digest(octets->octets[i], octets->length[i], key->digest[i], NULL,
                             EVP_sha256(), NULL);
    }
    return done;
}

/* Make what is used of octets. It goes with the configuration. */
static client_cert_result make_objects(mcc_file_t *file, const good_octets_t *octets,
                                       apr_pool_t *pconf)
{
    client_cert_signer *signer = NULL;
    client_cert_anchors *anchors = NULL;
    client_cert_crls *crls = NULL;
    client_cert_result result = CLIENT_CERT_RESULT_INVALID_PARAMETER;
    apr_status_t (*release)(void *) = NULL;
    void *made = NULL;

    switch (file->kind) {
    case MCC_FILE_SIGNER:
        result = client_cert_signer_from_pem(octets->octets[0], octets->length[0],
                                             file->key_name ? octets->octets[1] : NULL,
                                             octets->length[1], &signer);
        made = signer;
        release = free_signer;
        break;
    case MCC_FILE_ANCHORS:
        result = client_cert_anchors_from_pem(octets->octets[0], octets->length[0], &anchors);
        made = anchors;
        release = free_anchors;
        break;
    case MCC_FILE_CRLS:
        result = client_cert_crls_from_pem(octets->octets[0], octets->length[0], &crls);
        made = crls;
        release = free_crls;
        break;
    }
    if (result != CLIENT_CERT_RESULT_OK) {
        return result;
    }
    apr_pool_cleanup_register(pconf, made, release, apr_pool_cleanup_null);
    file->signer = signer;
    file->anchors = anchors;
    file->crls = crls;
    return CLIENT_CERT_RESULT_OK;
}

/* Files with the same octets share what is made of them. */
static client_cert_result make(mcc_files_t *files, mcc_file_t *file, const good_octets_t *octets,
                               apr_pool_t *pconf)
{
    content_key_t key;
    int has_key = set_content_key(&key, file->kind, octets);
    const mcc_file_t *same = has_key ? apr_hash_get(files->by_content, &key, sizeof(key)) : NULL;
    client_cert_result result;

    if (same) {
        file->signer = same->signer;
        file->anchors = same->anchors;
        file->crls = same->crls;
    }
    else {
        result = make_objects(file, octets, pconf);
        if (result != CLIENT_CERT_RESULT_OK) {
            return result;
        }
        if (has_key) {
            apr_hash_set(files->by_content, apr_pmemdup(pconf, &key, sizeof(key)), sizeof(key),
                         apr_pmemdup(pconf, file, sizeof(*file)));
        }
    }
    file->read_at = octets->read_at;
    return CLIENT_CERT_RESULT_OK;
}

int mcc_file_is_unusable(const mcc_file_t *file)
{
    return !file->signer && !file->anchors && !file->crls;
}

/* What is wrong with the files as they are now, NULL if nothing is. */
static const char *read_now(mcc_file_t *file, const server_rec *s, apr_pool_t *pconf)
{
    const char *const names[2] = { file->name, file->key_name };
    client_cert_file *content[2] = { NULL, NULL };
    good_octets_t octets = { { NULL, NULL }, { 0, 0 }, apr_time_now() };
    char reason[CLIENT_CERT_REASON_SIZE];
    const char *fault = NULL;
    client_cert_result result;
    int i;

    for (i = 0; i < 2 && names[i] && !fault; i++) {
        const uint8_t *data = NULL;

        if (client_cert_file_read(names[i], &content[i], reason, sizeof(reason))
                != CLIENT_CERT_RESULT_OK
            || client_cert_file_octets(content[i], &data, &octets.length[i])
                   != CLIENT_CERT_RESULT_OK) {
            fault = apr_pstrcat(pconf, names[i], ": ", reason, NULL);
        }
        octets.octets[i] = (unsigned char *)data;
    }
    if (!fault) {
        result = make(files_of(s, pconf), file, &octets, pconf);
        if (result == CLIENT_CERT_RESULT_OK) {
            remember(file, &octets, s->process->pool);
        }
        else {
            fault = apr_pstrcat(pconf, file->names, ": ", client_cert_result_message(result), NULL);
        }
    }
    client_cert_file_free(content[0]);
    client_cert_file_free(content[1]);
    return fault;
}

/* 0 if there is none that can be used. */
static int use_last_good(mcc_file_t *file, const server_rec *s, apr_pool_t *pconf)
{
    const good_octets_t *last = last_good(file, pconf);

    if (!last || make(files_of(s, pconf), file, last, pconf) != CLIENT_CERT_RESULT_OK) {
        return 0;
    }
    remember(file, last, s->process->pool);
    return 1;
}

const char *mcc_file_read(cmd_parms *cmd, mcc_file_kind_t kind, const char *word,
                          const char *key_word, mcc_file_t **file)
{
    mcc_files_t *files = files_of(cmd->server, cmd->pool);
    const char *name = ap_server_root_relative(cmd->pool, word);
    const char *key_name = key_word ? ap_server_root_relative(cmd->pool, key_word) : NULL;
    const char *fault;
    mcc_file_t *made;

    if (!name || (key_word && !key_name)) {
        return mcc_fault(cmd, "%s: invalid path", name ? key_word : word);
    }
    made = apr_pcalloc(cmd->pool, sizeof(*made));
    made->kind = kind;
    made->directive = cmd->cmd->name;
    made->name = name;
    made->key_name = key_name;
    made->names = key_name ? apr_pstrcat(cmd->pool, name, " ", key_name, NULL) : name;
    made->place =
        apr_psprintf(cmd->pool, "%s:%d", cmd->directive->filename, cmd->directive->line_num);
    *file = apr_hash_get(files->by_name, key_of(made, cmd->temp_pool), APR_HASH_KEY_STRING);
    if (*file) {
        return NULL;
    }
    fault = read_now(made, cmd->server, cmd->pool);
    if (fault && !mcc_restarts()) {
        return mcc_fault(cmd, "%s", fault);
    }
    if (fault) {
        made->fault = fault;
        use_last_good(made, cmd->server, cmd->pool);
    }
    apr_hash_set(files->by_name, key_of(made, cmd->pool), APR_HASH_KEY_STRING, made);
    APR_ARRAY_PUSH(files->all, mcc_file_t *) = made;
    *file = made;
    return NULL;
}

int mcc_file_fall_back(mcc_file_t *file, const char *fault, server_rec *s)
{
    if (!mcc_restarts() || file->fault || !use_last_good(file, s, s->process->pconf)) {
        return 0;
    }
    file->fault = apr_pstrcat(s->process->pconf, file->names, ": ", fault, NULL);
    return 1;
}

static const char *time_of(apr_time_t time, apr_pool_t *p)
{
    char text[64];
    apr_size_t length = 0;
    apr_time_exp_t parts;

    if (apr_time_exp_lt(&parts, time) != APR_SUCCESS
        || apr_strftime(text, &length, sizeof(text), "%Y-%m-%d %H:%M:%S", &parts) != APR_SUCCESS) {
        return "before";
    }
    return apr_pstrmemdup(p, text, length);
}

int mcc_files_report(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    const apr_array_header_t *all = files_of(s, pconf)->all;
    int i;

    (void)plog;
    for (i = 0; i < all->nelts; i++) {
        const mcc_file_t *file = APR_ARRAY_IDX(all, i, const mcc_file_t *);

        if (file->fault && mcc_file_is_unusable(file)) {
            ap_log_error(APLOG_MARK, APLOG_ERR, 0, s,
                         "%s (%s): %s; none was read before for this directive: "
                         "requests that need it are answered 500",
                         file->directive, file->place, file->fault);
        }
        else if (file->fault) {
            ap_log_error(APLOG_MARK, APLOG_ERR, 0, s,
                         "%s (%s): %s; what was read of it at %s stays in use", file->directive,
                         file->place, file->fault, time_of(file->read_at, ptemp));
        }
    }
    return OK;
}

typedef struct {
    server_rec *server;
    const mcc_file_t *file;
} file_warning_t;

static void warn_of_line(void *context, size_t number, const char *line)
{
    const file_warning_t *warning = context;
    const mcc_file_t *file = warning->file;

    (void)number;
    ap_log_error(APLOG_MARK, APLOG_WARNING, 0, warning->server, "%s %s (%s): %s; %s",
                 file->directive, file->names, file->place, line,
                 file->anchors ? "nothing is accepted by it"
                               : "no signer of this issuer is accepted");
}

int mcc_files_warn(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    const apr_array_header_t *all = files_of(s, pconf)->all;
    apr_int64_t now = apr_time_sec(apr_time_now());
    int i;

    (void)plog;
    (void)ptemp;
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    for (i = 0; i < all->nelts; i++) {
        const mcc_file_t *file = APR_ARRAY_IDX(all, i, const mcc_file_t *);
        file_warning_t warning = { s, file };
        client_cert_listener listener = { warn_of_line, &warning };

        if (file->anchors) {
            (void)client_cert_anchors_warnings(file->anchors, now, &listener);
        }
        if (file->crls) {
            (void)client_cert_crls_warnings(file->crls, now, &listener);
        }
    }
    return OK;
}

int mcc_files_retain(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    retained_files_t *all = retained();

    (void)pconf;
    (void)plog;
    (void)ptemp;
    (void)s;
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    forget(&all->last);
    all->last = all->next;
    all->number = config_number();
    memset(&all->next, 0, sizeof(all->next));
    return OK;
}
