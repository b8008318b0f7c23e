/* SPDX-License-Identifier: Apache-2.0 */

#include "forward/tunnel.h"

#include <http_log.h>

#include <apr_hash.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "config/config.h"
#include "config/directive_util.h"

APLOG_USE_MODULE(client_cert);

const char *mcc_see_ws_fallback(cmd_parms *cmd, void *dir, int on)
{
    ((mcc_dir_config_t *)dir)->ws_fallback = on;
    return mcc_without_module(cmd, "mod_proxy_wstunnel.c");
}

/* As mod_proxy_wstunnel reads them. */
static int is_websocket(const char *url)
{
    return !ap_cstr_casecmpn(url, "ws:", 3) || !ap_cstr_casecmpn(url, "wss:", 4);
}

int mcc_tunnel_serves(const request_rec *r, const char *url)
{
    const mcc_global_t *global = mcc_server_config_of(r->server)->global;

    return global->tunnels && is_websocket(url)
           && (!global->proxies_http || !mcc_dir_config_of(r)->ws_fallback);
}

/** What is known of a server before its backends are looked at. */
typedef struct {
    server_rec *server;
    /** sections with ProxyWebsocketFallbackToProxyHttp, on and off; NULL if there
     *  are none */
    const ap_directive_t *on, *off;
    /** ProxyPassInherit; -1 where unset */
    int inherits;
} server_facts_t;

/** Which servers have what stands in the main server. */
typedef enum {
    INHERITED_BY_NONE,
    INHERITED_BY_PROXY_PASS_INHERIT,
    INHERITED_BY_ALL,
    INHERITANCES
} inheritance_t;

/** A directive that names a backend. */
typedef struct {
    const ap_directive_t *directive;
    const char *url;       /**< ws:, wss: or balancer: */
    server_facts_t *facts; /**< of the server in which it stands */
    /** ProxyWebsocketFallbackToProxyHttp in the section around it; -1 where unset */
    int fallback;
    inheritance_t inherited;
} named_backend_t;

typedef struct {
    apr_pool_t *pool;
    server_rec *main_server;
    const mcc_global_t *global;
    apr_hash_t *hosts;            /**< FILE:LINE of <VirtualHost> to server_facts */
    apr_array_header_t *servers;  /**< (server_facts *) the main server's first */
    apr_array_header_t *backends; /**< (named_backend_t) */
    /** "SERVER NAME" of balancers with a member that is ws: or wss: */
    apr_hash_t *balancers;
    /** find_heir()'s answers, by what they depend on, and whether it was asked */
    struct {
        const server_facts_t *heir;
        int known;
    } heirs[INHERITANCES][3];
} configuration_t;

/* Where a directive stands. */
typedef struct {
    server_facts_t *facts;
    int fallback;
    int in_section;
    const char *balancer; /**< in <Proxy balancer://NAME>, else NULL */
} place_t;

static int is_named(const ap_directive_t *directive, const char *name)
{
    return !ap_cstr_casecmp(directive->directive, name);
}

static const char *word_of(configuration_t *c, const char **args)
{
    return ap_getword_conf(c->pool, args);
}

/* A word's URL, if it is one that matters here: of a handler, or behind the path of
 * a socket, too. */
static const char *url_of(const char *word)
{
    const char *behind_socket;

    if (!ap_cstr_casecmpn(word, "proxy:", 6)) {
        word += 6;
    }
    if (!ap_cstr_casecmpn(word, "unix:", 5) && (behind_socket = strchr(word, '|'))) {
        word = behind_socket + 1;
    }
    return is_websocket(word) || !ap_cstr_casecmpn(word, "balancer:", 9) ? word : NULL;
}

static const char *balancer_key(configuration_t *c, const server_rec *s, const char *url)
{
    const char *name = url + strlen("balancer:");
    char *key;

    name += strspn(name, "/");
    /* <Proxy has its '>' at the end. */
    key = apr_psprintf(c->pool, "%pp %.*s", s, (int)strcspn(name, "/>"), name);
    ap_str_tolower(key);
    return key;
}

/* Whether a URL's requests may come to the tunnel. */
static int is_ours_to_check(configuration_t *c, const server_facts_t *facts, const char *url)
{
    return is_websocket(url)
           || apr_hash_get(c->balancers, balancer_key(c, facts->server, url), APR_HASH_KEY_STRING)
           || apr_hash_get(c->balancers, balancer_key(c, c->main_server, url), APR_HASH_KEY_STRING);
}

/* Whether RewriteRule's flags send the request to a proxy. Else a URL is one to
 * which the client is redirected. */
