// The BPF file system that pins live in, and two numbers only the C library or the kernel can tell.
#pragma once

#include <napi.h>

namespace ringfence {

void DefineMountFunctions(Napi::Env env, Napi::Object exports);

}  // namespace ringfence
