/* What belongs to the native library as a whole. */

#include "native.h"

#define VERSION 7 /* of all functions' arguments; vrnn/compute/passes/native_library.py asks for it */

EXPORT int vrnn_native_version(void) { return VERSION; }

/* On Windows each extension module's list of exports names this; it is never imported. */
EXPORT void *PyInit__native(void) { return NULL; }