static int proxies(configuration_t *c, const char *flags)
{
    char *state;
    char *flag = apr_strtok(apr_pstrdup(c->pool, flags), "[], \t", &state);

    for (; flag; flag = apr_strtok(NULL, "[], \t", &state)) {
        if (!ap_cstr_casecmp(flag, "P") || !ap_cstr_casecmp(flag, "proxy")) {
            return 1;
        }
    }
    return 0;
}

/* What a directive does with its words, as far as it matters here. */
typedef enum {
    MAPS_PATH,     /* [path] URL */
    HAS_MEMBER,    /* [balancer] URL */
    NAMES_HANDLER, /* proxy:URL */
    REWRITES,      /* pattern URL flags */
    INHERITS,      /* on|off */
} effect_t;

static int find_effect(const char *name, effect_t *what)
{
    static const struct {
        const char *name;
        effect_t what;
    } effects[] = {
        { "ProxyPass", MAPS_PATH },       { "ProxyPassMatch", MAPS_PATH },
        { "BalancerMember", HAS_MEMBER }, { "SetHandler", NAMES_HANDLER },
        { "AddHandler", NAMES_HANDLER },  { "RewriteRule", REWRITES },
        { "ProxyPassInherit", INHERITS },
    };
    size_t i;

    for (i = 0; i < sizeof(effects) / sizeof(effects[0]); i++) {
        if (!ap_cstr_casecmp(name, effects[i].name)) {
            *what = effects[i].what;
            return 1;
        }
    }
    return 0;
}

static void look_at(configuration_t *c, const ap_directive_t *directive, const place_t *at)
{
    const char *args = directive->args;
    inheritance_t inherited = at->in_section ? INHERITED_BY_ALL : INHERITED_BY_NONE;
    const char *first, *second, *balancer, *url = NULL;
    effect_t what;

    if (!find_effect(directive->directive, &what)) {
        return;
    }
    first = word_of(c, &args);
    second = word_of(c, &args);
    switch (what) {
    case MAPS_PATH:
        url = url_of(first);
        if (!url) {
            url = url_of(second);
        }
        if (!at->in_section) {
            inherited = INHERITED_BY_PROXY_PASS_INHERIT;
        }
        break;
    case HAS_MEMBER:
        balancer = at->balancer;
        if (!ap_cstr_casecmpn(first, "balancer:", 9)) {
            balancer = first;
            first = second;
        }
        url = url_of(first);
        if (url && balancer) {
            apr_hash_set(c->balancers, balancer_key(c, at->facts->server, balancer),
                         APR_HASH_KEY_STRING, url);
        }
        /* Those who name the balancer are looked at themselves. */
        inherited = INHERITED_BY_NONE;
        break;
    case NAMES_HANDLER:
        url = ap_cstr_casecmpn(first, "proxy:", 6) ? NULL : url_of(first);
        inherited = INHERITED_BY_ALL;
        break;
    case REWRITES:
        url = proxies(c, word_of(c, &args)) ? url_of(second) : NULL;
        break;
    case INHERITS:
        at->facts->inherits = ap_cstr_casecmp(first, "off") != 0;
        break;
    }
    if (url) {
        named_backend_t *backend = apr_array_push(c->backends);

        backend->directive = directive;
        backend->url = url;
        backend->facts = at->facts;
        backend->fallback = at->fallback;
        backend->inherited = inherited;
    }
}

/* What a section itself says. */
static int fallback_in(configuration_t *c, const ap_directive_t *directive, int fallback)
{
    for (; directive; directive = directive->next) {
        if (is_named(directive, "ProxyWebsocketFallbackToProxyHttp")) {
            const char *args = directive->args;

            fallback = ap_cstr_casecmp(word_of(c, &args), "off") != 0;
        }
    }
    return fallback;
}

static void look_through(configuration_t *c, const ap_directive_t *directive, const place_t *at)
{
    for (; directive; directive = directive->next) {
        place_t inside = *at;

        if (*directive->directive != '<') {
            look_at(c, directive, at);
            continue;
        }
        if (is_named(directive, "<VirtualHost")) {
            inside.facts = apr_hash_get(
                c->hosts, apr_psprintf(c->pool, "%s:%d", directive->filename, directive->line_num),
                APR_HASH_KEY_STRING);
            if (inside.facts) {
                look_through(c, directive->first_child, &inside);
            }
            continue;
        }
        inside.in_section = 1;
        inside.fallback = fallback_in(c, directive->first_child, at->fallback);
        if (inside.fallback == 0) {
            at->facts->off = directive;
        }
        else if (inside.fallback == 1) {
            at->facts->on = directive;
        }
        if (is_named(directive, "<Proxy")) {
            const char *args = directive->args;
            const char *url = word_of(c, &args);

            inside.balancer = ap_cstr_casecmpn(url, "balancer:", 9) ? NULL : url;
        }
        look_through(c, directive->first_child, &inside);
    }
}

