// An attachment of a program. It lasts while a descriptor or a pin of it does.
#pragma once

#include <napi.h>

#include "fd.h"

namespace ringfence {

class BpfLink : public Napi::ObjectWrap<BpfLink> {
 public:
  static void Define(Napi::Env env, Napi::Object exports);
  explicit BpfLink(const Napi::CallbackInfo& info);

 private:
  static Napi::Value OpenPinned(const Napi::CallbackInfo& info);
  Napi::Value Info(const Napi::CallbackInfo& info);
  Napi::Value ReadIterator(const Napi::CallbackInfo& info);
  Napi::Value Pin(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);
  void RequireOpen(Napi::Env env) const;

  Fd fd_;
};

}  // namespace ringfence
