// What one JavaScript environment (main thread or worker) keeps: the constructors of the handle classes.
#pragma once

#include <napi.h>

#include <utility>

#include "fd.h"

namespace ringfence {

struct AddonState {
  Napi::FunctionReference map;
  Napi::FunctionReference program;
  Napi::FunctionReference link;
};

inline AddonState& StateOf(Napi::Env env) {
  return *env.GetInstanceData<AddonState>();
}

/** Hands a value to a handle class's constructor, which takes it; JavaScript cannot make an External. */
template <typename Seed>
Napi::Object NewHandle(Napi::Env env, const Napi::FunctionReference& constructor, Seed seed) {
  return constructor.New({Napi::External<Seed>::New(env, &seed)});
}

template <typename Seed>
Seed TakeSeed(const Napi::CallbackInfo& info, const char* how) {
  if (info.Length() != 1 || !info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), how);
  return std::move(*info[0].As<Napi::External<Seed>>().Data());
}

}  // namespace ringfence