/* Whether a server's requests to this backend would go through the tunnel, as far
 * as that shows before there are any. Which sections apply to a request of
 * ProxyPass does not: so the setting is not to be off in any. If it is on in some,
 * mcc_tunnel_serves() decides. */
static int tunnels(const configuration_t *c, const server_facts_t *facts,
                   const named_backend_t *backend)
{
    const server_facts_t *main_facts = APR_ARRAY_IDX(c->servers, 0, server_facts_t *);
    const mcc_dir_config_t *whole =
        ap_get_module_config(facts->server->lookup_defaults, &client_cert_module);

    if (!mcc_server_config_of(facts->server)->forwards) {
        return 0;
    }
    if (!c->global->proxies_http || backend->fallback >= 0) {
        return !c->global->proxies_http || !backend->fallback;
    }
    return facts->off || main_facts->off || (!whole->ws_fallback && !facts->on && !main_facts->on);
}

static int complain(const configuration_t *c, const server_facts_t *facts,
                    const named_backend_t *backend)
{
    ap_log_error(APLOG_MARK, APLOG_EMERG, 0, facts->server,
                 "ClientCertForward: %s (%s:%d): mod_proxy_wstunnel's own tunnel "
                 "would serve %s, in which the client could speak as this proxy: "
                 "%s",
                 backend->directive->directive, backend->directive->filename,
                 backend->directive->line_num, backend->url,
                 c->global->proxies_http ? "it needs ProxyWebsocketFallbackToProxyHttp on"
                                         : "it needs mod_proxy_http, which is not loaded");
    return 0;
}

static void add_server(configuration_t *c, server_rec *s)
{
    server_facts_t *facts = apr_pcalloc(c->pool, sizeof(*facts));

    facts->server = s;
    facts->inherits = s == c->main_server ? 1 : -1;
    APR_ARRAY_PUSH(c->servers, server_facts_t *) = facts;
    if (s->is_virtual && s->defn_name) {
        apr_hash_set(c->hosts, apr_psprintf(c->pool, "%s:%u", s->defn_name, s->defn_line_number),
                     APR_HASH_KEY_STRING, facts);
    }
}

static const server_facts_t *search_heir(const configuration_t *c, const named_backend_t *backend)
{
    const server_facts_t *main_facts = APR_ARRAY_IDX(c->servers, 0, server_facts_t *);
    int i;

    for (i = 1; i < c->servers->nelts; i++) {
        const server_facts_t *facts = APR_ARRAY_IDX(c->servers, i, server_facts_t *);

        if ((backend->inherited == INHERITED_BY_ALL
             || (facts->inherits < 0 ? main_facts->inherits : facts->inherits))
            && tunnels(c, facts, backend)) {
            return facts;
        }
    }
    return NULL;
}

/* A server for which a backend that is named in the main server is a tunnel; NULL
 * if there is none. */
static const server_facts_t *find_heir(configuration_t *c, const named_backend_t *backend)
{
    if (backend->facts->server != c->main_server || backend->inherited == INHERITED_BY_NONE) {
        return NULL;
    }
    if (!c->heirs[backend->inherited][backend->fallback + 1].known) {
        c->heirs[backend->inherited][backend->fallback + 1].known = 1;
        c->heirs[backend->inherited][backend->fallback + 1].heir = search_heir(c, backend);
    }
    return c->heirs[backend->inherited][backend->fallback + 1].heir;
}

int mcc_tunnel_check(server_rec *main_server, apr_pool_t *ptemp)
{
    configuration_t c;
    place_t at = { NULL, -1, 0, NULL };
    server_rec *s;
    int i;

    memset(&c, 0, sizeof(c));
    c.pool = ptemp;
    c.main_server = main_server;
    c.global = mcc_server_config_of(main_server)->global;
    if (!c.global->forwards || !c.global->tunnels) {
        return 1;
    }
    c.hosts = apr_hash_make(ptemp);
    c.servers = apr_array_make(ptemp, 16, sizeof(server_facts_t *));
    c.backends = apr_array_make(ptemp, 16, sizeof(named_backend_t));
    c.balancers = apr_hash_make(ptemp);
    for (s = main_server; s; s = s->next) {
        add_server(&c, s);
    }
    at.facts = APR_ARRAY_IDX(c.servers, 0, server_facts_t *);
    look_through(&c, ap_conftree, &at);

    for (i = 0; i < c.backends->nelts; i++) {
        const named_backend_t *backend = &APR_ARRAY_IDX(c.backends, i, named_backend_t);
        const server_facts_t *facts = backend->facts;

        if (!is_ours_to_check(&c, facts, backend->url)) {
            continue;
        }
        if (!tunnels(&c, facts, backend)) {
            facts = find_heir(&c, backend);
        }
        if (facts) {
            return complain(&c, facts, backend);
        }
    }
    return 1;
}
