/* What belongs to the native library as a whole. */

#include "native.h"

#define VERSION 14 /* of all functions' arguments; vrnn/compute/passes/native_library.py asks for it */

EXPORT int vrnn_native_version(void) { return VERSION; }
