/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Faults for a control: what a sanitizer has to report. The handler "planted"
 * runs the one that the query names.
 */

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <httpd.h>
#include <http_config.h>
#include <http_protocol.h>

/* planted.rs: 0 unless it panicked. */
int planted_rust_heap(size_t index);
int planted_rust_overflow(int number);
int planted_rust_race(void);

/* The compiler is not to know. */
static volatile size_t sixteen = 16;
static volatile int largest = 2147483647;
static void *volatile lost;
static int counter;

static int planted_heap(void)
{
    char *buffer = malloc(sixteen);

    buffer[sixteen] = 'x';
    lost = buffer;
    return 0;
}

static int planted_overflow(void)
{
    largest = largest + (int)sixteen;
    return 0;
}

static int planted_branch(void)
{
    int *numbers;

    lost = malloc(sixteen * sizeof(int));
    numbers = lost;
    if (numbers[1] == 7) {
        lost = NULL;
    }
    free(numbers);
    return 0;
}

static void *count(void *nothing)
{
    int i;

    for (i = 0; i < 100000; i++) {
        counter++;
    }
    return nothing;
}

static int planted_race(void)
{
    pthread_t other;

    if (pthread_create(&other, NULL, count, NULL)) {
        return 1;
    }
    count(NULL);
    return pthread_join(other, NULL);
}

static int handler(request_rec *r)
{
    int failed;

    if (!r->handler || strcmp(r->handler, "planted") || !r->args) {
        return DECLINED;
    }
    if (!strcmp(r->args, "heap")) {
        failed = planted_heap();
    }
    else if (!strcmp(r->args, "overflow")) {
        failed = planted_overflow();
    }
    else if (!strcmp(r->args, "branch")) {
        failed = planted_branch();
    }
    else if (!strcmp(r->args, "race")) {
        failed = planted_race();
    }
    else if (!strcmp(r->args, "rust_heap")) {
        failed = planted_rust_heap(sixteen);
    }
    else if (!strcmp(r->args, "rust_overflow")) {
        failed = planted_rust_overflow(largest);
    }
    else if (!strcmp(r->args, "rust_race")) {
        failed = planted_rust_race();
    }
    else {
        return DECLINED;
    }
    ap_rputs("done\n", r);
    return failed ? HTTP_INTERNAL_SERVER_ERROR : OK;
}

static void hooks(apr_pool_t *pool)
{
    (void)pool;
    ap_hook_handler(handler, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(planted_test) = { STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, hooks,
                                    AP_MODULE_FLAG_NONE };
