/* What belongs to the library of kernels as a whole. */

#include "kernels.h"

#define VERSION 7 /* of all functions' arguments; vrnn/compute/passes/native_kernels.py asks for it */

EXPORT int vrnn_kernels_version(void) { return VERSION; }

/* On Windows each extension module's list of exports names this; it is never imported. */
EXPORT void *PyInit__kernels(void) { return NULL; }
