/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file compiler.h
 * @brief For the compiler: what hardly ever runs, and what always does.
 *
 * What the module costs a request is mostly the lines of code that the processor
 * has to fetch for it, so they are kept few and together.
 */
#ifndef MCC_COMPILER_H
#define MCC_COMPILER_H

#ifdef __GNUC__
/** A function that hardly any request comes to. */
#define MCC_COLD __attribute__((cold, noinline))
/** A function that is shorter than a call of it. */
#define MCC_INLINE APR_INLINE __attribute__((always_inline))
#else
#define MCC_COLD
#define MCC_INLINE APR_INLINE
#endif

#endif /* MCC_COMPILER_H */
