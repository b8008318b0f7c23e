# SPDX-License-Identifier: Apache-2.0
#
# Finds cargo, and checks that it is as new as Cargo.toml asks.
#
#   CARGO           cache variable: the cargo to use
#   Cargo_VERSION   its version

# rustup puts cargo where a shell without its profile does not look.
find_program(CARGO NAMES cargo HINTS "$ENV{CARGO_HOME}/bin" "$ENV{HOME}/.cargo/bin")
if(NOT CARGO)
    message(FATAL_ERROR "cargo was not found: install cargo (on Debian 12: cargo-web), or rustup from https://rustup.rs")
endif()

execute_process(
    COMMAND "${CARGO}" --version
    OUTPUT_VARIABLE cargo_answer
    ERROR_VARIABLE cargo_complaint
    RESULT_VARIABLE cargo_status
    # A rust-toolchain file counts from the directory of the sources.
    WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
if(NOT cargo_status EQUAL 0 OR NOT cargo_answer MATCHES "^cargo ([0-9.]+)")
    message(FATAL_ERROR "\"${CARGO} --version\" failed: ${cargo_complaint}")
endif()
set(Cargo_VERSION "${CMAKE_MATCH_1}")

file(STRINGS "${CMAKE_CURRENT_SOURCE_DIR}/Cargo.toml" cargo_wanted REGEX "^rust-version *=")
if(cargo_wanted MATCHES "\"([0-9.]+)\"")
    set(cargo_wanted "${CMAKE_MATCH_1}")
    if(Cargo_VERSION VERSION_LESS cargo_wanted)
        message(FATAL_ERROR
            "${CARGO} is ${Cargo_VERSION}, but ${cargo_wanted} or newer is needed: "
            "install cargo-web (Debian 12; it replaces cargo), or rustup from https://rustup.rs")
    endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Cargo REQUIRED_VARS CARGO VERSION_VAR Cargo_VERSION)
