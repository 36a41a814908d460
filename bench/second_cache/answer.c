/* Without this file what attention makes of caches of other sizes could be tried only on machines that have them: it answers for the size of the second-level cache. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

long sysconf(int name) {
  static long (*real)(int);
  const char *bytes = getenv("SECOND_CACHE");
  if (real == NULL) real = (long (*)(int))dlsym(RTLD_NEXT, "sysconf");
  return name == _SC_LEVEL2_CACHE_SIZE && bytes != NULL ? atol(bytes) : real(name);
}
