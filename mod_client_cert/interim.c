/* SPDX-License-Identifier: Apache-2.0 */

#include "interim.h"

#include <string.h>

#include <http_log.h>
#include <http_protocol.h>
#include <util_filter.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "config.h"
#include "often.h"

APLOG_USE_MODULE(client_cert);

/* More than httpd reads of a backend's response head by its own limits. */
#define MAX_HEAD (1024 * 1024)

static ap_filter_rec_t *interim_filter;

/** One filter a connection: its requests come one after the other. Nothing here
 *  is a request's, for one may be freed while it passes. */
typedef struct {
    int heads;               /**< what passes is heads: the response proper to the
                              *   request at hand has not begun */
    const mcc_names *names;  /**< ours */
    apr_pool_t *pool;        /**< for one head; NULL before the first */
    char *head;              /**< what there is of it */
    apr_size_t length;
    apr_size_t allocated;
    apr_bucket_brigade *out; /**< what goes on; empty between two calls */
} interim_watch;

/** A field of a head, with the lines that continue it, or the head's first
 *  line, or the empty line at its end. */
typedef struct {
    const char *start;
    apr_size_t length;
    const char *name; /**< NULL if it has none */
    const char *value;
} head_field;

/* False at the end. */
static int next_field(apr_pool_t *p, const char **at, const char *end,
                      head_field *field)
{
    const char *next = *at;
    const char *colon;

    if (next == end) {
        return 0;
    }
    do {
        const char *newline = memchr(next, '\n', (apr_size_t)(end - next));

        next = newline ? newline + 1 : end;
    } while (next < end && (*next == ' ' || *next == '\t'));

    field->start = *at;
    field->length = (apr_size_t)(next - *at);
    field->name = field->value = NULL;
    colon = memchr(*at, ':', field->length);
    if (colon) {
        const char *name_end = colon;

        while (name_end > *at && apr_isspace(name_end[-1])) {
            name_end--;
        }
        field->name = apr_pstrmemdup(p, *at, (apr_size_t)(name_end - *at));
        field->value = apr_pstrmemdup(p, colon + 1,
                                      (apr_size_t)(next - colon - 1));
    }
    *at = next;
    return 1;
}

static int is_vary(const head_field *field)
{
    return field->name && !ap_cstr_casecmp(field->name, "Vary");
}

static int varies_by_ours(apr_pool_t *p, const char *head, const char *end,
                          const mcc_names *names)
{
    head_field field;

    while (next_field(p, &head, end, &field)) {
        if (is_vary(&field) && mcc_names_listed(names, p, field.value)) {
            return 1;
        }
    }
    return 0;
}

/* The same head without our headers, and with an honest Vary. */
static const char *cleaned(apr_pool_t *p, const char *head, apr_size_t length,
                           const mcc_names *names, apr_size_t *kept)
{
    static const char vary[] = "Vary: *\r\n";
    const char *end = head + length;
    int varies = varies_by_ours(p, head, end, names);
    char *output = apr_palloc(p, length + sizeof(vary));
    char *out = output;
    head_field field;

    while (next_field(p, &head, end, &field)) {
        if (field.name && mcc_names_contain(names, field.name)) {
            continue;
        }
        if (varies && is_vary(&field)) {
            continue;
        }
        memcpy(out, field.start, field.length);
        out += field.length;
        if (varies && field.start == end - length) {
            memcpy(out, vary, sizeof(vary) - 1);
            out += sizeof(vary) - 1;
        }
    }
    *kept = (apr_size_t)(out - output);
    return output;
}

/* How much of what there is belongs to the head; 0 if its end is not there. */
static apr_size_t end_of_head(const char *head, apr_size_t length)
{
    const char *end = head + length;
    const char *at = head;

    while ((at = memchr(at, '\n', (apr_size_t)(end - at)))) {
        at++;
        if (at < end && *at == '\n') {
            return (apr_size_t)(at + 1 - head);
        }
        if (end - at >= 2 && at[0] == '\r' && at[1] == '\n') {
            return (apr_size_t)(at + 2 - head);
        }
    }
    return 0;
}

/* Whether it may be the beginning of one. */
static int is_head(const char *head, apr_size_t length)
{
    static const char start[] = "HTTP/";

    return !memcmp(head, start,
                   length < sizeof(start) - 1 ? length : sizeof(start) - 1);
}

/* Whether another head follows: not after a switch of protocols. */
static int is_interim(const char *head, apr_size_t length)
{
    const char *space = memchr(head, ' ', length);
    apr_size_t left = space ? length - (apr_size_t)(space - head) : 0;

    return left > 3 && space[1] == '1' && strncmp(space + 1, "101", 3);
}

static void forget_head(interim_watch *watch)
{
    watch->head = NULL;
    watch->length = watch->allocated = 0;
    if (watch->pool) {
        apr_pool_clear(watch->pool);
    }
}

