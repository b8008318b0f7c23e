/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What LLVM calls in code that is built for ThreadSanitizer, for the runtime of a
 * gcc that does not have these names: the runtime intercepts what they call.
 */

#include <string.h>

void *__tsan_memcpy(void *to, const void *from, size_t length);
void *__tsan_memmove(void *to, const void *from, size_t length);
void *__tsan_memset(void *to, int octet, size_t length);

void *__tsan_memcpy(void *to, const void *from, size_t length)
{
    return memcpy(to, from, length);
}

void *__tsan_memmove(void *to, const void *from, size_t length)
{
    return memmove(to, from, length);
}

void *__tsan_memset(void *to, int octet, size_t length)
{
    return memset(to, octet, length);
}
