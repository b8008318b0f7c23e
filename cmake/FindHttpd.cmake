# SPDX-License-Identifier: Apache-2.0
#
# Finds the httpd that the module is built for, as its own apxs describes it.
#
#   APXS                cache variable: the apxs to ask, when the first one in
#                       PATH is not that of the wanted httpd
#   Httpd_LIBEXECDIR    where that httpd keeps its modules
#   Httpd_VERSION       its version
#   Httpd::Httpd        the headers of httpd, APR and APR-util

find_program(APXS NAMES apxs apxs2 DOC "apxs of the httpd to build for")
if(NOT APXS)
    message(FATAL_ERROR "apxs was not found: install apache2-dev, or set -DAPXS=/path/to/apxs")
endif()

function(httpd_query variable name)
    execute_process(
        COMMAND "${APXS}" -q "${name}"
        OUTPUT_VARIABLE answer
        OUTPUT_STRIP_TRAILING_WHITESPACE
        ERROR_VARIABLE complaint
        RESULT_VARIABLE status)
    if(NOT status EQUAL 0)
        message(FATAL_ERROR "${APXS} -q ${name} failed: install apache2-dev and apache2-bin\n${complaint}")
    endif()
    set(${variable} "${answer}" PARENT_SCOPE)
endfunction()

httpd_query(Httpd_INCLUDEDIR INCLUDEDIR)
httpd_query(Httpd_LIBEXECDIR LIBEXECDIR)
httpd_query(httpd_cppflags EXTRA_CPPFLAGS)
httpd_query(apr_config APR_CONFIG)
httpd_query(apu_config APU_CONFIG)

# An httpd whose mod_ssl shows its SSL to other modules has mod_ssl_openssl.h;
# Debian packs it apart from the other headers.
foreach(wanted IN ITEMS "httpd.h apache2-dev" "mod_ssl_openssl.h apache2-ssl-dev")
    string(REPLACE " " ";" wanted "${wanted}")
    list(GET wanted 0 header)
    list(GET wanted 1 package)
    if(NOT EXISTS "${Httpd_INCLUDEDIR}/${header}")
        message(FATAL_ERROR "${Httpd_INCLUDEDIR}/${header} was not found: install ${package}")
    endif()
endforeach()

set(httpd_version "")
foreach(part IN ITEMS MAJORVERSION MINORVERSION PATCHLEVEL)
    file(STRINGS "${Httpd_INCLUDEDIR}/ap_release.h" line
        REGEX "define +AP_SERVER_${part}_NUMBER +[0-9]+")
    string(REGEX MATCH "[0-9]+" number "${line}")
    list(APPEND httpd_version "${number}")
endforeach()
list(JOIN httpd_version "." Httpd_VERSION)
if(Httpd_VERSION VERSION_LESS Httpd_FIND_VERSION)
    message(FATAL_ERROR "httpd ${Httpd_VERSION} is too old, ${Httpd_FIND_VERSION} is needed: install a newer apache2-dev")
endif()

set(httpd_includes "${Httpd_INCLUDEDIR}")
foreach(config IN ITEMS "${apr_config}" "${apu_config}")
    execute_process(
        COMMAND "${config}" --includedir
        OUTPUT_VARIABLE directory
        OUTPUT_STRIP_TRAILING_WHITESPACE
        RESULT_VARIABLE status)
    if(NOT status EQUAL 0)
        message(FATAL_ERROR "\"${config} --includedir\" failed: install libapr1-dev and libaprutil1-dev")
    endif()
    list(APPEND httpd_includes "${directory}")
endforeach()
list(REMOVE_DUPLICATES httpd_includes)

# APR's flags decide the size of off_t: without them structures shared with
# httpd would be laid out differently.
execute_process(
    COMMAND "${apr_config}" --cppflags
    OUTPUT_VARIABLE apr_cppflags
    OUTPUT_STRIP_TRAILING_WHITESPACE)
separate_arguments(httpd_flags UNIX_COMMAND "${httpd_cppflags} ${apr_cppflags}")
list(REMOVE_DUPLICATES httpd_flags)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Httpd
    REQUIRED_VARS Httpd_INCLUDEDIR Httpd_LIBEXECDIR
    VERSION_VAR Httpd_VERSION)

if(NOT TARGET Httpd::Httpd)
    add_library(Httpd::Httpd INTERFACE IMPORTED)
    set_target_properties(Httpd::Httpd PROPERTIES
        INTERFACE_INCLUDE_DIRECTORIES "${httpd_includes}"
        INTERFACE_COMPILE_OPTIONS "${httpd_flags}")
endif()
