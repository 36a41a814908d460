#!/bin/sh
# Without this file bits that depend on a batch could be found only by people whose processors have other caches than ours. Linux with a C compiler.
cd "$(dirname "$0")/../.." || exit 1
library=$(mktemp -d)/answer.so
cc -shared -fPIC -o "$library" bench/second_cache/answer.c -ldl || exit 1
for bytes in 262144 524288 1048576 1310720 1572864 2097152; do
  printf '%8d bytes: ' "$bytes"
  SECOND_CACHE=$bytes LD_PRELOAD=$library node node_modules/uvu/bin.js test 'emit/bits\.test' 2>&1 | sed 's/\x1b\[[0-9;]*m//g' | grep -aE 'FAIL|Total:|Passed:' | tr -s ' \n' ' '
  echo
done
rm -r "$(dirname "$library")"
