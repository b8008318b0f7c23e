/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Functions of the core that panic: each call of one gives
 * CLIENT_CERT_RESULT_PANIC, and no more. Its first instructions in the module
 * under test are replaced, which are where the symbol table says.
 *
 * The environment's PANIC_AT has an offset for the start. The handler "panic"
 * takes one from its query: /?OFFSET, and / for none.
 */

#define _GNU_SOURCE

#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <httpd.h>
#include <http_config.h>
#include <http_protocol.h>

#include "client_cert.h"

#if defined(__x86_64__)
/* mov eax, RESULT; ret */
static const unsigned char panics[] = { 0xb8, CLIENT_CERT_RESULT_PANIC, 0, 0, 0, 0xc3 };
#elif defined(__aarch64__)
/* mov w0, RESULT; ret */
static const uint32_t panics[] = { 0x52800000 | CLIENT_CERT_RESULT_PANIC << 5, 0xd65f03c0 };
#else
static const unsigned char panics[0];
#endif

static unsigned char *changed;
static unsigned char before[sizeof(panics)];

static int find(struct dl_phdr_info *info, size_t size, void *base)
{
    (void)size;
    if (!strstr(info->dlpi_name, "mod_client_cert")) {
        return 0;
    }
    *(uintptr_t *)base = info->dlpi_addr;
    return 1;
}

static int write_code(unsigned char *at, const void *code)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t begin = (uintptr_t)at & ~(page - 1);
    size_t length = (uintptr_t)at + sizeof(panics) - begin;

    if (mprotect((void *)begin, length, PROT_READ | PROT_WRITE | PROT_EXEC)) {
        return 0;
    }
    memcpy(at, code, sizeof(panics));
    __builtin___clear_cache((char *)at, (char *)at + sizeof(panics));
    return 1;
}

/* Whether the function there panics from now on, and no other. */
static int panic_at(const char *offset)
{
    uintptr_t base = 0;

    if (changed) {
        write_code(changed, before);
        changed = NULL;
    }
    if (!offset) {
        return 1;
    }
    if (!sizeof(panics) || !dl_iterate_phdr(find, &base)) {
        return 0;
    }
    changed = (unsigned char *)(base + strtoul(offset, NULL, 16));
    memcpy(before, changed, sizeof(before));
    return write_code(changed, panics);
}

static int handler(request_rec *r)
{
    if (!r->handler || strcmp(r->handler, "panic")) {
        return DECLINED;
    }
    if (!panic_at(r->args)) {
        return HTTP_NOT_IMPLEMENTED;
    }
    ap_rputs("done\n", r);
    return OK;
}

/* When all modules are loaded, before their directives are read. */
static int pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp)
{
    const char *offset = getenv("PANIC_AT");

    (void)pconf;
    (void)plog;
    (void)ptemp;
    /* The module may have been loaded anew. */
    changed = NULL;
    return !offset || panic_at(offset) ? OK : HTTP_INTERNAL_SERVER_ERROR;
}

static void hooks(apr_pool_t *pool)
{
    (void)pool;
    ap_hook_pre_config(pre_config, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_handler(handler, NULL, NULL, APR_HOOK_REALLY_FIRST);
}

AP_DECLARE_MODULE(panic_test) = { STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, hooks,
                                  AP_MODULE_FLAG_NONE };
