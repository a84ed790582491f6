// What this kernel has and what it accepts: types looked up in its BTF, programs tried.
#pragma once

#include <bpf/btf.h>
#include <napi.h>

#include <memory>

namespace ringfence {

class KernelTypes : public Napi::ObjectWrap<KernelTypes> {
 public:
  static void Define(Napi::Env env, Napi::Object exports);
  explicit KernelTypes(const Napi::CallbackInfo& info);

 private:
  struct Free {
    void operator()(btf* types) const { btf__free(types); }
  };

  Napi::Value TargetId(const Napi::CallbackInfo& info);
  Napi::Value TargetArity(const Napi::CallbackInfo& info);
  Napi::Value HasFunction(const Napi::CallbackInfo& info);
  Napi::Value MemberOffset(const Napi::CallbackInfo& info);
  Napi::Value TryProgram(const Napi::CallbackInfo& info);

  std::unique_ptr<btf, Free> types_;
};

}  // namespace ringfence
