// The BPF file system that pins live in, what BPF objects exist, and numbers that only the C library or the kernel can tell.
#pragma once

#include <napi.h>

namespace ringfence {

void DefineSystemFunctions(Napi::Env env, Napi::Object exports);

}  // namespace ringfence