/* Puts so much of what there is into what goes on, as it came or cleaned. */
static void pass_head(interim_watch *watch, apr_size_t length, int clean)
{
    const char *head = watch->head;

    if (!length) {
        return;
    }
    if (clean) {
        head = cleaned(watch->pool, head, length, watch->names, &length);
    }
    APR_BRIGADE_INSERT_TAIL(watch->out,
                            apr_bucket_heap_create(head, length, NULL,
                                                   watch->out->bucket_alloc));
    forget_head(watch);
}

static void add_to_head(interim_watch *watch, const char *data, apr_size_t length)
{
    if (!watch->pool) {
        apr_pool_create(&watch->pool, watch->out->p);
    }
    if (watch->length + length > watch->allocated) {
        char *head;

        watch->allocated = 2 * (watch->length + length);
        head = apr_palloc(watch->pool, watch->allocated);
        if (watch->length) {
            memcpy(head, watch->head, watch->length);
        }
        watch->head = head;
    }
    memcpy(watch->head + watch->length, data, length);
    watch->length += length;
}

/* Takes the first bucket, which has data, as far as the head goes. */
static apr_status_t take_data(interim_watch *watch, conn_rec *c, apr_bucket *b)
{
    apr_size_t before = watch->length;
    const char *data;
    apr_size_t length;
    apr_size_t end;
    apr_status_t status = apr_bucket_read(b, &data, &length, APR_BLOCK_READ);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (!length) {
        apr_bucket_delete(b);
        return APR_SUCCESS;
    }
    add_to_head(watch, data, length);
    if (!is_head(watch->head, watch->length)) {
        /* Nothing that we know anything of. */
        pass_head(watch, watch->length, 0);
        watch->heads = 0;
    }
    else if ((end = end_of_head(watch->head, watch->length))) {
        int more = is_interim(watch->head, end);

        if (end - before < length) {
            apr_bucket_split(b, end - before);
        }
        pass_head(watch, end, 1);
        if (!more) {
            watch->heads = 0;
        }
    }
    else if (watch->length > MAX_HEAD) {
        ap_log_cerror(APLOG_MARK, APLOG_ERR, 0, c,
                      "a response has a head of more than %d bytes: the "
                      "connection ends", MAX_HEAD);
        c->aborted = 1;
        return APR_ECONNABORTED;
    }
    apr_bucket_delete(b);
    return APR_SUCCESS;
}

static MCC_SELDOM apr_status_t write_heads(ap_filter_t *f,
                                           apr_bucket_brigade *bb)
{
    interim_watch *watch = f->ctx;
    apr_status_t status = APR_SUCCESS;

    while (watch->heads && status == APR_SUCCESS && !APR_BRIGADE_EMPTY(bb)) {
        apr_bucket *b = APR_BRIGADE_FIRST(bb);

        if (!APR_BUCKET_IS_METADATA(b)) {
            status = take_data(watch, f->c, b);
        }
        else if (!APR_BUCKET_IS_FLUSH(b)) {
            /* The end of the request, or of the connection. */
            pass_head(watch, watch->length, 1);
            watch->heads = 0;
        }
        else if (watch->length) {
            apr_bucket_delete(b);
        }
        else {
            APR_BUCKET_REMOVE(b);
            APR_BRIGADE_INSERT_TAIL(watch->out, b);
        }
    }
    APR_BRIGADE_CONCAT(watch->out, bb);
    if (status == APR_SUCCESS && !APR_BRIGADE_EMPTY(watch->out)) {
        status = ap_pass_brigade(f->next, watch->out);
    }
    apr_brigade_cleanup(watch->out);
    return status;
}

static apr_status_t write_connection(ap_filter_t *f, apr_bucket_brigade *bb)
{
    return ((const interim_watch *)f->ctx)->heads
        ? write_heads(f, bb) : ap_pass_brigade(f->next, bb);
}

void mcc_interim_register(void)
{
    interim_filter = ap_register_output_filter("CLIENT_CERT_INTERIM",
                                               write_connection, NULL,
                                               AP_FTYPE_CONNECTION);
}

static interim_watch *watch_of(const conn_rec *c)
{
    ap_filter_t *f;

    for (f = c->output_filters; f; f = f->next) {
        if (f->frec == interim_filter) {
            return f->ctx;
        }
    }
    return NULL;
}

void mcc_interim_watch(const request_rec *r)
{
    conn_rec *c = r->connection;
    interim_watch *watch;

    if (r->main) {
        return;
    }
    watch = watch_of(c);
    if (!watch) {
        watch = apr_pcalloc(c->pool, sizeof(*watch));
        watch->names = &mcc_server_config_of(r->server)->global->our_names;
        watch->out = apr_brigade_create(c->pool, c->bucket_alloc);
        ap_add_output_filter_handle(interim_filter, watch, NULL, c);
    }
    if (watch->length) {
        forget_head(watch);
    }
    watch->heads = 1;
}

void mcc_interim_end(const request_rec *r)
{
    interim_watch *watch = r->main ? NULL : watch_of(r->connection);

    if (watch) {
        watch->heads = 0;
    }
}
