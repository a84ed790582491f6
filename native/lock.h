// An exclusive advisory lock on a file, held while this object is open and the process lives.
#pragma once

#include <napi.h>

#include "fd.h"

namespace ringfence {

class FileLock : public Napi::ObjectWrap<FileLock> {
 public:
  static void Define(Napi::Env env, Napi::Object exports);
  explicit FileLock(const Napi::CallbackInfo& info);

 private:
  Napi::Value Close(const Napi::CallbackInfo& info);
  Fd fd_;
};

}  // namespace ringfence
