// Errors that JavaScript sees: what was attempted, the errno name, and what libbpf and the verifier said about it.
#pragma once

#include <napi.h>

#include <string>

namespace ringfence {

/** Name of an errno value, with the kernel-internal ones that bpf() lets through. */
std::string ErrnoName(int error);

/** An Error with the properties `errno` (its name), `attempt` and, where there is one, `verifierLog`. */
Napi::Error SystemError(Napi::Env env, int error, const std::string& attempt, const std::string& log = "");

/** Checked arguments. Each throws a TypeError that names the argument. */
std::string TextArgument(const Napi::CallbackInfo& info, size_t index, const char* name);
bool BooleanArgument(const Napi::CallbackInfo& info, size_t index, const char* name);
uint32_t NumberArgument(const Napi::CallbackInfo& info, size_t index, const char* name);

struct Bytes {
  const uint8_t* data;
  size_t size;
};
/** Bytes of a Uint8Array. They belong to JavaScript: read them before control returns to it. */
Bytes BytesArgument(const Napi::CallbackInfo& info, size_t index, const char* name);
/** The same, refused unless it has `size` bytes. */
const void* SizedArgument(const Napi::CallbackInfo& info, size_t index, const char* name, size_t size);

/** A new Uint8Array with its own memory. */
Napi::Uint8Array NewBytes(Napi::Env env, size_t size);

}  // namespace ringfence
