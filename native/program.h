// A loaded program.
#pragma once

#include <linux/bpf.h>
#include <napi.h>

#include <string>

#include "fd.h"

namespace ringfence {

/** What a BpfProgram is made of. The attach type is known only from the object file: the kernel does not return it. */
struct ProgramSeed {
  Fd fd;
  bool attachable = false;
  bpf_attach_type attach_type{};
};

class BpfProgram : public Napi::ObjectWrap<BpfProgram> {
 public:
  static void Define(Napi::Env env, Napi::Object exports);
  explicit BpfProgram(const Napi::CallbackInfo& info);

 private:
  static Napi::Value OpenPinned(const Napi::CallbackInfo& info);
  Napi::Value Info(const Napi::CallbackInfo& info);
  Napi::Value Attach(const Napi::CallbackInfo& info);
  Napi::Value TestRun(const Napi::CallbackInfo& info);
  Napi::Value Pin(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);
  void RequireOpen(Napi::Env env) const;
  std::string Attempt(const char* verb) const;

  ProgramSeed seed_;
  bpf_prog_info info_{};
};

}  // namespace ringfence
